import { isEqual } from '../../lib/is-equal.ts'
import type { AuthorizationAction, AuthorizationPolicy } from '../../model/security/authorization.ts'
import type { AuthorizationIndex, Authorizations, PolicyPlan, RulePlan, RuleSets } from './policy-plans.ts'
import { compilePolicy } from './compile-policy.ts'
import { arrangeRules } from './rule-node.ts'

/** Nothing is decided. */
export const noAuthorizations: Authorizations = { plans: new Map(), indexes: new Map() }

/** Compiles the policies; those that did not change are handed on, and all together where none did. */
export function* compilePolicies(
  policies: readonly AuthorizationPolicy[],
  previous: Authorizations['plans'],
): Generator<void, Authorizations['plans']> {
  const plans = new Map<string, PolicyPlan>()
  for (const policy of policies) {
    const before = previous.get(policy.key)
    const isSame = before !== undefined && (before.source === policy || isEqual(before.source, policy))
    plans.set(policy.key, isSame ? before : yield* compilePolicy(policy))
    if (!isSame) yield
  }
  const isSame = plans.size === previous.size && [...plans].every(([key, plan]) => previous.get(key) === plan)
  return isSame ? previous : plans
}

/** Gives each set of policies its index, the same to all that have the same set. */
export class IndexCompiler {
  readonly indexes: Map<string, AuthorizationIndex>
  readonly #plans: Authorizations['plans']
  readonly #previous: Authorizations['indexes']

  constructor(plans: Authorizations['plans'], previous: Authorizations) {
    this.#plans = plans
    this.#previous = previous.indexes
    this.indexes = new Map(plans === previous.plans ? previous.indexes : [])
  }

  /** `keys` sorted; `undefined` for none. A key without a policy counts for one that nobody understands, and denies. */
  *compile(keys: readonly string[] | undefined): Generator<void, AuthorizationIndex | undefined> {
    if (keys === undefined || keys.length === 0) return undefined
    const name = keys.join('\n')
    const known = this.indexes.get(name)
    if (known !== undefined) return known
    const plans: PolicyPlan[] = []
    for (const key of keys) plans.push(this.#plans.get(key) ?? (yield* compilePolicy(denyAll(key))))
    const before = this.#previous.get(name)
    const isSame = before !== undefined && before.policies.every((plan, i) => plan === plans[i])
    const index = isSame ? before : yield* compileIndex(plans)
    this.indexes.set(name, index)
    return index
  }
}

const denyAll = (key: string): AuthorizationPolicy => ({
  key,
  action: 'DENY',
  isDryRun: false,
  rules: [{ from: [], to: [], when: [] }],
})

/** Arranges all rules of the policies that apply to a frontend. */
export function* compileIndex(policies: readonly PolicyPlan[]): Generator<void, AuthorizationIndex> {
  return {
    policies,
    requests: yield* compileSets(policies, 'requests'),
    connections: yield* compileSets(policies, 'connections'),
    isWatched: policies.some(({ source }) => source.action === 'AUDIT' || isShadow(source)),
    hasCustom: policies.some(({ source }) => source.action === 'CUSTOM'),
    wantsServerName: policies.some(({ connectionRules }) => connectionRules.some(wantsServerName)),
  }
}

function* compileSets(policies: readonly PolicyPlan[], of: 'requests' | 'connections'): Generator<void, RuleSets> {
  const rulesOf = (action: AuthorizationAction, dryRun: 'enforced' | 'dry-run'): readonly RulePlan[] =>
    policies
      .filter(({ source }) => source.action === action && isShadow(source) === (dryRun === 'dry-run'))
      .flatMap((plan) => (of === 'requests' ? plan.rules : plan.connectionRules))
  // An ALLOW policy of no rules allows nothing, which is more than not to be there.
  const allows = (isDryRun: boolean): boolean =>
    policies.some(({ source }) => source.action === 'ALLOW' && isShadow(source) === isDryRun)
  return {
    custom: yield* arrangeRules(rulesOf('CUSTOM', 'enforced'), of),
    audit: yield* arrangeRules(rulesOf('AUDIT', 'enforced'), of),
    deny: yield* arrangeRules(rulesOf('DENY', 'enforced'), of),
    allow: allows(false) ? yield* arrangeRules(rulesOf('ALLOW', 'enforced'), of) : undefined,
    dryRunDeny: yield* arrangeRules(rulesOf('DENY', 'dry-run'), of),
    dryRunAllow: allows(true) ? yield* arrangeRules(rulesOf('ALLOW', 'dry-run'), of) : undefined,
  }
}

const wantsServerName = ({ when }: RulePlan): boolean =>
  when.some(({ source }) => source.field.kind === 'connection.sni')

/** CUSTOM and AUDIT know no dry run: a provider that is not asked cannot be told of, and a note changes nothing. */
const isShadow = ({ action, isDryRun }: AuthorizationPolicy): boolean =>
  isDryRun && (action === 'ALLOW' || action === 'DENY')
