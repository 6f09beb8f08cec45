import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from '../../../test/support/models.ts'
import type { RetryBudgetPolicy } from '../../model/backend/backend-policy.ts'
import { RetryBudget, RetryBudgets } from './retry-budget.ts'

const takeAll = (budget: RetryBudget): number => {
  let taken = 0
  while (budget.take()) taken++
  return taken
}

test('ten repetitions in a second are allowed whatever the load, and more with load', () => {
  for (const [requests, allowed] of [
    [0, 10],
    [49, 10],
    [50, 10],
    [100, 20],
    [1000, 200],
  ] as const) {
    const budget = new RetryBudget()
    for (let i = 0; i < requests; i++) budget.noteRequest()
    assert.equal(takeAll(budget), allowed, `${requests} requests`)
  }
})

test('over ten seconds of full load at most a fifth is added', () => {
  const budget = new RetryBudget()
  let requests = 0
  let retries = 0
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 500; i++) {
      budget.noteRequest()
      requests++
      if (budget.take()) retries++
    }
    budget.tick()
  }
  assert.ok(retries <= requests * 0.2 + 10, `${retries} of ${requests}`)
  assert.ok(retries >= requests * 0.19, `${retries} of ${requests}`)
})

test('what was ten seconds ago counts no more', () => {
  const budget = new RetryBudget()
  for (let i = 0; i < 1000; i++) budget.noteRequest()
  for (let i = 0; i < 9; i++) budget.tick()
  assert.equal(takeAll(budget), 200)
  budget.tick()
  assert.equal(takeAll(budget), 10)
})

test('a budget is of a Service, whatever the port and whatever its endpoints, until nobody uses it', () => {
  const budgets = new RetryBudgets()
  const group = endpointsOf('api', ['10.0.0.1'])
  const other = { ...endpointsOf('api', []), key: `${group.key}80` as typeof group.key }
  const budget = budgets.of(group)
  assert.equal(budgets.of(other), budget)
  assert.notEqual(budgets.of(endpointsOf('web', [])), budget)
  budget.noteRequest()
  for (let i = 0; i < 9; i++) budgets.tick()
  assert.equal(budgets.of(group), budget)
  budgets.tick()
  assert.notEqual(budgets.of(group), budget)
})

const policy = (percent: number, seconds: number, count: number, each: number): RetryBudgetPolicy => ({
  percent,
  intervalMs: seconds * 1000,
  minRetryRate: { count, intervalMs: each * 1000 },
})

/** Of so many requests in the first second: how many may be sent again in each of the seconds that follow. */
const cases: readonly (readonly [RetryBudgetPolicy, number, readonly number[]])[] = [
  [policy(50, 3, 0, 1), 100, [50, 0, 0, 0]],
  [policy(50, 3, 5, 1), 100, [50, 5, 5, 5]],
  [policy(0, 10, 3, 2), 1000, [3, 0, 3, 0]],
  [policy(100, 0.1, 0, 1), 7, [7, 0, 0, 0]],
  [policy(0, 1, 0, 1), 1000, [0, 0, 0, 0]],
]
for (const [settings, requests, allowed] of cases) {
  test(`${JSON.stringify(settings)} allows ${String(allowed)} of ${requests} requests`, () => {
    const budget = new RetryBudget(settings)
    for (let i = 0; i < requests; i++) budget.noteRequest()
    const taken = allowed.map(() => {
      const count = takeAll(budget)
      budget.tick()
      return count
    })
    assert.deepEqual(taken, allowed)
  })
}

test('an interval of a minute looks back on a minute, in parts', () => {
  const budget = new RetryBudget(policy(10, 60, 0, 1))
  for (let i = 0; i < 1000; i++) budget.noteRequest()
  for (let i = 0; i < 54; i++) budget.tick()
  assert.equal(takeAll(budget), 100)
  for (let i = 0; i < 6; i++) budget.tick()
  assert.equal(takeAll(budget), 0)
})

test('other figures hold from the next request on; ports with the same ones share a budget', () => {
  const budgets = new RetryBudgets()
  const group = endpointsOf('api', ['10.0.0.1'])
  const put = (retryBudget: RetryBudgetPolicy) => budgets.of({ ...group, policy: { source: 'test', retryBudget } })
  const generous = put(policy(100, 10, 50, 1))
  assert.notEqual(generous, budgets.of(group))
  assert.equal(takeAll(generous), 50)
  assert.equal(put(policy(100, 10, 50, 1)), generous)
  assert.equal(takeAll(put(policy(0, 10, 0, 1))), 0)
})
