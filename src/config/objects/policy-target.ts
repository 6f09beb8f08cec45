import type { Issue } from '../../lib/decoded.ts'
import { joinPath } from '../../lib/field-path.ts'
import * as s from '../../lib/schema.ts'
import { objectName } from './metadata.ts'

/** What an Istio security policy is about (`targetRef`, `targetRefs`, `selector`). */
export type PolicyTarget =
  | { readonly kind: 'refs'; readonly refs: readonly TargetRef[] }
  /** Chosen by workload labels. */
  | { readonly kind: 'selector' }
  /** Neither is there. */
  | { readonly kind: 'none' }
  /** Nobody can tell. */
  | { readonly kind: 'unreadable' }

/** A reference to something in the policy's namespace (istio.type.v1beta1.PolicyTargetReference). */
export interface TargetRef {
  /** Empty for Kubernetes' core, as `core` is too. */
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  /** `spec.targetRefs[0]` */
  readonly path: string
}

const fields = {
  group: s.map(s.withDefault(s.string(), ''), (group) => (group === 'core' ? '' : group)),
  kind: s.string({ minLength: 1 }),
  name: objectName,
  namespace: s.optional(s.string()),
}

const targetRef = s.object({ ...fields, group: s.withDefault(fields.group, '') })
const anyRef = s.object({ ...fields, group: s.withDefault(fields.group, '') }, { unknownFields: 'ignore' })
const selector = s.object({ matchLabels: s.withDefault(s.record(s.string()), {}) })

/** As Istio has it. */
const MAX_REFS = 16

const KINDS: readonly string[] = [
  'Service',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/GatewayClass',
  'networking.istio.io/ServiceEntry',
]

/**
 * Reads whom a policy is about, from its `spec`, whose other fields are `known`. What is wrong goes to `defects`; a policy
 * that has any must not be carried out as if it were whole, and the target that is given then takes in all that may be
 * meant: a field that nobody knows may be meant for one.
 */
export const decodePolicyTarget = (spec: unknown, known: readonly string[], defects: Issue[]): PolicyTarget => {
  if (!s.isPlainObject(spec)) {
    defects.push({ message: 'wrong value', path: 'spec', found: s.formatFound(spec), expected: 'an object' })
    return { kind: 'unreadable' }
  }
  const unknown = s.unknownFields(spec, ['targetRef', 'targetRefs', 'selector', ...known], 'spec')
  defects.push(...unknown)
  const target = decodeTarget(spec, defects)
  return target.kind === 'none' && unknown.length > 0 ? { kind: 'unreadable' } : target
}

/** Fields that are there and say nothing: to leave one out is meant to be seen, since it may widen what a policy allows. */
export const emptyFields = (value: unknown, path: string): readonly Issue[] => {
  if (value === null) {
    return [
      { message: 'says nothing, as if it were not there', path, found: 'null', expected: 'a value, or no such field' },
    ]
  }
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => emptyFields(item, `${path}[${index}]`))
  if (!s.isPlainObject(value)) return []
  return Object.entries(value).flatMap(([name, field]) => emptyFields(field, joinPath(path, name)))
}

const decodeTarget = (spec: Readonly<Record<string, unknown>>, defects: Issue[]): PolicyTarget => {
  const single = spec['targetRef'] ?? undefined
  const several = spec['targetRefs'] ?? undefined
  const labels = spec['selector'] ?? undefined
  const given = Object.entries({ targetRef: single, targetRefs: several, selector: labels })
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name]) => name)
  if (given.length > 1) {
    const expected = 'only one of targetRef, targetRefs and selector'
    defects.push({ message: 'wrong value', path: `spec.${given[1]}`, found: given.join(', '), expected })
  }
  if (labels !== undefined) {
    const decoded = selector.decode(labels, 'spec.selector')
    if (!decoded.ok) defects.push(...decoded.issues)
  }
  if (single === undefined && several === undefined) return { kind: labels === undefined ? 'none' : 'selector' }
  const written = [
    ...(single === undefined ? [] : [{ value: single, path: 'spec.targetRef' }]),
    ...listOf(several, defects).map((value, index) => ({ value, path: `spec.targetRefs[${index}]` })),
  ]
  if (several !== undefined && !Array.isArray(several)) return { kind: 'unreadable' }
  if (written.length === 0) return { kind: labels === undefined ? 'none' : 'selector' }
  const refs = written.map(({ value, path }) => decodeRef(value, path, defects))
  const readable = refs.flatMap((ref) => ref ?? [])
  return readable.length === refs.length ? { kind: 'refs', refs: readable } : { kind: 'unreadable' }
}

const listOf = (value: unknown, defects: Issue[]): readonly unknown[] => {
  if (value === undefined) return []
  const path = 'spec.targetRefs'
  if (!Array.isArray(value)) {
    defects.push({ message: 'wrong value', path, found: s.formatFound(value), expected: 'an array' })
    return []
  }
  if (value.length > MAX_REFS) {
    const found = `${value.length} items`
    defects.push({ message: 'wrong number of items', path, found, expected: `at most ${MAX_REFS} items` })
  }
  return value
}

const decodeRef = (value: unknown, path: string, defects: Issue[]): TargetRef | undefined => {
  const decoded = targetRef.decode(value, path)
  if (decoded.ok) {
    const { group, kind } = decoded.value
    const found = group === '' ? kind : `${group}/${kind}`
    if (!KINDS.includes(found)) {
      defects.push({ message: 'unsupported target', path, found, expected: `one of ${KINDS.join(', ')}` })
    }
    return { ...decoded.value, path }
  }
  defects.push(...decoded.issues)
  const whole = anyRef.decode(value, path)
  return whole.ok ? { ...whole.value, path } : undefined
}
