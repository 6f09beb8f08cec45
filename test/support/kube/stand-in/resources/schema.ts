/** Structural schemas of custom resources: what is filled in, what is dropped, what is refused. */
import type { Mistake } from '../failure.ts'
import { isList, isObject, isSameJson, listAt, objectAt, textAt, valueAt, type Json, type JsonObject } from '../json.ts'

const ownFields = ['apiVersion', 'kind', 'metadata']

/** With defaults, without fields that the schema does not know. */
export const completeBySchema = (
  value: Json,
  schema: JsonObject,
  { isRoot = false }: { readonly isRoot?: boolean } = {},
): Json => {
  if (isList(value)) return value.map((item) => completeBySchema(item, objectAt(schema, 'items')))
  if (!isObject(value)) return value
  const properties = objectAt(schema, 'properties')
  const others = schema['additionalProperties']
  const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] === true || others === true
  const result: Record<string, Json> = {}
  for (const [field, inner] of Object.entries(value)) {
    if (isRoot && ownFields.includes(field)) result[field] = inner
    else if (isObject(properties[field])) result[field] = completeBySchema(inner, properties[field])
    else if (isObject(others)) result[field] = completeBySchema(inner, others)
    else if (keepsAll) result[field] = inner
  }
  for (const [field, property] of Object.entries(properties)) {
    const byDefault = valueAt(property, 'default')
    if (result[field] === undefined && byDefault !== undefined && isObject(property)) {
      result[field] = completeBySchema(byDefault, property)
    }
  }
  return result
}

/** Everything that is wrong with a value; CEL rules are not looked at. */
export const checkSchema = (value: Json, schema: JsonObject, field: string): readonly Mistake[] => {
  const wanted = textAt(schema, 'type')
  if (schema['x-kubernetes-int-or-string'] !== true && wanted !== '' && !hasType(value, wanted)) {
    const found = typeNameOf(value)
    return [invalidValue(field, value, `${field} in body must be of type ${wanted}: "${found}"`, found)]
  }
  const own = [
    ...checkEnum(value, schema, field),
    ...checkText(value, schema, field),
    ...checkNumber(value, schema, field),
  ]
  if (isList(value)) {
    const items = value.flatMap((item, index) => checkSchema(item, objectAt(schema, 'items'), `${field}[${index}]`))
    return [...own, ...checkLength(value, schema, field), ...items]
  }
  return isObject(value) ? [...own, ...checkFields(value, schema, field)] : own
}

const checkFields = (value: JsonObject, schema: JsonObject, field: string): readonly Mistake[] => {
  const properties = objectAt(schema, 'properties')
  const others = schema['additionalProperties']
  const at = (name: string): string => (field === '' ? name : `${field}.${name}`)
  const missing = listAt(schema, 'required')
    .map(String)
    .filter((name) => value[name] === undefined)
    .map((name): Mistake => ({ field: at(name), reason: 'FieldValueRequired', message: 'Required value' }))
  const inner = Object.entries(value).flatMap(([name, item]) => {
    const property = properties[name] ?? others
    return isObject(property) ? checkSchema(item, property, at(name)) : []
  })
  return [...missing, ...inner]
}

const typeNameOf = (value: Json): string => {
  if (isList(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return value === null ? 'null' : typeof value
}

const hasType = (value: Json, type: string): boolean => {
  const found = typeNameOf(value)
  return found === type || (type === 'number' && found === 'integer')
}

const invalidValue = (field: string, value: Json, message: string, shown?: string): Mistake => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(shown ?? value)}: ${message}`,
})

const checkEnum = (value: Json, schema: JsonObject, field: string): readonly Mistake[] => {
  const allowed = listAt(schema, 'enum')
  if (allowed.length === 0 || allowed.some((item) => isSameJson(item, value))) return []
  const list = allowed.map((item) => JSON.stringify(item)).join(', ')
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`
  return [{ field, reason: 'FieldValueNotSupported', message }]
}

const checkText = (value: Json, schema: JsonObject, field: string): readonly Mistake[] => {
  if (typeof value !== 'string') return []
  const pattern = textAt(schema, 'pattern')
  const mistakes: Mistake[] = []
  if (pattern !== '' && !new RegExp(pattern).test(value)) {
    mistakes.push(invalidValue(field, value, `${field} in body should match '${pattern}'`))
  }
  const { minLength, maxLength } = schema
  if (typeof minLength === 'number' && value.length < minLength) {
    mistakes.push(invalidValue(field, value, `${field} in body should be at least ${minLength} chars long`))
  }
  if (typeof maxLength === 'number' && value.length > maxLength) {
    mistakes.push(invalidValue(field, value, `may not be more than ${maxLength} bytes`))
  }
  return mistakes
}

const checkNumber = (value: Json, schema: JsonObject, field: string): readonly Mistake[] => {
  if (typeof value !== 'number') return []
  const { minimum, maximum } = schema
  if (typeof minimum === 'number' && value < minimum) {
    return [invalidValue(field, value, `${field} in body should be greater than or equal to ${minimum}`)]
  }
  if (typeof maximum === 'number' && value > maximum) {
    return [invalidValue(field, value, `${field} in body should be less than or equal to ${maximum}`)]
  }
  return []
}

const checkLength = (value: readonly Json[], schema: JsonObject, field: string): readonly Mistake[] => {
  const { minItems, maxItems } = schema
  if (typeof minItems === 'number' && value.length < minItems) {
    return [invalidValue(field, value.length, `${field} in body should have at least ${minItems} items`)]
  }
  if (typeof maxItems === 'number' && value.length > maxItems) {
    return [invalidValue(field, value.length, `must have at most ${maxItems} items`)]
  }
  return []
}
