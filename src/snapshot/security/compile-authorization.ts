import { isEqual } from '../../lib/is-equal.ts'
import type { AuthorizationAction, AuthorizationPolicy } from '../../model/security/authorization.ts'
import type { AuthorizationIndex, Authorizations, PolicyPlan, RuleNode, RulePlan, RuleSets } from './policy-plans.ts'
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

/** Policies of so many Services are arranged once for all of them, apart from those that each has of its own. */
const SHARED = 8

/** Which policies are those of many, from the keys of each Service's. */
export const findShared = (sets: Iterable<readonly string[] | undefined>): ReadonlySet<string> => {
  const counts = new Map<string, number>()
  for (const keys of sets) for (const key of keys ?? []) counts.set(key, (counts.get(key) ?? 0) + 1)
  return new Set([...counts].flatMap(([key, count]) => (count >= SHARED ? [key] : [])))
}

/** Gives each set of policies its index, the same to all that have the same set. */
export class IndexCompiler {
  readonly indexes: Map<string, AuthorizationIndex>
  readonly #plans: Authorizations['plans']
  readonly #previous: Authorizations['indexes']
  readonly #shared: ReadonlySet<string>

  constructor(plans: Authorizations['plans'], previous: Authorizations, shared: ReadonlySet<string> = new Set()) {
    this.#plans = plans
    this.#shared = shared
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
    const index = isSame ? before : yield* this.#compileIndex(keys, plans)
    this.indexes.set(name, index)
    return index
  }

  *#compileIndex(keys: readonly string[], plans: readonly PolicyPlan[]): Generator<void, AuthorizationIndex> {
    const shared = keys.filter((key) => this.#shared.has(key))
    if (shared.length === keys.length) return yield* compileIndex(plans)
    const ours = yield* compileIndex(plans.filter((_, at) => !this.#shared.has(keys[at] ?? '')))
    const common = yield* this.compile(shared)
    return common === undefined ? ours : joinIndexes([common, ours], plans)
  }
}

const joinIndexes = (parts: readonly AuthorizationIndex[], policies: readonly PolicyPlan[]): AuthorizationIndex => ({
  policies,
  requests: joinSets(parts.map(({ requests }) => requests)),
  connections: joinSets(parts.map(({ connections }) => connections)),
  isWatched: parts.some(({ isWatched }) => isWatched),
  hasCustom: parts.some(({ hasCustom }) => hasCustom),
  wantsServerName: parts.some((part) => part.wantsServerName),
})

const joinSets = (sets: readonly RuleSets[]): RuleSets => ({
  customs: joinByProvider(sets.map(({ customs }) => customs)),
  audit: joinNodes(sets.map(({ audit }) => audit)),
  deny: joinNodes(sets.map(({ deny }) => deny)),
  allow: joinAllowing(sets.map(({ allow }) => allow)),
  dryRunDeny: joinNodes(sets.map(({ dryRunDeny }) => dryRunDeny)),
  dryRunAllow: joinAllowing(sets.map(({ dryRunAllow }) => dryRunAllow)),
})

const joinByProvider = (parts: readonly RuleSets['customs'][]): RuleSets['customs'] => {
  const groups = Map.groupBy(
    parts.flatMap((part) => [...part]),
    ([provider]) => provider,
  )
  return new Map(Array.from(groups, ([provider, nodes]) => [provider, joinNodes(nodes.map(([, node]) => node))]))
}

/** Without an ALLOW policy in any of them there is none. */
const joinAllowing = (nodes: readonly (RuleNode | undefined)[]): RuleNode | undefined => {
  const some = nodes.flatMap((node) => node ?? [])
  return some.length === 0 ? undefined : joinNodes(some)
}

const joinNodes = (nodes: readonly RuleNode[]): RuleNode => {
  const parts = nodes.filter((node) => node.kind !== 'list' || node.rules.length > 0)
  const [only = noRules, ...others] = parts
  return others.length === 0 ? only : { kind: 'parts', parts }
}

const noRules: RuleNode = { kind: 'list', rules: [] }

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
    customs: yield* arrangeByProvider(rulesOf('CUSTOM', 'enforced'), of),
    audit: yield* arrangeRules(rulesOf('AUDIT', 'enforced'), of),
    deny: yield* arrangeRules(rulesOf('DENY', 'enforced'), of),
    allow: allows(false) ? yield* arrangeRules(rulesOf('ALLOW', 'enforced'), of) : undefined,
    dryRunDeny: yield* arrangeRules(rulesOf('DENY', 'dry-run'), of),
    dryRunAllow: allows(true) ? yield* arrangeRules(rulesOf('ALLOW', 'dry-run'), of) : undefined,
  }
}

function* arrangeByProvider(
  rules: readonly RulePlan[],
  of: 'requests' | 'connections',
): Generator<void, RuleSets['customs']> {
  const groups = Map.groupBy(rules, ({ policy }) => policy.provider ?? '')
  const nodes = new Map<string, RuleNode>()
  for (const [provider, group] of groups) nodes.set(provider, yield* arrangeRules(group, of))
  return nodes
}

const wantsServerName = ({ when }: RulePlan): boolean =>
  when.some(({ source }) => source.field.kind === 'connection.sni')

/** CUSTOM and AUDIT know no dry run: a provider that is not asked cannot be told of, and a note changes nothing. */
const isShadow = ({ action, isDryRun }: AuthorizationPolicy): boolean =>
  isDryRun && (action === 'ALLOW' || action === 'DENY')
