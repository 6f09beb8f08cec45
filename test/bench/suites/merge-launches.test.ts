import assert from 'node:assert/strict'
import { test } from 'node:test'
import { madeContender } from '../support/made-contender.ts'
import type { Contender } from './contender.ts'
import { mergeLaunches } from './merge-launches.ts'

const launchOf = (cpu: readonly number[], peakRssMb: number, why?: string): Contender =>
  madeContender(cpu, { peakRssMb, why }, (micros) => ({ p99Ms: micros / 10 }))

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
