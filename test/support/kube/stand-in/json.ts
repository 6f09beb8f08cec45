/** What goes over the wire: JSON, and Kubernetes objects as a special case of it. */

export type Json = string | number | boolean | null | JsonList | JsonObject
export type JsonList = readonly Json[]
export interface JsonObject {
  readonly [field: string]: Json
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isList = (value: Json | undefined): value is JsonList => Array.isArray(value)

/** The object at `field`, or an empty one. */
export const objectAt = (value: Json | undefined, ...path: readonly string[]): JsonObject => {
  const found = valueAt(value, ...path)
  return isObject(found) ? found : {}
}

export const listAt = (value: Json | undefined, ...path: readonly string[]): JsonList => {
  const found = valueAt(value, ...path)
  return isList(found) ? found : []
}

/** The text at `field`, or an empty one. */
export const textAt = (value: Json | undefined, ...path: readonly string[]): string => {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

export const valueAt = (value: Json | undefined, ...path: readonly string[]): Json | undefined => {
  let at = value
  for (const field of path) at = isObject(at) ? at[field] : undefined
  return at
}

/** Whether two values are the same; the order of an object's fields does not matter. */
export const isSameJson = (a: Json | undefined, b: Json | undefined): boolean => {
  if (a === b) return true
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]))
  if (!isObject(a) || !isObject(b)) return false
  const fields = Object.keys(a)
  return (
    fields.length === Object.keys(b).length &&
    fields.every((field) => Object.hasOwn(b, field) && isSameJson(a[field], b[field]))
  )
}

/** An object without some of its fields. */
export const without = (value: JsonObject, ...fields: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([field]) => !fields.includes(field)))

/** An object with a field replaced, at any depth; `undefined` takes it away. */
export const withValue = (value: JsonObject, path: readonly string[], replacement: Json | undefined): JsonObject => {
  const [field, ...rest] = path
  if (field === undefined) return value
  const inner = rest.length === 0 ? replacement : withValue(objectAt(value, field), rest, replacement)
  return inner === undefined ? without(value, field) : { ...value, [field]: inner }
}

/** RFC 7386: `null` takes away, objects are gone into, everything else replaces. */
export const mergeJson = (target: Json | undefined, patch: Json): Json => {
  if (!isObject(patch)) return patch
  const merged: Record<string, Json> = { ...(isObject(target) ? target : {}) }
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field]
    else merged[field] = mergeJson(merged[field], value)
  }
  return merged
}

/** Without the fields that are `null`, which mean nothing in an object. */
export const withoutNulls = (value: Json): Json => {
  if (isList(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([field, inner]) => [field, withoutNulls(inner)]),
  )
}
