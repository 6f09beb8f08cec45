/** From a schema's JSON to what an API server takes for a CRD (structural schemas, apiextensions.k8s.io/v1). */
import type { JsonSchema } from '../../lib/schema.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { isEqual } from '../../lib/is-equal.ts'

/**
 * The schema with every `oneOf` of objects turned into one object: a CRD may not declare fields inside of `oneOf`. Which
 * variant has which field is said by rules instead. Throws where variants contradict each other, which is a mistake of
 * whoever wrote the schema.
 */
export const structuralSchema = (json: JsonSchema): JsonSchema => {
  const { oneOf, ...rest } = json
  const merged = Array.isArray(oneOf) ? mergeVariants(rest, oneOf.filter(isPlainObject)) : rest
  return Object.fromEntries(Object.entries(merged).map(([key, value]) => [key, convertKey(key, value)]))
}

const convertKey = (key: string, value: unknown): unknown => {
  if (!isPlainObject(value)) return value
  switch (key) {
    case 'properties':
      return Object.fromEntries(
        Object.entries(value).map(([name, part]) => [name, isPlainObject(part) ? structuralSchema(part) : part]),
      )
    case 'items':
    case 'additionalProperties':
      return structuralSchema(value)
    default:
      return value
  }
}

/** A variant of a union by the value of its tag. */
interface Variant {
  readonly name: string
  readonly properties: JsonSchema
  readonly required: readonly string[]
}

const mergeVariants = (shared: JsonSchema, variants: readonly JsonSchema[]): JsonSchema => {
  const tag = findTag(variants)
  const read = variants.map((json): Variant => {
    const properties = propertiesOf(json)
    return { name: tagValue(properties[tag]) ?? '', properties, required: textsOf(json['required']) }
  })
  const names = [...new Set(read.flatMap(({ properties }) => Object.keys(properties)))]
  const properties = Object.fromEntries(names.map((name) => [name, mergeField(name, { tag, variants: read })]))
  const required = names.filter((name) => read.every((variant) => variant.required.includes(name)))
  const rules = [...listOf(shared['x-kubernetes-validations']), ...rulesOf(tag, read)]
  return {
    ...shared,
    properties,
    ...(required.length > 0 ? { required } : {}),
    ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}),
  }
}

/** The field that has one value in each variant, and another one in each. */
const findTag = (variants: readonly JsonSchema[]): string => {
  const candidates = Object.keys(propertiesOf(variants[0] ?? {}))
  const tag = candidates.find((name) => {
    const values = variants.map((variant) => tagValue(propertiesOf(variant)[name]))
    return !values.includes(undefined) && new Set(values).size === values.length
  })
  if (tag === undefined) throw new Error(`no field tells these variants apart: ${JSON.stringify(variants)}`)
  return tag
}

const tagValue = (json: unknown): string | undefined => {
  const [value, ...more] = isPlainObject(json) ? textsOf(json['enum']) : []
  return more.length === 0 ? value : undefined
}

interface Union {
  readonly tag: string
  readonly variants: readonly Variant[]
}

const mergeField = (name: string, { tag, variants }: Union): unknown => {
  const found = variants.flatMap(({ properties }) => (name in properties ? [properties[name]] : []))
  const [first, ...more] = found
  if (name === tag) return Object.assign({}, ...found, { enum: variants.map((variant) => variant.name) })
  return more.reduce((common, other) => looserOf(common, other, name), first)
}

/** What both say; a limit that only one of them has is left to the decoder. */
const looserOf = (a: unknown, b: unknown, name: string): unknown => {
  if (!isPlainObject(a) || !isPlainObject(b) || a['type'] !== b['type'] || 'properties' in a || 'properties' in b) {
    if (isEqual(a, b)) return a
    throw new Error(`variants differ in ${name}: ${JSON.stringify([a, b])}`)
  }
  return Object.fromEntries(Object.entries(a).filter(([key, value]) => isEqual(value, b[key])))
}

const rulesOf = (tag: string, variants: readonly Variant[]): readonly unknown[] => {
  const names = [...new Set(variants.flatMap(({ properties }) => Object.keys(properties)))]
  return names
    .filter((name) => name !== tag)
    .flatMap((name) => {
      const owners = variants.filter(({ properties }) => name in properties)
      const needers = variants.filter(({ required }) => required.includes(name))
      return [
        ...(owners.length < variants.length ? [onlyFor(tag, name, owners)] : []),
        ...(needers.length > 0 && needers.length < variants.length ? [neededFor(tag, name, needers)] : []),
      ]
    })
}

const onlyFor = (tag: string, name: string, variants: readonly Variant[]): unknown => ({
  rule: `!has(self.${celName(name)}) || self.${celName(tag)} in [${variants.map((variant) => `'${variant.name}'`).join(', ')}]`,
  message: `${name} belongs to ${tag} ${formatNames(variants)} only`,
})

const neededFor = (tag: string, name: string, variants: readonly Variant[]): unknown => ({
  rule: `has(self.${celName(name)}) || !(self.${celName(tag)} in [${variants.map((variant) => `'${variant.name}'`).join(', ')}])`,
  message: `${tag} ${formatNames(variants)} needs ${name}`,
})

/** A field in a rule: CEL keeps some words for itself, and letters, digits and `_` are all it takes. */
const celName = (name: string): string =>
  reserved.has(name)
    ? `__${name}__`
    : name
        .replaceAll('__', '__underscores__')
        .replaceAll('.', '__dot__')
        .replaceAll('-', '__dash__')
        .replaceAll('/', '__slash__')

const reserved: ReadonlySet<string> = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import'],
  ...['let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'],
])

const formatNames = (variants: readonly Variant[]): string => variants.map(({ name }) => name).join(', ')

const propertiesOf = (json: JsonSchema): JsonSchema => (isPlainObject(json['properties']) ? json['properties'] : {})

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const textsOf = (value: unknown): readonly string[] => listOf(value).filter((item) => typeof item === 'string')
