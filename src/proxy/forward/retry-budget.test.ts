import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from '../../../test/support/models.ts'
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
    budget.rotate()
  }
  assert.ok(retries <= requests * 0.2 + 10, `${retries} of ${requests}`)
  assert.ok(retries >= requests * 0.19, `${retries} of ${requests}`)
})

test('what was ten seconds ago counts no more', () => {
  const budget = new RetryBudget()
  for (let i = 0; i < 1000; i++) budget.noteRequest()
  for (let i = 0; i < 9; i++) budget.rotate()
  assert.equal(takeAll(budget), 200)
  budget.rotate()
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
