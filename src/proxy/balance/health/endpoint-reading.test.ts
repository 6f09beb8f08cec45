import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from '../../../../test/support/models.ts'
import { FakePools } from '../../../../test/support/upstream/fake-pools.ts'
import { mergeReadings, readEndpoints } from './endpoint-reading.ts'
import type { EndpointReading } from './endpoint-reading.ts'
import { formatTurn } from './format-health.ts'

const group = endpointsOf('api', ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'])

const read = (pools: FakePools): readonly EndpointReading[] => {
  const now = { monotonicMs: pools.clock.monotonicMs(), epochMs: pools.clock.nowMs() }
  const all = group.endpoints.map((endpoint) => pools.poolOf(endpoint))
  return readEndpoints(pools.health.noted, all, now)
}

const eject = (pools: FakePools, index: number): void => {
  const pool = pools.poolOf(group.endpoints[index] ?? assert.fail())
  for (let i = 0; i < 3; i++) {
    const trying = pools.balancer.trying(group, pool, pools.clock.monotonicMs())
    pools.balancer.outcomes.onUnreachable(trying, { kind: 'timeout', message: 'timed out' })
  }
}

test('who is well and idle is not told of', () => {
  const pools = new FakePools()
  pools.balancer.pickEndpoint(group, [])
  assert.deepEqual(read(pools), [])
})

test('readings say what is, since when and why, in the time of the clock on the wall', () => {
  const pools = new FakePools()
  pools.clock.advance(10_000)
  const [busy, , resting] = group.endpoints.map((endpoint) => pools.poolOf(endpoint))
  if (busy === undefined || resting === undefined) assert.fail()
  busy.active = 2
  eject(pools, 1)
  resting.health.rest(15_000)
  pools.clock.advance(250)
  const day = Date.UTC(2025, 0, 15)
  const rows = new Map(read(pools).map((reading) => [reading.key.split('|')[2], reading]))
  assert.deepEqual(new Set(rows.keys()), new Set(['10.0.0.1', '10.0.0.2', '10.0.0.3']))
  assert.equal(rows.get('10.0.0.1')?.active, 2)
  const { state, sinceMs, ejectedUntilMs, reason, ejections } = rows.get('10.0.0.2') ?? assert.fail()
  assert.deepEqual([state, sinceMs - day, ejectedUntilMs - day, ejections], ['ejected', 10_000, 11_000, 1])
  assert.equal(reason, 'ejected for another 750ms: 3 connections in a row failed: timed out')
  assert.equal(rows.get('10.0.0.3')?.reason, 'given 10 % of its share: it asked for rest')
  pools.advance(1000)
  const [later] = read(pools).filter(({ key }) => key.includes('10.0.0.2'))
  assert.match(later?.reason ?? '', /^on probation, until it can be connected to: 3 connections/)
})

test('the log tells who is ejected for how long, and who is back', () => {
  const pools = new FakePools()
  eject(pools, 0)
  const { health } = pools.poolOf(group.endpoints[0] ?? assert.fail())
  const detail = '3 connections in a row failed: timed out'
  assert.equal(formatTurn(health), `endpoint 10.0.0.1:8080 is ejected for 1s: ${detail}`)
  pools.advance(1000)
  pools.balancer.outcomes.onConnected(pools.balancer.trying(group, pools.poolOf(health.endpoint), 2000))
  assert.equal(formatTurn(health), 'endpoint 10.0.0.1:8080 is healthy again')
})

test('processes are merged by endpoint: all that is under way, and the worst state', () => {
  const [one, other] = [new FakePools(), new FakePools()]
  for (const [i, pools] of [one, other].entries()) {
    for (const endpoint of group.endpoints) pools.poolOf(endpoint).active = i + 1
  }
  eject(other, 0)
  eject(one, 1)
  one.poolOf(group.endpoints[2] ?? assert.fail()).health.rest(1000)
  for (const processes of [
    [read(one), read(other)],
    [read(other), read(one)],
  ]) {
    const rows = [...mergeReadings(processes).values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
    assert.deepEqual(
      rows.map(({ state, active, share, out }) => [state, active, share, out]),
      [
        ['ejected', 3, 1, 1],
        ['ejected', 3, 1, 1],
        ['healthy', 3, 0.1, 0],
        ['healthy', 3, 1, 0],
      ],
    )
  }
})
