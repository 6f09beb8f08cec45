import assert from 'node:assert/strict'
import { it } from 'node:test'
import { policyOf } from '../../../test/support/hostile/policies.ts'
import { runSteps } from '../../lib/steps/run-steps.ts'
import { compilePolicy } from './compile-policy.ts'
import type { PolicyPlan } from './policy-plans.ts'

const planOf = (...parts: Parameters<typeof policyOf>): PolicyPlan => runSteps(compilePolicy(policyOf(...parts)))

it('what a rule decides, and what it compares with, is made once', () => {
  const [rule] = planOf('DENY', { path: ['/a'], 'not x-role': ['admin'] }).rules
  assert.ok(rule !== undefined)
  assert.equal(rule.decision, rule.decision)
  assert.equal(rule.decision.details, 'rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]')
  const conditions = [...rule.from, ...rule.to, rule.when].flat()
  assert.equal(conditions.length, 2)
  for (const condition of conditions) {
    const { source, anyOf, noneOf } = condition
    assert.equal(anyOf === undefined, source.values.length === 0)
    assert.equal(noneOf === undefined, source.notValues.length === 0)
    assert.deepEqual([condition.anyOf, condition.noneOf], [anyOf, noneOf])
    assert.ok(anyOf === condition.anyOf && noneOf === condition.noneOf)
  }
})
