import type { AuthorizationRule, FieldCondition } from '../../../model/security/authorization.ts'

/** Stands for the mesh's own trust domain in policies, whatever that is called (Istio's `trustdomain.Bundle`). */
const LOCAL = 'cluster.local'

/**
 * Writes out what a rule says of one of the mesh's trust domains for all of them: identities that differ in nothing but an
 * alias are the same. `trustDomains` are the mesh's own and its aliases.
 */
export const expandTrustDomains = (rule: AuthorizationRule, trustDomains: readonly string[]): AuthorizationRule => {
  const expand = (list: readonly FieldCondition[]): readonly FieldCondition[] =>
    list.map((condition) => expandCondition(condition, trustDomains))
  return { from: rule.from.map(expand), to: rule.to, when: expand(rule.when) }
}

const expandCondition = (condition: FieldCondition, trustDomains: readonly string[]): FieldCondition => {
  const expand = expansionOf(condition.field.kind)
  if (expand === undefined) return condition
  const all = (values: readonly string[]): readonly string[] => [
    ...new Set(values.flatMap((value) => expand(value, trustDomains))),
  ]
  return { ...condition, values: all(condition.values), notValues: all(condition.notValues) }
}

type Expansion = (value: string, trustDomains: readonly string[]) => readonly string[]

const expansionOf = (kind: FieldCondition['field']['kind']): Expansion | undefined => {
  if (kind === 'source.principal') return expandPrincipal
  return kind === 'source.trustDomain' ? expandTrustDomain : undefined
}

const expandTrustDomain: Expansion = (value, trustDomains) =>
  value === LOCAL || trustDomains.includes(value) ? [...trustDomains] : [value]

/** Only what has all five parts of an identity names a trust domain. */
const expandPrincipal: Expansion = (principal, trustDomains) => {
  const [written = '', ...parts] = principal.split('/')
  if (parts.length !== 4) return [principal]
  if (written !== LOCAL && !trustDomains.some((trustDomain) => fits(trustDomain, written))) return [principal]
  return trustDomains.map((trustDomain) => (fits(trustDomain, written) ? principal : [trustDomain, ...parts].join('/')))
}

/** `*-domain` is the end of a trust domain, and `domain-*` the beginning of one. */
const fits = (trustDomain: string, pattern: string): boolean => {
  if (pattern.startsWith('*')) return trustDomain.endsWith(pattern.slice(1))
  return pattern.endsWith('*') ? trustDomain.startsWith(pattern.slice(0, -1)) : trustDomain === pattern
}
