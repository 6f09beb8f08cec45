import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { HeaderList } from '../../../http/header-list.ts'
import type { OutlierDetection } from '../../../model/backend/backend-policy.ts'
import { defaultOutlierDetection } from '../../../model/backend/backend-defaults.ts'
import type { EndpointGroup } from '../../../snapshot/snapshot.ts'
import type { EndpointPool } from '../../upstream/pool.ts'
import { endpointsOf } from '../../../../test/support/models.ts'
import { FakePools } from '../../../../test/support/upstream/fake-pools.ts'
import type { FakePool } from '../../../../test/support/upstream/fake-pools.ts'
import type { GroupState } from '../group-state.ts'
import type { Trying } from './outcomes.ts'

/** A Service with the same endpoints as any other of that size; without rules it has no policy. */
const serviceOf = (name: string, size: number, rules?: Partial<OutlierDetection>): EndpointGroup => {
  const { key } = endpointsOf(name, [])
  const { endpoints } = endpointsOf(
    'api',
    Array.from({ length: size }, (_, i) => `10.0.${i >> 8}.${i & 255}`),
  )
  const outlierDetection = { ...defaultOutlierDetection, ...rules }
  const policy = rules === undefined ? {} : { policy: { source: 'BackendPolicy shop/api', outlierDetection } }
  return { key, endpoints, ...policy }
}

let pools: FakePools
const api = serviceOf('api', 3, {})
const other = serviceOf('other', 3)

const poolAt = (index: number, { endpoints }: EndpointGroup = api): EndpointPool =>
  pools.poolOf(endpoints[index] ?? assert.fail())

const stateOf = (index: number): string => poolAt(index).health.state

const trying = (group: EndpointGroup, index: number): Trying =>
  pools.balancer.trying(group, poolAt(index, group), pools.clock.monotonicMs())

const answer = (group: EndpointGroup, status: number): void => {
  pools.balancer.outcomes.onHead(trying(group, 0), {
    status,
    reason: '',
    minorVersion: 1,
    headers: new HeaderList([]),
    bodyLength: 0,
    keepAlive: true,
    isOpen: false,
  })
}

const times = (count: number, run: () => void): void => {
  for (let i = 0; i < count; i++) run()
}

const eject = (group: EndpointGroup, index: number): void =>
  times(3, () =>
    pools.balancer.outcomes.onUnreachable(trying(group, index), { kind: 'connect-failed', message: 'refused' }),
  )

beforeEach(() => {
  pools = new FakePools()
})

test('where errors do not count they do not say that all is well', () => {
  const lose = (): void => pools.balancer.outcomes.onLost(trying(other, 0), 'reset', 'lost')
  times(4, () => answer(api, 500))
  lose()
  answer(other, 500)
  answer(api, 500)
  assert.equal(stateOf(0), 'ejected', 'another Service does not break the row')
  pools.advance(1000)
  lose()
  answer(other, 500)
  assert.equal(stateOf(0), 'probation', 'nor does it end the probation')
  answer(other, 200)
  assert.equal(stateOf(0), 'healthy')
})

/** Places of those that six requests go to. */
const placesOf = (group: EndpointGroup): ReadonlySet<number | undefined> =>
  new Set(Array.from({ length: 6 }, () => pools.balancer.pickEndpoint(group, [])).map((pool) => placeOf(group, pool)))

const placeOf = (group: EndpointGroup, pool: EndpointPool | undefined): number =>
  group.endpoints.findIndex((_, i) => poolAt(i, group) === pool)

test('what an endpoint answers to one Service takes it from no other that does not look at answers', () => {
  times(5, () => answer(api, 500))
  assert.equal(placesOf(api).has(0), false)
  assert.equal(placesOf(other).has(0), true)
  times(3, () => answer(other, 200))
  assert.equal(stateOf(0), 'ejected', 'good answers elsewhere do not end its time')
  eject(other, 2)
  assert.equal(placesOf(other).has(2), false, 'nobody goes where nobody gets')
})

test('a request that is lost brings nobody back who could not be connected to', () => {
  const all = serviceOf('api', 3, { maxEjectionPercent: 100, consecutive5xxErrors: 0 })
  for (let i = 0; i < 3; i++) eject(all, i)
  pools.balancer.outcomes.onLost(trying(all, 1), 'reset', 'lost')
  assert.equal(stateOf(1), 'ejected')
})

