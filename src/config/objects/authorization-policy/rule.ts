import type { Decoded, Issue } from '../../../lib/decoded.ts'
import { nearestWord } from '../../../lib/nearest.ts'
import * as s from '../../../lib/schema.ts'
import type {
  AuthorizationRule,
  FieldCondition,
  PlainField,
  PolicyField,
} from '../../../model/security/authorization.ts'
import { knownKeys, parseConditionKey } from './condition-key.ts'
import { valueSchemaOf } from './field-values.ts'

/** A field of a source or an operation: what it is called, what its negation is called, and what both are about. */
type NamedField = readonly [name: string, negated: string, kind: PlainField]

const sourceFields: readonly NamedField[] = [
  ['principals', 'notPrincipals', 'source.principal'],
  ['requestPrincipals', 'notRequestPrincipals', 'request.auth.principal'],
  ['namespaces', 'notNamespaces', 'source.namespace'],
  ['serviceAccounts', 'notServiceAccounts', 'source.serviceAccount'],
  ['trustDomains', 'notTrustDomains', 'source.trustDomain'],
  ['ipBlocks', 'notIpBlocks', 'source.ip'],
  ['remoteIpBlocks', 'notRemoteIpBlocks', 'remote.ip'],
]

const operationFields: readonly NamedField[] = [
  ['hosts', 'notHosts', 'request.host'],
  ['ports', 'notPorts', 'destination.port'],
  ['methods', 'notMethods', 'request.method'],
  ['paths', 'notPaths', 'request.path'],
]

/** A source, or an operation: one condition for each of its fields. */
const conjunction = (fields: readonly NamedField[]): s.Schema<readonly FieldCondition[]> => {
  const names = fields.flatMap(([name, negated]) => [name, negated])
  return {
    decode: (value, path) => {
      if (!s.isPlainObject(value)) return s.failure(mismatch(value, path, 'an object'))
      const conditions = fields.map(([name, negated, kind]) =>
        decodeCondition({ kind }, { value, path, names: [name, negated] }),
      )
      const unknown = s.unknownFields(value, names, path)
      const decoded = s.collect([...conditions, ...unknown.map((issue) => s.failure(issue))])
      if (!decoded.ok) return decoded
      const given = decoded.value.filter(({ values, notValues }) => values.length + notValues.length > 0)
      if (given.length === 0) return s.failure(mismatch(value, path, `one of ${names.join(', ')} at least`))
      return { ok: true, value: given }
    },
    json: { type: 'object' },
  }
}

const decodeCondition = (
  field: PolicyField,
  from: {
    readonly value: Readonly<Record<string, unknown>>
    readonly path: string
    readonly names: readonly [name: string, negated: string]
  },
): Decoded<FieldCondition> => {
  const list = s.array(valueSchemaOf(field))
  const [values, notValues] = from.names.map((name) => list.decode(from.value[name] ?? [], `${from.path}.${name}`))
  if (values?.ok !== true) return values ?? noValues
  if (notValues?.ok !== true) return notValues ?? noValues
  const name = values.value.length > 0 ? from.names[0] : from.names[1]
  return {
    ok: true,
    value: { field, values: values.value, notValues: notValues.value, path: `${from.path}.${name}` },
  }
}

const noValues: Decoded<never> = { ok: false, issues: [] }

/** Istio does not let them stand together, since each says what the other would. */
const source = s.refine(conjunction(sourceFields), (conditions, path): readonly Issue[] => {
  const has = (kind: PlainField): boolean => conditions.some(({ field }) => field.kind === kind)
  if (!has('source.serviceAccount') || !(has('source.principal') || has('source.namespace'))) return []
  const expected = 'either serviceAccounts, or principals and namespaces'
  return [{ message: 'fields that exclude each other', path, found: 'serviceAccounts and others', expected }]
})

const when: s.Schema<FieldCondition> = {
  decode: (value, path) => {
    if (!s.isPlainObject(value)) return s.failure(mismatch(value, path, 'an object'))
    const unknown = s.unknownFields(value, ['key', 'values', 'notValues'], path)
    if (unknown.length > 0) return { ok: false, issues: unknown }
    const { key } = value
    const field = typeof key === 'string' ? parseConditionKey(key) : undefined
    if (field === undefined) return s.failure(unknownKey(key, `${path}.key`))
    const decoded = decodeCondition(field, { value, path, names: ['values', 'notValues'] })
    if (!decoded.ok) return decoded
    const { values, notValues } = decoded.value
    if (values.length + notValues.length > 0) return { ok: true, value: { ...decoded.value, path } }
    return s.failure({ message: 'is missing', path: `${path}.values`, found: 'nothing', expected: 'a value at least' })
  },
  json: { type: 'object' },
}

const unknownKey = (key: unknown, path: string): Issue => {
  const nearest = typeof key === 'string' ? nearestWord(key, knownKeys) : undefined
  const guess = nearest === undefined ? '' : `; did you mean "${nearest}"?`
  return { message: `unknown key${guess}`, path, found: s.formatFound(key), expected: `one of ${knownKeys.join(', ')}` }
}

const mismatch = (value: unknown, path: string, expected: string): Issue => ({
  message: 'wrong value',
  path,
  found: s.formatFound(value),
  expected,
})

const rule = s.object({
  from: s.withDefault(s.array(s.object({ source }), { minItems: 1 }), []),
  to: s.withDefault(s.array(s.object({ operation: conjunction(operationFields) }), { minItems: 1 }), []),
  when: s.withDefault(s.array(when), []),
})

/** One entry of `spec.rules`, as the model has it. */
export const ruleSchema: s.Schema<AuthorizationRule> = s.map(rule, ({ from, to, when: conditions }) => ({
  from: from.map((entry) => entry.source),
  to: to.map((entry) => entry.operation),
  when: conditions,
}))
