import * as s from '../../lib/schema.ts'
import { type KindDecoder } from './kind.ts'
import { objectName, type Metadata } from './metadata.ts'

/**
 * An AuthorizationPolicy (security.istio.io/v1). It is not carried out yet, so only what it targets is read: that is
 * closed. A target that cannot be read counts as the whole namespace.
 */
export interface SecurityPolicyObject {
  readonly kind: 'AuthorizationPolicy'
  readonly metadata: Metadata
  readonly target: PolicyTarget
}

export type PolicyTarget =
  | { readonly kind: 'refs'; readonly refs: readonly TargetRef[] }
  /** Chosen by workload labels: the destination's ztunnel enforces these, a waypoint ignores them. */
  | { readonly kind: 'selector' }
  | { readonly kind: 'namespace' }

export type TargetRef = s.ValueOf<typeof targetRef>

const targetRef = s.object({
  group: s.withDefault(s.string(), ''),
  kind: s.string({ minLength: 1 }),
  name: objectName,
  namespace: s.optional(s.string()),
  sectionName: s.optional(s.string()),
})

const refs = s.array(targetRef)

/** Reads what a security policy targets. */
export const decodeSecurityPolicy =
  (kind: SecurityPolicyObject['kind']): KindDecoder<SecurityPolicyObject> =>
  ({ body, metadata, warnings }) => {
    const spec = s.isPlainObject(body['spec']) ? body['spec'] : {}
    const policy = (target: PolicyTarget) => ({ ok: true as const, value: { kind, metadata, target } })
    const single = spec['targetRef'] ?? undefined
    const several = spec['targetRefs'] ?? undefined
    if (single !== undefined || several !== undefined) {
      const decoded = single === undefined ? refs.decode(several, 'spec.targetRefs') : one(single)
      if (decoded.ok && decoded.value.length > 0) return policy({ kind: 'refs', refs: decoded.value })
      if (!decoded.ok) warnings.push(...decoded.issues)
      return policy({ kind: 'namespace' })
    }
    return policy({ kind: isSelector(spec['selector']) ? 'selector' : 'namespace' })
  }

const one = (value: unknown) => s.map(targetRef, (ref) => [ref]).decode(value, 'spec.targetRef')

/** An empty selector selects everything, which is the namespace. */
const isSelector = (value: unknown): boolean => {
  const labels = s.isPlainObject(value) ? value['matchLabels'] : undefined
  return s.isPlainObject(labels) && Object.keys(labels).length > 0
}
