/**
 * How values of a kind are merged: what is one value that has one owner, and what is made of parts that have owners of
 * their own. A list or object that a shape does not describe is taken as `x-kubernetes-preserve-unknown-fields` is:
 * objects are parts, lists are one value.
 */
import { isList, isObject, type Json, type JsonObject } from '../json.ts'

export type Shape =
  | { readonly kind: 'atomic' }
  /** A list whose items are told apart by what they are. */
  | { readonly kind: 'set' }
  /** A list whose items are told apart by some of their fields. */
  | { readonly kind: 'keyed'; readonly keys: readonly Key[]; readonly item: Shape }
  | { readonly kind: 'map'; readonly fields: Readonly<Record<string, Shape>>; readonly rest: Shape }

export interface Key {
  readonly name: string
  /** What an item without the field has. */
  readonly byDefault?: Json
}

export const atomic: Shape = { kind: 'atomic' }
export const set: Shape = { kind: 'set' }

/** What nobody described. */
export const parts: Shape = {
  kind: 'map',
  fields: {},
  get rest() {
    return parts
  },
}

/** An object some of whose fields have a shape of their own. */
export const struct = (fields: Readonly<Record<string, Shape>>): Shape => ({ kind: 'map', fields, rest: parts })

/** A list of objects; a key is a field's name, or `name=default`. */
export const keyed = (keys: readonly string[], item: Shape = parts): Shape => ({
  kind: 'keyed',
  keys: keys.map((key) => {
    const [name = '', byDefault] = key.split('=')
    return byDefault === undefined ? { name } : { name, byDefault }
  }),
  item,
})

/** The shape of a field. */
export const shapeAt = (shape: Shape, field: string): Shape => {
  if (shape.kind !== 'map') return parts
  return shape.fields[field] ?? shape.rest
}

/** What the path of an item in a list is; `undefined` for an item that its list cannot have. */
export const pathOfItem = (shape: Shape, item: Json): string | undefined => {
  if (shape.kind === 'set') return `v:${JSON.stringify(item)}`
  if (shape.kind !== 'keyed' || !isObject(item)) return undefined
  const keys: Record<string, Json> = {}
  for (const { name, byDefault } of shape.keys.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const value = item[name] ?? byDefault
    if (value !== undefined) keys[name] = value
  }
  return `k:${JSON.stringify(keys)}`
}

/** A value in its parts: `undefined` when it is one value. */
export const partsOf = (value: Json | undefined, shape: Shape): ReadonlyMap<string, Part> | undefined => {
  if (shape.kind === 'map' && isObject(value)) return fieldsIn(value, shape)
  if ((shape.kind === 'keyed' || shape.kind === 'set') && isList(value)) {
    const items = new Map<string, Part>()
    for (const item of value) {
      const path = pathOfItem(shape, item)
      if (path === undefined) return undefined
      items.set(path, { value: item, shape: shape.kind === 'keyed' ? shape.item : atomic, isEntry: true })
    }
    return items
  }
  return undefined
}

export interface Part {
  readonly value: Json
  readonly shape: Shape
  /** An item of a list or a key of a map, which has an owner even when all that is in it has others. */
  readonly isEntry: boolean
}

const fieldsIn = (value: JsonObject, shape: Shape): ReadonlyMap<string, Part> =>
  new Map(
    Object.entries(value).map(([field, inner]) => [
      `f:${field}`,
      { value: inner, shape: shapeAt(shape, field), isEntry: false },
    ]),
  )
