import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOfLaunches, ratioOfTurns, type Launch, type Turn } from './launch-figures.ts'

/** A turn of 100 requests in 1 ms; 4 ms pass until the next one. */
const turnOf = (microsPerRequest: number, afterCpuMicros = 0): Turn => ({
  requests: 100,
  cpuMicros: microsPerRequest * 100,
  lastedMs: 1,
  afterCpuMicros,
  afterMs: 4,
})
const turnsOf = (...costs: readonly number[]): readonly Turn[] => costs.map((cost) => turnOf(cost))

test('turns of one round are compared with each other, and the one in the middle counts', () => {
  // The machine is half as fast in the second round, and somebody else's in the last one.
  const ours = turnsOf(11, 22, 11, 11, 500)
  const theirs = turnsOf(10, 20, 10, 10, 10)
  assert.equal(ratioOfTurns(ours, theirs).toFixed(3), '1.100')
  assert.equal(ratioOfTurns(theirs, theirs), 1)
})

test('what is done between turns counts as often as it would be done in them', () => {
  // 40 µs of CPU in 4 ms are a hundredth of a CPU; a request has 10 µs of its turn.
  const ours = [turnOf(10, 40), turnOf(10, 40), turnOf(10, 40)]
  assert.equal(ratioOfTurns(ours, turnsOf(10, 10, 10)).toFixed(3), '1.010')
  // Once in three of them is a third of it, which a median would not see.
  assert.equal(ratioOfTurns([turnOf(10, 120), ...turnsOf(10, 10)], turnsOf(10, 10, 10)).toFixed(3), '1.010')
})

test('of launches the middle one is told, with the least and the most of them', () => {
  const launchOf = (much: number, twin: number): Launch => ({
    little: turnsOf(10, 10, 10),
    much: turnsOf(much, much, much),
    twin: turnsOf(twin, twin, twin),
  })
  const launches = [launchOf(10.3, 10), launchOf(10.1, 9.8), launchOf(14, 10.1)]
  assert.deepEqual(figuresOfLaunches(launches, { little: 'off', much: 'on', maxRatio: 1.02 }), [
    { name: 'CPU µs per request, off', value: 10, spread: { min: 10, max: 10 } },
    { name: 'CPU µs per request, on', value: 10.3, spread: { min: 10.1, max: 14 } },
    { name: 'on ÷ off', value: 1.03, spread: { min: 1.01, max: 1.4 }, atMost: 1.02 },
    { name: 'off ÷ the same, launched beside it', value: 1, spread: { min: 0.98, max: 1.01 } },
  ])
})