test('a dial that fails puts an endpoint aside again, though the Service that asks would eject nobody for it', () => {
  const lenient = serviceOf('other', 3, { consecutiveLocalOriginFailures: 0 })
  eject(api, 1)
  pools.advance(1000)
  pools.clock.advance(1)
  assert.notEqual(pools.balancer.pickEndpoint(lenient, []), poolAt(1))
  const { probes } = poolAt(1) as unknown as FakePool
  probes.pop()?.({ kind: 'connect-failed', message: 'refused' })
  assert.equal(stateOf(1), 'ejected')
})

test('of very many that are due for a dial few are dialled at a time', () => {
  const large = serviceOf('api', 1000)
  for (let i = 0; i < 500; i++) eject(large, i)
  assert.deepEqual(pools.counters.states, { ejected: 500, probation: 0, slowed: 0 })
  pools.advance(1000)
  assert.deepEqual(pools.counters.states, { ejected: 0, probation: 500, slowed: 0 })
  const probing = (): number => large.endpoints.filter((_, i) => poolAt(i, large).health.isProbing).length
  const pick = (): unknown => pools.balancer.pickEndpoint(large, [])
  pick()
  assert.equal(probing(), 4)
  times(1000, pick)
  assert.equal(probing(), 64)
  for (let i = 0; i < 7; i++) {
    pools.clock.advance(250)
    times(1000, pick)
  }
  assert.equal(probing(), 500, 'each has its turn')
})

test('an ejection lasts no longer than the rules of now allow, or those of a Service without a policy', () => {
  const strict = serviceOf('api', 3, { baseEjectionMs: 86_400_000, maxEjectionMs: 86_400_000 })
  const cases: readonly (readonly [readonly EndpointGroup[], number])[] = [
    [[strict, other], 86_400_000],
    [[{ ...strict }], 86_400_000],
    [[serviceOf('api', 3, { maxEjectionMs: 60_000 }), other], 60_000],
    [[serviceOf('api', 3)], 8000],
    [[other], 8000],
  ]
  for (const [groups, lasts] of cases) {
    pools = new FakePools()
    eject(strict, 0)
    const { health } = poolAt(0)
    pools.advance(1000)
    pools.balancer.retain(new Map(groups.map((group) => [group.key, group])))
    assert.equal(health.untilMs - health.sinceMs, lasts)
  }
})

test('a connection that this system has no room for says nothing of an endpoint', () => {
  for (const code of ['EMFILE', 'EADDRNOTAVAIL']) {
    const message = `TCP connect to 10.0.0.1:80 failed: connect ${code}`
    times(5, () => pools.balancer.outcomes.onUnreachable(trying(api, 0), { kind: 'connect-failed', message }))
  }
  assert.equal(stateOf(0), 'healthy')
  assert.equal(poolAt(0).health.isQuiet, true)
})

test('when all were out of reach, the first one that is back has the others dialled at once', () => {
  const all = serviceOf('api', 3, { maxEjectionPercent: 100 })
  for (let i = 0; i < 3; i++) eject(all, i)
  pools.clock.advance(5)
  answer(all, 200)
  assert.deepEqual([0, 1, 2].map(stateOf), ['healthy', 'probation', 'probation'])
  assert.equal(pools.balancer.pickEndpoint(all, []), poolAt(0))
  for (const i of [1, 2]) (poolAt(i) as unknown as FakePool).probes.pop()?.(undefined)
  assert.deepEqual([0, 1, 2].map(stateOf), ['healthy', 'healthy', 'healthy'])
})

test('what fails is noted without asking who may be picked, which is found out once for the next request', () => {
  const large = serviceOf('api', 1000)
  pools.balancer.pickEndpoint(large, [])
  const { watcher } = trying(large, 0)
  const { epoch } = watcher as GroupState
  for (let i = 0; i < 500; i++) eject(large, i)
  pools.clock.advance(5)
  assert.equal((watcher as GroupState).epoch, epoch)
  assert.equal(pools.balancer.eligible(large).length, 500)
})
