import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filterReading } from '../../../test/support/filters/filter-reading.ts'
import { formatFilterState, readingConditions } from './reading-conditions.ts'
import { hookTimeMetrics } from './reading-metrics.ts'
import { countFailures, hookBoundsMs, mergeReadings } from './reading.ts'
import type { FilterReading } from './reading.ts'

const buckets = (...first: readonly number[]): readonly number[] =>
  Array.from({ length: hookBoundsMs.length + 1 }, (_, i) => first[i] ?? 0)

const healthy = filterReading({
  calls: 3,
  hookMs: { p50: 0.001, max: 0.002, sum: 0.004 },
  hookBuckets: buckets(2, 1),
})
const lastFailure = { kind: 'throw', message: 'no key', location: 'stamp.ts:3', atMs: Date.UTC(2025, 0, 15) } as const
const sick: FilterReading = {
  ...healthy,
  state: 'quarantined',
  untilMs: Date.UTC(2025, 0, 15, 0, 0, 30),
  calls: 10,
  failures: { ...countFailures(), throw: 10 },
  hookMs: { p50: 0.001, max: 5, sum: 6 },
  hookBuckets: buckets(9, 0, 0, 1),
  lastFailure,
}

it('of several processes counts are added, and the state is that of the worst', () => {
  const merged = mergeReadings([[healthy], [sick], [{ ...healthy, id: 'shop/a' }]])
  assert.deepEqual(merged, [
    { ...healthy, id: 'shop/a' },
    { ...sick, calls: 13, hookMs: { p50: 0.001, max: 5, sum: 6.004 }, hookBuckets: buckets(11, 1, 0, 1) },
  ])
})

it('versions are apart', () => {
  assert.equal(mergeReadings([[healthy, { ...sick, version: 'v2' }]]).length, 2)
})

describe('the condition of an object', () => {
  const cases: readonly (readonly [
    readings: readonly FilterReading[],
    status: string,
    reason: string,
    message: RegExp,
  ])[] = [
    [[healthy], 'True', 'Active', /^its hooks do well$/],
    [
      [{ ...sick, state: 'active' }],
      'True',
      'Active',
      /^10 failures in 10 calls; the last failure \(throw\) at stamp.ts:3: no key$/,
    ],
    [
      [sick],
      'False',
      'Quarantined',
      /^not called until 2025-01-15T00:00:30.000Z, and its requests are answered with 500; the last failure \(throw\) at stamp.ts:3: no key$/,
    ],
    [[{ ...sick, failureMode: 'open' }], 'False', 'Quarantined', /, and requests pass without it; /],
    [
      [{ ...sick, state: 'probation' }],
      'Unknown',
      'Probation',
      /^called for one request at a time after a quarantine; /,
    ],
    [[healthy, { ...sick, version: 'v2' }], 'False', 'Quarantined', /./],
    [[{ ...sick, version: 'v2' }, healthy], 'False', 'Quarantined', /./],
  ]
  for (const [readings, status, reason, message] of cases) {
    it(`${readings.map(({ version, state }) => `${version} ${state}`).join(', ')}: ${reason}`, () => {
      const [condition, ...others] = readingConditions(readings)
      assert.deepEqual(others, [])
      assert.deepEqual(condition?.object, { kind: 'Filter', namespace: 'shop', name: 'stamp' })
      assert.deepEqual([condition.type, condition.status, condition.reason], ['Healthy', status, reason])
      assert.match(condition.message, message)
    })
  }
})

it('a decision tells of filters that are not simply called', () => {
  assert.equal(formatFilterState(healthy), undefined)
  assert.match(formatFilterState(sick) ?? '', /^filter shop\/stamp is quarantined: not called until /)
})

it('hook times are a histogram of seconds, in which versions count as one', () => {
  const [metric, ...others] = hookTimeMetrics([healthy, { ...healthy, version: 'v2' }])
  assert.deepEqual(others, [])
  assert.deepEqual(metric?.series, [{ values: [], numbers: [...buckets(4, 2), 0.000_008] }])
  assert.equal(metric.buckets.length, hookBoundsMs.length)
})
