import { isEqual } from '../../../lib/is-equal.ts'
import type { JwtRule, RequestAuthentication } from '../../../model/security/authentication.ts'

/** The rules that all requests to a frontend are judged by. */
export interface AuthenticationPlan {
  /** In order of their issuers. */
  readonly rules: readonly JwtRulePlan[]
  /** Headers, in lower case, that tell endpoints of verified tokens: what clients write there is taken out. */
  readonly outputs: readonly string[]
}

/** A rule, made fast. The object stays the same across snapshots while the rule does. */
export interface JwtRulePlan extends JwtRule {
  /** For people: `RequestAuthentication shop/api`. */
  readonly policy: string
  /** As `comparableAudience` has them. */
  readonly audienceSet: ReadonlySet<string>
}

/** The rule that tokens of an issuer are meant for: its own before one that takes any. */
export const ruleOfIssuer = ({ rules }: AuthenticationPlan, issuer: unknown): JwtRulePlan | undefined =>
  rules.find((rule) => rule.issuer !== '' && rule.issuer === issuer) ?? rules.find((rule) => rule.issuer === '')

/** A policy of a snapshot, and what it was made from. */
interface CompiledPolicy {
  readonly source: RequestAuthentication
  readonly rules: readonly JwtRulePlan[]
}

/** The policies of a snapshot, for the next one to compare with. */
export interface Authentications {
  /** By key. The same object as before when nothing changed. */
  readonly policies: ReadonlyMap<string, CompiledPolicy>
  /** The plan of several policies, by their keys: always the same one, and that of the snapshot before if it says the same. */
  readonly planOf: (keys: readonly string[] | undefined) => AuthenticationPlan | undefined
  /** Those that were asked for, by their keys. */
  readonly plans: ReadonlyMap<string, AuthenticationPlan>
}

/** Those of a snapshot that has none. */
export const noAuthentications: Authentications = {
  policies: new Map(),
  planOf: () => undefined,
  plans: new Map(),
}

/** Makes the policies of a snapshot; what did not change is handed on. */
export const compileAuthentications = (
  sources: readonly RequestAuthentication[],
  before: Authentications,
): Authentications => {
  const policies = new Map(
    sources.map((source) => {
      const known = before.policies.get(source.key)
      const isKept = known !== undefined && (known.source === source || isEqual(known.source, source))
      return [source.key, isKept ? known : { source, rules: source.rules.map((rule) => compileRule(source, rule)) }]
    }),
  )
  const isSame =
    policies.size === before.policies.size &&
    [...policies].every(([key, policy]) => before.policies.get(key) === policy)
  if (isSame) return before
  const plans = new Map<string, AuthenticationPlan>()
  return { policies, plans, planOf: createPlanOf(policies, plans, before.plans) }
}

const createPlanOf =
  (
    policies: Authentications['policies'],
    plans: Map<string, AuthenticationPlan>,
    previous: Authentications['plans'],
  ): Authentications['planOf'] =>
  (keys) => {
    if (keys === undefined) return undefined
    const id = keys.join(' ')
    const known = plans.get(id)
    if (known !== undefined) return known
    const made = createPlan(keys.flatMap((key) => policies.get(key)?.rules ?? []))
    const before = previous.get(id)
    const plan = before !== undefined && isSamePlan(before, made) ? before : made
    plans.set(id, plan)
    return plan
  }

const compileRule = ({ key }: RequestAuthentication, rule: JwtRule): JwtRulePlan => ({
  ...rule,
  policy: `RequestAuthentication ${key}`,
  audienceSet: new Set(rule.audiences.map(comparableAudience)),
})

const createPlan = (rules: readonly JwtRulePlan[]): AuthenticationPlan => ({
  // The sort is stable: two of one issuer stay as their policies are, by name.
  rules: rules.toSorted((a, b) => (a.issuer < b.issuer ? -1 : a.issuer > b.issuer ? 1 : 0)),
  outputs: [
    ...new Set(
      rules.flatMap(({ payloadHeader, claimHeaders }) => [
        ...(payloadHeader === undefined ? [] : [payloadHeader]),
        ...claimHeaders.map(({ header }) => header),
      ]),
    ),
  ],
})

const isSamePlan = (a: AuthenticationPlan, b: AuthenticationPlan): boolean =>
  a.rules.length === b.rules.length && a.rules.every((rule, index) => rule === b.rules[index])

/** Audiences are compared without the scheme and the last slash of a URL, as Envoy does. */
export const comparableAudience = (audience: string): string =>
  audience.replace(/^https?:\/\//, '').replace(/(.)\/$/, '$1')
