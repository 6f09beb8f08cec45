import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contender } from './contender.ts'
import type { Run } from './laboratory.ts'
import { mergeLaunches } from './merge-launches.ts'

const runOf = (cpuMicrosPerRequest: number): Run => ({
  requests: 1000,
  bytes: 0,
  errors: 0,
  firstError: undefined,
  windowMs: 1000,
  p50Ms: 0.5,
  p99Ms: cpuMicrosPerRequest / 10,
  busy: 0.5,
  cipher: undefined,
  requestsPerSecond: 1000,
  cpuMicrosPerRequest,
  proxyBusy: 0.9,
  withoutHeader: 0,
})

const launchOf = (cpu: readonly number[], peakRssMb: number, why?: string): Contender => ({
  name: 'fairway',
  proxy: { name: 'fairway', version: '1.2.3', mode: 'hbone', host: '127.0.0.1', port: 1, pid: 1 },
  connections: 1,
  tunnels: 1,
  runs: cpu.map(runOf),
  paced: undefined,
  peakRssMb,
  why,
})

const cpuOf = (merged: Contender | undefined): readonly number[] | undefined =>
  merged?.runs.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest)

test('of several launches each round has the middle one, whole', () => {
  const merged = mergeLaunches([launchOf([10, 30, 20], 80), launchOf([20, 10, 21], 90), launchOf([30, 20, 22], 85)])
  assert.deepEqual(cpuOf(merged), [20, 20, 21])
  assert.deepEqual(
    merged?.runs.map(({ p99Ms }) => p99Ms),
    [2, 2, 2.1],
  )
  assert.equal(merged.peakRssMb, 90)
})

test('a launch that failed takes no part, and one that is left is as it was', () => {
  const sound = launchOf([10, 11], 80)
  assert.equal(mergeLaunches([launchOf([1], 500, 'fairway: ended'), sound]), sound)
  const failed = launchOf([], 0, 'fairway: never ready')
  assert.equal(mergeLaunches([failed, failed]), failed)
})
