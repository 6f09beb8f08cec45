import { isEqual } from '../../../lib/is-equal.ts'
import type { AuthorizationRule, FieldCondition } from '../../../model/security/authorization.ts'

/** Stands for the mesh's own trust domain in principals, whatever that is called (Istio's `ReplaceTrustDomainAliases`). */
const LOCAL = 'cluster.local'

/**
 * Writes out what a rule says of one of the mesh's trust domains for all of them: identities that differ in nothing but an
 * alias are the same. `trustDomains` are the mesh's own and its aliases.
 */
export const expandTrustDomains = (rule: AuthorizationRule, trustDomains: readonly string[]): AuthorizationRule => {
  const expand = (list: readonly FieldCondition[]): readonly FieldCondition[] =>
    mapKept(list, (condition) => expandCondition(condition, trustDomains))
  const [from, when] = [mapKept(rule.from, expand), expand(rule.when)]
  return from === rule.from && when === rule.when ? rule : { from, to: rule.to, when }
}

/** The list itself where nothing in it becomes another: most meshes have no alias, and there may be ten thousand rules. */
const mapKept = <T>(list: readonly T[], map: (item: T) => T): readonly T[] => {
  const mapped = list.map(map)
  return mapped.every((item, i) => item === list[i]) ? list : mapped
}

const expandCondition = (condition: FieldCondition, trustDomains: readonly string[]): FieldCondition => {
  const expand = expansionOf(condition.field.kind)
  if (expand === undefined) return condition
  const all = (written: readonly string[]): readonly string[] => {
    const expanded = [...new Set(written.flatMap((value) => expand(value, trustDomains)))]
    return isEqual(expanded, written) ? written : expanded
  }
  const [values, notValues] = [all(condition.values), all(condition.notValues)]
  return values === condition.values && notValues === condition.notValues
    ? condition
    : { ...condition, values, notValues }
}

/** What a value of a rule comes to. */
export const expandValue = (
  kind: FieldCondition['field']['kind'],
  value: string,
  trustDomains: readonly string[],
): readonly string[] => expansionOf(kind)?.(value, trustDomains) ?? [value]

/** Whether a trust domain of the mesh fits a value of `trustDomains`. */
export const isOwnTrustDomain = (value: string, trustDomains: readonly string[]): boolean =>
  trustDomains.some((trustDomain) => fits(trustDomain, value))

/** The same of the first part of a principal. */
const isOwnPart = (written: string, trustDomains: readonly string[]): boolean =>
  written === LOCAL || isOwnTrustDomain(written, trustDomains)

/** Whether an identity of one of the mesh's trust domains may fit a principal, as far as that names one. */
export const isOfOwnTrustDomain = (principal: string, trustDomains: readonly string[]): boolean => {
  const [written = '', ...parts] = principal.split('/')
  if (parts.length === 4) return isOwnPart(written, trustDomains)
  // Only the end of an identity, or its beginning, in which nothing stands for anything else.
  if (written.startsWith('*')) return true
  return parts.length === 0 ? isOwnTrustDomain(written, trustDomains) : trustDomains.includes(written)
}

type Expansion = (value: string, trustDomains: readonly string[]) => readonly string[]

const expansionOf = (kind: FieldCondition['field']['kind']): Expansion | undefined => {
  if (kind === 'source.principal') return expandPrincipal
  return kind === 'source.trustDomain' ? expandTrustDomain : undefined
}

/** Only those that are written out; `cluster.local` is but a name here (Istio's `ExpandTrustDomainAliases`). */
const expandTrustDomain: Expansion = (value, trustDomains) => (trustDomains.includes(value) ? trustDomains : [value])

/** Only what has all five parts of an identity names a trust domain. */
const expandPrincipal: Expansion = (principal, trustDomains) => {
  const [written = '', ...parts] = principal.split('/')
  if (parts.length !== 4) return [principal]
  if (!isOwnPart(written, trustDomains)) return [principal]
  return trustDomains.map((trustDomain) => (fits(trustDomain, written) ? principal : [trustDomain, ...parts].join('/')))
}

/** `*-domain` is the end of a trust domain, and `domain-*` the beginning of one. */
const fits = (trustDomain: string, pattern: string): boolean => {
  if (pattern.startsWith('*')) return trustDomain.endsWith(pattern.slice(1))
  return pattern.endsWith('*') ? trustDomain.startsWith(pattern.slice(0, -1)) : trustDomain === pattern
}
