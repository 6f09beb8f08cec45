import assert from 'node:assert/strict'
import { it } from 'node:test'
import { policyOf, type Conditions } from '../../../test/support/hostile/policies.ts'
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

const telling: readonly (readonly [name: string, rule: Conditions, field: string | undefined])[] = [
  ['a path tells more than a method', { method: ['GET'], path: ['/a'] }, 'request.path'],
  ['one value tells more than two', { 'x-team': ['a', 'b'], path: ['/a'] }, 'request.path'],
  ['what anything fits tells nothing', { path: ['*'], method: ['GET'] }, 'request.method'],
  ['nor does what is only excluded', { 'not path': ['/a'] }, undefined],
]
for (const [name, conditions, field] of telling) {
  it(`the condition that is tried first: ${name}`, () => {
    assert.equal(planOf('ALLOW', conditions).rules[0]?.telling?.source.field.kind, field)
  })
}
