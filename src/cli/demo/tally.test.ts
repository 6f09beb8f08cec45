import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharesOf, Tally, type Sample } from './tally.ts'

const ok = (service: string, ms = 1): Sample => ({ isOk: true, service, ms, problem: undefined })
const failed = (problem: string): Sample => ({ isOk: false, service: undefined, ms: 1000, problem })
const services = ['api-stable', 'api-canary']

test('before the first request everything is zero and percentiles are unknown', () => {
  const tally = new Tally({ services, capacity: 10 })
  assert.deepEqual(tally.totals(), { requests: 0, ok: 0, errors: 0, backends: { 'api-stable': 0, 'api-canary': 0 } })
  assert.deepEqual(tally.latency(), { p50: null, p99: null })
  assert.deepEqual(sharesOf(tally.recent(0)), { 'api-stable': 0, 'api-canary': 0 })
})

test('answers and failures are counted apart, and the last failure is kept', () => {
  const tally = new Tally({ services, capacity: 10 })
  for (const sample of [ok('api-stable'), ok('api-stable'), ok('api-canary'), failed('first'), failed('last')]) {
    tally.add(sample, 7)
  }
  assert.deepEqual(tally.totals(), { requests: 5, ok: 3, errors: 2, backends: { 'api-stable': 2, 'api-canary': 1 } })
  assert.equal(tally.problemSince(7), 'last')
  assert.equal(tally.problemSince(8), undefined)
})

test('percentiles are of answered requests by nearest rank', () => {
  const tally = new Tally({ services, capacity: 1000 })
  for (let ms = 100; ms >= 1; ms--) tally.add(ok('api-stable', ms), 0)
  tally.add(failed('slow'), 0)
  assert.deepEqual(tally.latency(), { p50: 50, p99: 99 })
})

test('what is older than asked for does not count as recent', () => {
  const tally = new Tally({ services, capacity: 1000 })
  for (let at = 0; at < 10; at++) tally.add(ok('api-stable'), at)
  for (let at = 10; at < 14; at++) tally.add(ok('api-canary'), at)
  assert.deepEqual(tally.recent(8), { 'api-stable': 2, 'api-canary': 4 })
  assert.deepEqual(tally.recent(99), { 'api-stable': 0, 'api-canary': 0 })
})

test('totals count everything while percentiles and memory stay with the last samples', () => {
  const tally = new Tally({ services, capacity: 100 })
  for (let n = 0; n < 5000; n++) tally.add(ok('api-stable', 500), n)
  for (let n = 0; n < 100; n++) tally.add(ok('api-stable', 2), 5000 + n)
  assert.equal(tally.totals().ok, 5100)
  assert.deepEqual(tally.latency(), { p50: 2, p99: 2 })
  assert.ok((tally.recent(0)['api-stable'] ?? 0) < 200)
})

test('shares add up to one', () => {
  assert.deepEqual(sharesOf({ a: 9, b: 1 }), { a: 0.9, b: 0.1 })
})
