import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calmAfter, quantileIn, successesIn, successfulAfter } from './timeline.ts'

/** One each 10 ms from 0 on, as long as `tookAt` says. */
const timelineOf = (count: number, tookAt: (atMs: number) => number) => {
  const atMs = Array.from({ length: count }, (_, i) => i * 10)
  return { atMs, tookMs: atMs.map(tookAt) }
}

const all = { fromMs: 0, toMs: 1e9 }

test('a quantile is of what began in the span', () => {
  const timeline = timelineOf(100, (at) => at)
  assert.equal(quantileIn(timeline, { fromMs: 100, toMs: 200 }, 0.5), 140)
  assert.equal(quantileIn(timeline, { fromMs: 100, toMs: 200 }, 1), 190)
  assert.equal(quantileIn(timeline, { fromMs: 5000, toMs: 6000 }, 0.5), null)
})

test('it is calm from the first window on that is within the limit', () => {
  const timeline = timelineOf(400, (at) => (at < 1500 ? 50 : 1))
  const wanted = { windowMs: 1000, limitMs: 2 }
  assert.equal(calmAfter(timeline, { fromMs: 1000, toMs: 4000 }, wanted), 500)
  assert.equal(calmAfter(timeline, { fromMs: 2000, toMs: 4000 }, wanted), 0)
  assert.equal(calmAfter(timeline, { fromMs: 0, toMs: 2000 }, wanted), null)
})

test('success is back with the first one after the last failure, in whatever order they ended', () => {
  const { atMs, tookMs } = timelineOf(100, (at) => (at < 200 || at === 400 ? -1 : 5))
  const timeline = { atMs: atMs.toReversed(), tookMs: tookMs.toReversed() }
  assert.equal(successfulAfter(timeline, { fromMs: 100, toMs: 1000 }), 310)
  assert.equal(successfulAfter(timeline, { fromMs: 500, toMs: 1000 }), 0)
  assert.equal(successfulAfter(timeline, { fromMs: 0, toMs: 200 }), null)
  assert.equal(successfulAfter(timeline, { fromMs: 5000, toMs: 6000 }), null)
})

test('successes are counted', () => {
  assert.deepEqual(
    successesIn(
      timelineOf(10, (at) => (at < 30 ? -1 : 0)),
      all,
    ),
    { succeeded: 7, all: 10 },
  )
})
