import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FloodResult } from '../../flood/plan.ts'
import type { Timeline } from '../../load/plan.ts'
import { verdictOf } from '../../report.ts'
import type { Run } from '../laboratory.ts'
import { floodFigures } from './flood-figures.ts'

/** One each 10 ms for 20 s; the flood is from 5 s to 10 s. */
const timelineOf = (tookAt: (atMs: number) => number): Timeline => {
  const atMs = Array.from({ length: 2000 }, (_, i) => i * 10)
  return { atMs, tookMs: atMs.map(tookAt) }
}

const floodOf = (timeline: Timeline): FloodResult => ({
  startedMs: 5000,
  endedMs: 10_000,
  offered: 10_000,
  done: 2500,
  shed: 7000,
  unanswered: 500,
  busy: 0.2,
  timeline,
})

const runOf = (timeline: Timeline): Run => ({
  requests: 2000,
  bytes: 0,
  errors: 0,
  firstError: undefined,
  windowMs: 20_000,
  p50Ms: 1,
  p99Ms: 1,
  busy: 0.1,
  cipher: undefined,
  timeline,
  withoutHeader: 0,
  requestsPerSecond: 100,
  cpuMicrosPerRequest: 10,
  proxyBusy: 0.1,
})

const figuresWith = (requests: Timeline, newcomers: Timeline): ((name: string) => readonly [number | null, string]) => {
  const parts = {
    run: runOf(requests),
    flood: floodOf({ atMs: [], tookMs: [] }),
    proxyBusy: 1,
    probes: floodOf(newcomers),
  }
  const figures = floodFigures(parts)
  return (name) => {
    const figure = figures.find((one) => one.name === name)
    assert.ok(figure, name)
    return [figure.value, verdictOf(figure)]
  }
}

test('a flood that disturbs and goes meets its goals where it may, and misses the others', () => {
  const requests = timelineOf((at) => (at >= 5000 && at < 11_500 ? 6 : 2))
  const newcomers = timelineOf((at) => (at >= 7500 && at < 10_400 ? -1 : 8))
  const figure = figuresWith(requests, newcomers)
  assert.deepEqual(figure('flood: offered per second'), [2000, ''])
  assert.deepEqual(figure('flood: answered per second'), [500, ''])
  assert.deepEqual(figure('flood: shed, share'), [0.7, ''])
  assert.deepEqual(figure('tunnels: p99 during ÷ before'), [3, 'missed'])
  assert.deepEqual(figure('tunnels: p99 after, ms'), [2, ''])
  assert.deepEqual(figure('newcomers: handshakes done during, share'), [0.5, ''])
  assert.deepEqual(figure('newcomers: p50 of those during, ms'), [8, ''])
  assert.deepEqual(figure('recovery of the p99, s'), [1.5, 'met'])
  assert.deepEqual(figure('recovery of handshakes, s'), [0.4, 'met'])
})

test('what does not recover has missed its goal', () => {
  const figure = figuresWith(
    timelineOf((at) => (at >= 5000 ? 6 : 2)),
    timelineOf((at) => (at >= 5000 ? -1 : 8)),
  )
  assert.deepEqual(figure('recovery of the p99, s'), [null, 'missed'])
  assert.deepEqual(figure('recovery of handshakes, s'), [null, 'missed'])
  assert.deepEqual(figure('newcomers: p50 of those during, ms'), [null, ''])
})
