/** What a chart's values are described with: one description becomes values.yaml, values.schema.json and a page. */

/** What may stand in YAML. */
export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml }

/** JSON Schema, draft 7. */
export interface ValueSchema {
  readonly [key: string]: unknown
}

/** Values below one key. */
export interface ValueGroup {
  readonly kind: 'group'
  /** Why they stand together; a sentence or more. */
  readonly about: string
  readonly values: ValueTree
}

/** One value that a user may set. */
export interface Value {
  readonly kind: 'value'
  readonly about: string
  readonly byDefault: Yaml
  readonly schema: ValueSchema
}

export type ValueTree = Readonly<Record<string, ValueGroup | Value>>

/** Something with fields of its own. */
export const group = (about: string, values: ValueTree): ValueGroup => ({ kind: 'group', about, values })

/** A value with its default. */
export const value = (about: string, byDefault: Yaml, schema: ValueSchema): Value => ({
  kind: 'value',
  about,
  byDefault,
  schema,
})

/**
 * Whether there has to be one. `null` takes a value away, and so do values of an older chart that are used again; empty
 * texts, lists and maps can be done without, unless the schema wants items.
 */
export const isNeeded = ({ byDefault, schema }: Value): boolean => {
  if (byDefault === null || byDefault === '') return false
  return typeof byDefault !== 'object' || schema['minItems'] !== undefined
}

export const text: ValueSchema = { type: 'string' }
export const flag: ValueSchema = { type: 'boolean' }
export const quantity: ValueSchema = {
  oneOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$' },
  ],
}

/** A whole number that is at least `minimum`. */
export const integer = (minimum: number, maximum?: number): ValueSchema => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
})

/** One of some words. */
export const choice = (...words: readonly string[]): ValueSchema => ({ type: 'string', enum: words })

/** The value, or nothing. */
export const orNull = (schema: ValueSchema): ValueSchema => ({ oneOf: [schema, { type: 'null' }] })

/** Texts by names. */
export const textMap: ValueSchema = { type: 'object', additionalProperties: { type: 'string' } }

/** Labels of Pods of waypoints, but for those by which the controller finds them. */
export const freeLabels: ValueSchema = {
  type: 'object',
  propertyNames: {
    not: {
      pattern: '^(gateway\\.networking\\.k8s\\.io/|app\\.kubernetes\\.io/managed-by$|istio\\.io/dataplane-mode$)',
    },
  },
  additionalProperties: { type: 'string' },
}

/** Fields of Kubernetes that only the API server judges. */
export const anyObject: ValueSchema = { type: 'object' }

/** A list of such fields. */
export const anyObjects: ValueSchema = { type: 'array', items: { type: 'object' } }

/** An object with these fields and no others. */
export const fields = (
  properties: Readonly<Record<string, ValueSchema>>,
  required: readonly string[] = [],
): ValueSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length === 0 ? {} : { required }),
})

/** A list of objects with these fields. */
export const listOf = (items: ValueSchema): ValueSchema => ({ type: 'array', items })

const quantities: ValueSchema = { type: 'object', additionalProperties: quantity }

/** `resources` of a container. */
export const resources = fields({
  requests: quantities,
  limits: quantities,
  claims: listOf(fields({ name: text, request: text }, ['name'])),
})

export const tolerations = listOf(
  fields({
    key: text,
    operator: choice('Exists', 'Equal', 'Lt', 'Gt'),
    value: text,
    effect: choice('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
    tolerationSeconds: { type: 'integer' },
  }),
)

export const env = listOf(
  fields({ name: { type: 'string', minLength: 1 }, value: text, valueFrom: anyObject }, ['name']),
)

export const pullSecrets = listOf(fields({ name: { type: 'string', minLength: 1 } }, ['name']))

/** An image without tag and digest, its tag, its digest; each may be empty. */
export const repository: ValueSchema = {
  type: 'string',
  pattern: '^([a-z0-9][a-z0-9._/-]*(:[0-9]+/[a-z0-9._/-]+)?)?$',
}
export const tag: ValueSchema = { type: 'string', pattern: '^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$' }
export const digest: ValueSchema = { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' }

/** A time as Prometheus writes it: `30s`; empty: as Prometheus has it. */
export const scrapeInterval: ValueSchema = { type: 'string', pattern: '^([0-9]+(ms|s|m|h))*$' }
