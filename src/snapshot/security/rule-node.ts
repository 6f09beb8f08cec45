import type { Discriminator, RuleNode, RulePlan } from './policy-plans.ts'
import { headersOfRules, keysOfRule, type Key } from './rule-keys.ts'

/** So few are tried faster than told apart. */
const LIST_LENGTH = 4
/** A fact that leaves so few to be tried is good enough, and no other is looked for. */
const GOOD_COST = 2
/** Rules may stand in several groups, but not in more than so many on average. */
const MAX_COPIES = 32

/** How many rules are looked at between two pauses. */
const STEP = 64
/** Of header fields, only those that most rules ask for. */
const MAX_HEADERS = 4

const connectionFacts: readonly Discriminator[] = [{ kind: 'principal' }, { kind: 'namespace' }, { kind: 'port' }]
const requestFacts: readonly Discriminator[] = [
  ...connectionFacts,
  ...(['path', 'prefix', 'leaf', 'method', 'host'] as const).map((kind) => ({ kind })),
]

/** Arranges rules so that a request is tried against those alone that could match it. */
export const arrangeRules = (rules: readonly RulePlan[], of: 'requests' | 'connections'): Generator<void, RuleNode> => {
  if (of === 'connections') return arrange(rules, connectionFacts)
  const headers = headersOfRules(rules).slice(0, MAX_HEADERS)
  return arrange(rules, [...requestFacts, ...headers.map((name) => ({ kind: 'header', name }) as const)])
}

interface Split {
  readonly by: Discriminator
  readonly groups: ReadonlyMap<Key, readonly RulePlan[]>
  readonly rest: readonly RulePlan[]
  /** How many rules a request is expected to be tried against. */
  readonly cost: number
}

function* arrange(rules: readonly RulePlan[], left: readonly Discriminator[]): Generator<void, RuleNode> {
  if (rules.length <= LIST_LENGTH) return { kind: 'list', rules }
  let best: Split | undefined
  for (const by of left) {
    const split = yield* splitBy(rules, by)
    if (split.cost < (best?.cost ?? rules.length * 0.75)) best = split
    if (split.cost <= GOOD_COST) break
  }
  if (best === undefined) return { kind: 'list', rules }
  const others = left.filter((by) => by !== best.by)
  const groups = new Map<Key, RuleNode>()
  for (const [key, group] of best.groups) {
    groups.set(key, yield* arrange(group, others))
    if (groups.size % STEP === 0) yield
  }
  const rest = best.rest.length === 0 ? undefined : yield* arrange(best.rest, others)
  return { kind: 'by', by: best.by, groups, rest }
}

function* splitBy(rules: readonly RulePlan[], by: Discriminator): Generator<void, Split> {
  const groups = new Map<Key, RulePlan[]>()
  const rest: RulePlan[] = []
  let copies = 0
  for (const [index, rule] of rules.entries()) {
    if (index % STEP === 0) yield
    const keys = keysOfRule(rule, by)
    if (keys === undefined) rest.push(rule)
    for (const key of keys ?? []) {
      copies++
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [rule])
      else group.push(rule)
    }
  }
  // A request meets large groups more often, as there are more rules that are meant for it; and every other one none.
  const squares = [...groups.values()].reduce((sum, { length }) => sum + length * length, 0)
  const met = copies === 0 ? 0 : squares / copies / 2
  const cost = copies > MAX_COPIES * rules.length ? Infinity : rest.length + met
  return { by, groups, rest, cost }
}
