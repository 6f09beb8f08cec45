import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  connectionOf,
  randomFacts,
  randomPolicies,
  randomPolicy,
} from '../../../test/support/authorization/random-policies.ts'
import { seededRandom, type SeededRandom } from '../../../test/support/random.ts'
import { runSteps } from '../../lib/steps/run-steps.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { AuthorizationPolicy } from '../../model/security/authorization.ts'
import { authorize, findCustoms, notAllowed, notDenied, setsFor, watch } from './authorize.ts'
import { compileIndex, IndexCompiler, noAuthorizations } from './compile-authorization.ts'
import { compilePolicy } from './compile-policy.ts'
import { findMisfit } from './find-misfit.ts'
import type { AuthorizationIndex, PolicyPlan, RulePlan } from './policy-plans.ts'
import type { RequestFacts } from './request-facts.ts'

const SETS = 250
const REQUESTS = 6

const plansOf = (policies: readonly AuthorizationPolicy[]): readonly PolicyPlan[] =>
  policies.map((policy) => runSteps(compilePolicy(policy)))

const indexOf = (policies: readonly AuthorizationPolicy[]): AuthorizationIndex =>
  runSteps(compileIndex(plansOf(policies)))

/** Every rule that matches, tried one after the other, without the index. */
const matching = (policies: readonly AuthorizationPolicy[], facts: RequestFacts): readonly RulePlan[] =>
  plansOf(policies)
    .flatMap(({ rules, connectionRules }) => (facts.request === undefined ? connectionRules : rules))
    .filter((rule) => findMisfit(rule, facts) === undefined)

const isCarriedOut = ({ isDryRun }: AuthorizationPolicy): boolean => !isDryRun

/** Runs `check` over many sets of policies, each with several requests, and says which seed failed. */
const always = (
  check: (
    policies: readonly AuthorizationPolicy[],
    facts: RequestFacts,
    random: SeededRandom,
    index: AuthorizationIndex,
  ) => boolean | undefined,
): void => {
  let counted = 0
  for (let seed = 1; seed <= SETS; seed++) {
    const random = seededRandom(seed)
    const policies = randomPolicies(random)
    const index = indexOf(policies)
    for (let i = 0; i < REQUESTS; i++) {
      const facts = randomFacts(random)
      try {
        for (const one of [facts, connectionOf(facts)]) if (check(policies, one, random, index) === true) counted++
      } catch (error) {
        throw new Error(`seed ${seed}, request ${i}: ${JSON.stringify({ policies, facts })}`, { cause: error })
      }
    }
  }
  // A property that no set was about would hold of anything.
  assert.ok(counted > 50, `only ${counted} were to the point`)
}

const verdictOf = (policies: readonly AuthorizationPolicy[], facts: RequestFacts): 'allow' | 'deny' =>
  authorize(indexOf(policies), facts).verdict

