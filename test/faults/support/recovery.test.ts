import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SteadyAnswer } from '../../e2e/support/resilience/steady-load.ts'
import { recoveryMs, tookWithin, usualMsOf } from './recovery.ts'

const answer = (dueAtMs: number, tookMs: number, isGood = true): SteadyAnswer => ({ dueAtMs, tookMs, isGood })

test('all is as before when the last answer has come that was bad, or late', () => {
  const before = [answer(0, 5), answer(10, 400), answer(20, 5)]
  const usualMs = usualMsOf([...before, answer(1000, 900)], 1000)
  assert.equal(usualMs, 600)
  assert.equal(
    recoveryMs([...before, answer(1500, 700), answer(2500, 30, false), answer(4000, 500)], 2000, usualMs),
    530,
  )
  assert.equal(recoveryMs(before, 2000, usualMs), 0)
})

test('a quantile is of those that were due in the stretch', () => {
  const answers = [answer(0, 99), answer(10, 1), answer(11, 2), answer(12, 3), answer(20, 99)]
  assert.deepEqual([tookWithin(answers, { fromMs: 10, toMs: 20 }, 0.5), usualMsOf([], 0)], [2, 200])
})
