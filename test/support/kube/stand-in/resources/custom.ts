/** Kinds that a CustomResourceDefinition describes. */
import { isObject, listAt, objectAt, textAt, valueAt, type Json, type JsonObject } from '../json.ts'
import { atomic, keyed, parts, set, type Shape } from '../apply/shape.ts'
import { checkSchema, completeBySchema } from './schema.ts'
import type { Resource } from './resource.ts'
import { kindShape } from './shapes.ts'

/** The resource that a definition asks for. */
export const customResource = (definition: JsonObject): Resource => {
  const spec = objectAt(definition, 'spec')
  const served = listAt(spec, 'versions').filter((version) => valueAt(version, 'served') === true)
  const [first = '', ...more] = served.map((version) => textAt(version, 'name'))
  const stored = served.find((version) => valueAt(version, 'storage') === true) ?? served[0]
  const schema = objectAt(stored, 'schema', 'openAPIV3Schema')
  const shape = shapeOf(schema)
  return {
    group: textAt(spec, 'group'),
    versions: [first, ...more],
    plural: textAt(spec, 'names', 'plural'),
    singular: textAt(spec, 'names', 'singular') || textAt(spec, 'names', 'kind').toLowerCase(),
    kind: textAt(spec, 'names', 'kind'),
    isNamespaced: textAt(spec, 'scope') === 'Namespaced',
    hasStatus: valueAt(stored, 'subresources', 'status') !== undefined,
    hasGeneration: true,
    needsVersion: true,
    isCustom: true,
    shape: shape.kind === 'map' ? kindShape(shape.fields) : parts,
    complete: (object) => asObject(completeBySchema(object, schema, { isRoot: true })),
    check: (object) => checkSchema(object, schema, ''),
  }
}

const asObject = (value: Json): JsonObject => (isObject(value) ? value : {})

const shapeOf = (schema: Json | undefined): Shape => {
  if (!isObject(schema)) return parts
  if (textAt(schema, 'x-kubernetes-map-type') === 'atomic') return atomic
  if (isObject(schema['items'])) {
    const type = textAt(schema, 'x-kubernetes-list-type')
    if (type === 'set') return set
    if (type !== 'map') return atomic
    const item = objectAt(schema, 'items')
    const keys = listAt(schema, 'x-kubernetes-list-map-keys').map(String)
    const found = keyed(keys, shapeOf(item))
    return found.kind === 'keyed' ? { ...found, keys: found.keys.map(({ name }) => keyOf(name, item)) } : found
  }
  const fields = Object.entries(objectAt(schema, 'properties')).map(([name, field]) => [name, shapeOf(field)] as const)
  return { kind: 'map', fields: Object.fromEntries(fields), rest: shapeOf(schema['additionalProperties']) }
}

const keyOf = (name: string, item: JsonObject) => {
  const byDefault = valueAt(item, 'properties', name, 'default')
  return byDefault === undefined ? { name } : { name, byDefault }
}
