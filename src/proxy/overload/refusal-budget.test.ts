import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RefusalBudget } from './refusal-budget.ts'

it('refusals get some hundredths of the time, in bursts, and no more after a pause', () => {
  const budget = new RefusalBudget()
  let usedMs = 0
  let bursts = 0
  for (let nowMs = 0; nowMs < 10_000; nowMs += 2) {
    const sliceMs = budget.sliceMs(nowMs)
    if (sliceMs === 0) continue
    bursts++
    usedMs += sliceMs
    budget.spend(sliceMs)
  }
  assert.ok(usedMs > 125 && usedMs < 175, `${usedMs} ms of 10,000`)
  assert.ok(bursts > 100 && bursts < 175, `${bursts} bursts`)
  assert.ok(budget.sliceMs(60_000) <= 2)
})
