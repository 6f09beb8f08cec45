import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectionOf, randomFacts } from '../../../test/support/authorization/random-policies.ts'
import { seededRandom, type SeededRandom } from '../../../test/support/random.ts'
import { runSteps } from '../../lib/steps/run-steps.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { FieldCondition, PolicyField } from '../../model/security/authorization.ts'
import { compilePolicy } from './compile-policy.ts'
import { findMisfit } from './find-misfit.ts'
import { findRule } from './find-rule.ts'
import type { Discriminator, RuleNode, RulePlan } from './policy-plans.ts'
import type { RequestFacts } from './request-facts.ts'
import { arrangeRules } from './rule-node.ts'

type Chance = (random: SeededRandom) => string

const segment: Chance = (random) => random.pick(['a', 'b', 'c', 'A', '', 'ab'])
const path: Chance = (random) => Array.from({ length: 1 + random.below(3) }, () => `/${segment(random)}`).join('')
const account: Chance = (random) => `td/ns/${random.pick(['a', 'b'])}/sa/${random.pick(['x', 'y', 'z'])}`

const pathPattern: Chance = (random) => {
  const written = path(random)
  return random.pick([
    written,
    `${written}/*`,
    `${written}*`,
    `*${written}`,
    `${written}/{*}`,
    `/{*}${written}`,
    `/{**}/a`,
  ])
}

/** What rules of one set go by, and what requests have of it. */
const subjects: readonly { readonly field: PolicyField; readonly value: Chance }[] = [
  { field: { kind: 'source.principal' }, value: account },
  { field: { kind: 'source.namespace' }, value: (random) => random.pick(['a', 'b', 'c']) },
  { field: { kind: 'destination.port' }, value: (random) => random.pick(['80', '8080', '81']) },
  { field: { kind: 'request.path' }, value: pathPattern },
  { field: { kind: 'request.path' }, value: path },
  { field: { kind: 'request.path' }, value: (random) => `${path(random)}/*` },
  { field: { kind: 'request.path' }, value: (random) => `*${path(random)}` },
  { field: { kind: 'request.method' }, value: (random) => random.pick(['GET', 'PUT', 'POST', 'HEAD']) },
  { field: { kind: 'request.host' }, value: (random) => random.pick(['api', 'API.shop', 'other', 'x']) },
  {
    field: { kind: 'request.headers', name: 'x-a' },
    value: (random) => random.pick(['1', '2', '3', '', '1,2', '2,1', '3,3,1']),
  },
]

const conditionOf = ({ field, value }: (typeof subjects)[number], random: SeededRandom): FieldCondition => ({
  field,
  values: Array.from({ length: 1 + random.below(2) }, () => value(random)),
  notValues: [],
  path: field.kind,
})

const rulesOf = (random: SeededRandom): readonly RulePlan[] => {
  const chosen = [random.pick(subjects), random.pick(subjects)]
  const rules = Array.from({ length: 5 + random.below(40) }, () => {
    const list = [conditionOf(random.pick(chosen), random)]
    return random.chance(0.5) ? { from: [list], to: [], when: [] } : { from: [], to: [], when: list }
  })
  const action = random.pick(['ALLOW', 'DENY'] as const)
  return runSteps(compilePolicy({ key: 'shop/p', action, isDryRun: false, rules })).rules
}

const factsOf = (random: SeededRandom): RequestFacts => {
  const facts = randomFacts(random)
  const headers = new HeaderList(
    Array.from({ length: random.below(4) }, () => ['x-a', random.pick(['1', '2', '3', ''])]).flat(),
  )
  return facts.request === undefined ? facts : { ...facts, request: { ...facts.request, path: path(random), headers } }
}

const kindsOf = (node: RuleNode): readonly Discriminator['kind'][] =>
  node.kind !== 'by'
    ? []
    : [node.by.kind, ...[...node.groups.values(), ...(node.rest === undefined ? [] : [node.rest])].flatMap(kindsOf)]

describe('rules that are told apart first', () => {
  it('are found exactly when one of them matches, whatever they are told apart by', () => {
    const seen = new Map<Discriminator['kind'], number>()
    for (let seed = 1; seed <= 600; seed++) {
      const random = seededRandom(seed)
      const rules = rulesOf(random)
      const node = runSteps(arrangeRules(rules, 'requests'))
      const kinds = new Set(kindsOf(node))
      for (let i = 0; i < 12; i++) {
        const facts = i === 0 ? connectionOf(factsOf(random)) : factsOf(random)
        const matching = rules.filter((rule) => findMisfit(rule, facts) === undefined)
        const found = findRule(node, facts)
        const isRight = found === undefined ? matching.length === 0 : matching.includes(found)
        if (!isRight) assert.fail(`seed ${seed}, request ${i}: ${JSON.stringify({ policy: rules[0]?.policy, facts })}`)
        if (found !== undefined) for (const kind of kinds) seen.set(kind, (seen.get(kind) ?? 0) + 1)
      }
    }
    const all = ['principal', 'namespace', 'port', 'path', 'prefix', 'leaf', 'method', 'host', 'header'] as const
    for (const kind of all) assert.ok((seen.get(kind) ?? 0) > 50, `${kind}: ${seen.get(kind)}`)
  })
})
