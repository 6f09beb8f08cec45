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
    budget.spend(sliceMs, 0)
  }
  assert.ok(usedMs > 125 && usedMs < 175, `${usedMs} ms of 10,000`)
  assert.ok(bursts > 100 && bursts < 175, `${bursts} bursts`)
  assert.ok(budget.sliceMs(60_000) <= 2)
})

it('refusals get more time the longer the oldest have waited, up to some hundredths more', () => {
  const shareAfter = (waitedMs: number): number => {
    const budget = new RefusalBudget()
    let usedMs = 0
    for (let nowMs = 0; nowMs < 10_000; nowMs++) {
      const sliceMs = budget.sliceMs(nowMs)
      if (sliceMs > 0) budget.spend(sliceMs, waitedMs)
      usedMs += sliceMs
    }
    return usedMs / 10_000
  }
  const shares = [0, 500, 2000, 20_000].map((waitedMs) => Math.round(shareAfter(waitedMs) * 1000) / 1000)
  assert.deepEqual(shares, [0.015, 0.015, 0.025, 0.025])
})