describe('whatever the policies are', () => {
  it('what is told apart first is decided as if every rule had been tried', () => {
    always((policies, facts, _random, index) => {
      const found = matching(policies.filter(isCarriedOut), facts).map(({ decision }) => decision)
      const denying = found.filter(({ action }) => action === 'DENY')
      const allowing = found.filter(({ action }) => action === 'ALLOW')
      const hasAllow = policies.some((policy) => policy.action === 'ALLOW' && isCarriedOut(policy))
      const decision = authorize(index, facts)
      const by = JSON.stringify(decision)
      if (denying.length > 0) assert.ok(denying.some((one) => JSON.stringify(one) === by))
      else if (!hasAllow) assert.deepEqual(decision, notDenied)
      else if (allowing.length > 0) assert.ok(allowing.some((one) => JSON.stringify(one) === by))
      else assert.deepEqual(decision, notAllowed)
      return denying.length > 0 || allowing.length > 0
    })
  })

  it('a provider is asked exactly when a CUSTOM rule matches', () => {
    always((policies, facts, _random, index) => {
      const early = { ...facts, token: undefined }
      const expected = matching(policies, early).some(({ policy }) => policy.action === 'CUSTOM')
      assert.equal(findCustoms(index, facts).length > 0, expected)
      return expected
    })
  })

  it('adding an ALLOW policy never allows what a DENY policy denies', () => {
    always((policies, facts, random, index) => {
      if (authorize(index, facts).action !== 'DENY') return false
      assert.equal(verdictOf([...policies, randomPolicy(random, 'new', 'ALLOW')], facts), 'deny')
      return true
    })
  })

  it('adding an ALLOW policy denies nothing where there is one already', () => {
    always((policies, facts, random, index) => {
      const { verdict, action } = authorize(index, facts)
      if (verdict === 'deny' || action !== 'ALLOW') return false
      assert.equal(verdictOf([...policies, randomPolicy(random, 'new', 'ALLOW')], facts), 'allow')
      return true
    })
  })

  it('adding a DENY policy never allows anything', () => {
    always((policies, facts, random, index) => {
      if (authorize(index, facts).verdict !== 'deny') return false
      assert.equal(verdictOf([...policies, randomPolicy(random, 'new', 'DENY')], facts), 'deny')
      return true
    })
  })

  it('their order makes no difference', () => {
    always((policies, facts, random, index) => {
      const shuffled = policies
        .map((policy) => ({ policy, at: random.fraction() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ policy }) => policy)
      const other = indexOf(shuffled)
      assert.equal(authorize(other, facts).verdict, authorize(index, facts).verdict)
      assert.equal(findCustoms(other, facts).length, findCustoms(index, facts).length)
      return policies.length > 2
    })
  })

  it('what other Services have as well makes no difference', () => {
    always((policies, facts, random, index) => {
      const keys = policies.map(({ key }) => key)
      const shared = new Set(keys.filter(() => random.chance(0.5)))
      const plans = new Map(plansOf(policies).map((plan) => [plan.source.key, plan]))
      const joined = runSteps(new IndexCompiler(plans, noAuthorizations, shared).compile(keys))
      if (joined === undefined) return false
      assert.equal(authorize(joined, facts).verdict, authorize(index, facts).verdict)
      assert.equal(findCustoms(joined, facts).length, findCustoms(index, facts).length)
      assert.equal(watch(joined, facts).length, watch(index, facts).length)
      const { isWatched, hasCustom, wantsServerName } = index
      assert.deepEqual(
        [joined.isWatched, joined.hasCustom, joined.wantsServerName],
        [isWatched, hasCustom, wantsServerName],
      )
      return shared.size > 0 && shared.size < keys.length
    })
  })

  it('what only watches makes no difference', () => {
    always((policies, facts, _random, index) => {
      const carriedOut = policies.filter((policy) => policy.action !== 'AUDIT' && isCarriedOut(policy))
      assert.deepEqual(authorize(indexOf(carriedOut), facts), authorize(index, facts))
      return index.isWatched && watch(index, facts).length > 0
    })
  })

  it('a connection is denied if any request in it is, by a DENY policy', () => {
    always((_policies, facts, _random, index) => {
      if (facts.request === undefined) return false
      // By X-Forwarded-For a request may come from elsewhere than its connection does.
      const direct = { ...facts, request: { ...facts.request, headers: new HeaderList() } }
      if (authorize(index, direct).action !== 'DENY') return false
      assert.equal(authorize(index, connectionOf(direct)).action, 'DENY')
      return true
    })
  })

  it('a connection is allowed only by what allows every request in it', () => {
    always((_policies, facts, _random, index) => {
      if (facts.request === undefined || authorize(index, connectionOf(facts)).action !== 'ALLOW') return false
      const direct = { ...facts, request: { ...facts.request, headers: new HeaderList() } }
      assert.notEqual(authorize(index, direct), notAllowed)
      return true
    })
  })
})

it('rules that cannot match are not tried: of 200 a request meets a few', () => {
  const rules = Array.from({ length: 10 }, (_, i) => i)
  const policies = Array.from({ length: 20 }, (_, p): AuthorizationPolicy => {
    const about = (kind: 'source.principal' | 'request.path', value: string) => [
      { field: { kind }, values: [value], notValues: [], path: kind },
    ]
    return {
      key: `shop/p${p}`,
      action: p % 4 === 0 ? 'DENY' : 'ALLOW',
      isDryRun: false,
      rules: rules.map((r) => ({
        from: [about('source.principal', `td/ns/n${p}/sa/s${r}`)],
        to: [about('request.path', `/p${p}/r${r}/*`)],
        when: [],
      })),
    }
  })
  const random = seededRandom(1)
  const facts = randomFacts(random)
  const { deny, allow } = setsFor(indexOf(policies), facts)
  const longest = (node: typeof deny): number => {
    if (node.kind === 'list') return node.rules.length
    if (node.kind === 'parts') return node.parts.reduce((sum, part) => sum + longest(part), 0)
    return Math.max(...[...node.groups.values()].map(longest)) + (node.rest === undefined ? 0 : longest(node.rest))
  }
  assert.ok(longest(deny) <= 4)
  assert.ok(allow !== undefined && longest(allow) <= 4)
})
