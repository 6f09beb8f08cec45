import type { Discriminator, RuleNode, RulePlan } from './policy-plans.ts'
import { findMisfit } from './find-misfit.ts'
import { keyOfFacts, keysOfRule } from './rule-keys.ts'
import type { RequestFacts } from './request-facts.ts'

/** So few are tried faster than told apart. */
const LIST_LENGTH = 4
/** Rules may stand in several groups, but not in more than so many on average. */
const MAX_COPIES = 32

const connectionFacts: readonly Discriminator[] = ['principal', 'namespace', 'port']
const requestFacts: readonly Discriminator[] = [...connectionFacts, 'path', 'segment', 'method', 'host']

/** How many rules are looked at between two pauses. */
const STEP = 64

/** Arranges rules so that a request is tried against those alone that could match it. */
export const arrangeRules = (rules: readonly RulePlan[], of: 'requests' | 'connections'): Generator<void, RuleNode> =>
  arrange(rules, of === 'requests' ? requestFacts : connectionFacts)

/** The first rule that matches; which of several is the same for the same rules, in whatever order they came. */
export const findRule = (node: RuleNode, facts: RequestFacts): RulePlan | undefined => {
  if (node.kind === 'list') {
    for (const rule of node.rules) if (findMisfit(rule, facts) === undefined) return rule
    return undefined
  }
  const key = keyOfFacts(facts, node.by)
  const group = key === undefined ? undefined : node.groups.get(key)
  const found = group === undefined ? undefined : findRule(group, facts)
  return found ?? (node.rest === undefined ? undefined : findRule(node.rest, facts))
}

interface Split {
  readonly by: Discriminator
  readonly groups: ReadonlyMap<string | number, readonly RulePlan[]>
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
  }
  if (best === undefined) return { kind: 'list', rules }
  const others = left.filter((by) => by !== best.by)
  const groups = new Map<string | number, RuleNode>()
  for (const [key, group] of best.groups) groups.set(key, yield* arrange(group, others))
  const rest = best.rest.length === 0 ? undefined : yield* arrange(best.rest, others)
  return { kind: 'by', by: best.by, groups, rest }
}

function* splitBy(rules: readonly RulePlan[], by: Discriminator): Generator<void, Split> {
  const groups = new Map<string | number, RulePlan[]>()
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
  // A request meets large groups more often, as there are more rules that are meant for it.
  const squares = [...groups.values()].reduce((sum, { length }) => sum + length * length, 0)
  const cost = copies > MAX_COPIES * rules.length ? Infinity : rest.length + (copies === 0 ? 0 : squares / copies)
  return { by, groups, rest, cost }
}
