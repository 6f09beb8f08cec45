/**
 * AuthorizationPolicy (security.istio.io/v1), unknown to typed. A policy that cannot be understood is never skipped, nor
 * carried out in part: its `defects` close what it targets.
 */
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { hideFound } from '../../../lib/secrets/hide-found.ts'
import type { AuthorizationAction, AuthorizationRule } from '../../../model/security/authorization.ts'
import type { KindDecoder } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import { decodePolicyTarget, emptyFields, type PolicyTarget } from '../policy-target.ts'
import { ruleSchema } from './rule.ts'

export interface AuthorizationPolicyObject {
  readonly kind: 'AuthorizationPolicy'
  readonly metadata: Metadata
  readonly target: PolicyTarget
  readonly action: AuthorizationAction
  /** `spec.provider.name`, of `CUSTOM` only. */
  readonly provider?: string
  /** Empty when there are defects. */
  readonly rules: readonly AuthorizationRule[]
  /** What keeps the policy from being carried out as written. */
  readonly defects: readonly Issue[]
}

const MAX_RULES = 512

const body = s.refine(
  s.object(
    {
      action: s.withDefault(s.oneOf(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']), 'ALLOW'),
      provider: s.optional(s.object({ name: s.string({ minLength: 1 }) })),
      rules: s.withDefault(s.array(ruleSchema, { maxItems: MAX_RULES }), []),
    },
    { unknownFields: 'ignore' },
  ),
  ({ action, provider }, path): readonly Issue[] => {
    if ((action === 'CUSTOM') === (provider !== undefined)) return []
    const found = provider === undefined ? 'nothing' : provider.name
    const expected = action === 'CUSTOM' ? 'the provider that CUSTOM asks' : `no provider beside ${action}`
    return [{ message: 'wrong value', path: `${path}.provider`, found, expected }]
  },
)

/** Reads an AuthorizationPolicy; its defects are repeated in `warnings`, so that each of them is reported. */
export const decodeAuthorizationPolicy: KindDecoder<AuthorizationPolicyObject> = (input) => {
  const { metadata, warnings } = input
  warnings.push(...s.unknownFields(input.body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  const defects: Issue[] = [...(input.defects ?? [])]
  const written = input.body['spec'] ?? {}
  const target = decodePolicyTarget(written, ['action', 'provider', 'rules'], defects)
  const spec = s.isPlainObject(written) ? written : {}
  const decoded = body.decode(spec, 'spec')
  if (!decoded.ok) defects.push(...decoded.issues)
  const shown = defects.map((defect) => hideFound(defect, input.body))
  warnings.push(...shown, ...(decoded.ok ? emptyFields(spec, 'spec') : []))
  const policy = { kind: 'AuthorizationPolicy' as const, metadata, target, defects: shown }
  if (!decoded.ok) return { ok: true, value: { ...policy, action: 'DENY', rules: [] } }
  const { action, provider, rules } = decoded.value
  return {
    ok: true,
    value: {
      ...policy,
      action,
      ...(provider === undefined ? {} : { provider: provider.name }),
      rules: rules.map((rule) => withinNamespace(rule, metadata.namespace)),
    },
  }
}

/** A service account without a namespace is one of the policy's. */
const withinNamespace = (rule: AuthorizationRule, namespace: string): AuthorizationRule => {
  const qualify = (values: readonly string[]): readonly string[] =>
    values.map((value) => (value.includes('/') ? value : `${namespace}/${value}`))
  const qualified = (conditions: AuthorizationRule['when']): AuthorizationRule['when'] =>
    conditions.map((condition) =>
      condition.field.kind === 'source.serviceAccount'
        ? { ...condition, values: qualify(condition.values), notValues: qualify(condition.notValues) }
        : condition,
    )
  return { from: rule.from.map(qualified), to: rule.to, when: qualified(rule.when) }
}
