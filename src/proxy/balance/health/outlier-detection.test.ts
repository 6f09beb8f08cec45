import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { HeaderList } from '../../../http/header-list.ts'
import type { BackendPolicy, OutlierDetection } from '../../../model/backend/backend-policy.ts'
import { defaultOutlierDetection } from '../../../model/backend/backend-defaults.ts'
import type { EndpointGroup } from '../../../snapshot/snapshot.ts'
import type { EndpointPool } from '../../upstream/pool.ts'
import { endpointsOf } from '../../../../test/support/models.ts'
import { FakePools } from '../../../../test/support/upstream/fake-pools.ts'

let pools: FakePools
let group: EndpointGroup

const groupOf = (size: number, outlierDetection?: Partial<OutlierDetection>): EndpointGroup => {
  const policy: BackendPolicy = {
    source: 'BackendPolicy shop/api',
    ...(outlierDetection === undefined
      ? {}
      : { outlierDetection: { ...defaultOutlierDetection, ...outlierDetection } }),
  }
  const addresses = Array.from({ length: size }, (_, i) => `10.0.0.${i + 1}`)
  return { ...endpointsOf('api', addresses), policy }
}

const pick = (): EndpointPool => {
  const pool = pools.balancer.pickEndpoint(group, [])
  assert.ok(pool)
  return pool
}

const poolAt = (index: number): EndpointPool => {
  const endpoint = group.endpoints[index]
  assert.ok(endpoint)
  return pools.poolOf(endpoint)
}

/** Addresses' last parts of so many picks. */
const picks = (count: number): string => Array.from({ length: count }, () => pick().endpoint.address.slice(7)).join('')

const trying = (pool: EndpointPool, startedMs = pools.clock.monotonicMs()) =>
  pools.balancer.trying(group, pool, startedMs)

const fail = (pool: EndpointPool, startedMs?: number): void =>
  pools.balancer.outcomes.onUnreachable(trying(pool, startedMs), { kind: 'connect-failed', message: 'refused' })

const answer = (pool: EndpointPool, status: number, fields: string[] = [], startedMs?: number): boolean =>
  pools.balancer.outcomes.onHead(trying(pool, startedMs), {
    status,
    reason: '',
    minorVersion: 1,
    headers: new HeaderList(fields),
    bodyLength: 0,
    keepAlive: true,
    isOpen: false,
  })

const times = (count: number, run: () => void): void => {
  for (let i = 0; i < count; i++) run()
}

const stateOf = (index: number): string => poolAt(index).health.state

beforeEach(() => {
  pools = new FakePools()
  group = groupOf(3)
  pick()
})

test('three connections in a row that fail eject an endpoint, whatever its policy says of answers', () => {
  const second = poolAt(1)
  times(2, () => fail(second))
  assert.equal(picks(4), '2312')
  fail(second)
  assert.deepEqual(pools.turns, ['10.0.0.2 ejected'])
  assert.equal(picks(6).includes('2'), false)
  assert.equal(pools.counters.ejections.localOrigin, 1)
  assert.deepEqual(pools.counters.states, { ejected: 1, probation: 0, slowed: 0 })
})

test('a connection in between, or an answer, ends what is in a row', () => {
  const first = poolAt(0)
  times(2, () => fail(first))
  pools.balancer.outcomes.onConnected(trying(first))
  times(2, () => fail(first))
  answer(first, 500)
  times(2, () => fail(first))
  assert.equal(stateOf(0), 'healthy')
})

test('those who waited for one connection tell of one failure', () => {
  const failure = { kind: 'timeout', message: 'timed out' }
  const first = poolAt(0)
  times(50, () => pools.balancer.outcomes.onUnreachable(trying(first), failure))
  assert.equal(first.health.localOriginFailures, 1)
})

test('a connection that is full or ending, and one that a limit is against, is no failure', () => {
  const first = poolAt(0)
  for (const kind of ['unprocessed', 'overflow']) {
    times(5, () => pools.balancer.outcomes.onUnreachable(trying(first), { kind, message: 'full' }))
  }
  assert.equal(first.health.isQuiet, true)
})

test('a connection that answers no PING ejects at once, and what its requests then tell adds nothing', () => {
  const { health } = poolAt(2)
  pools.clock.advance(10)
  pools.health.noteSilent(health, 'silence')
  times(100, () => pools.balancer.outcomes.onLost(trying(poolAt(2), 0), 'reset', 'lost'))
  assert.equal(health.state, 'ejected')
  assert.equal(health.ejections, 1)
  assert.equal(pools.counters.ejections.silent, 1)
})

test('who cannot be connected to is dialled by us before any request goes there, for ever longer pauses', () => {
  const second = pools.poolOf(group.endpoints[1] ?? assert.fail()) as unknown as {
    readonly probes: ((failure?: object) => void)[]
  }
  times(3, () => fail(poolAt(1)))
  const pauses: number[] = []
  for (let round = 0; round < 5; round++) {
    let pause = 0
    for (; stateOf(1) === 'ejected'; pause += 250) pools.advance(250)
    pauses.push(pause)
    assert.equal(second.probes.length, 0)
    times(10, () => assert.notEqual(pick(), poolAt(1)))
    assert.equal(second.probes.length, 1, 'one dial at a time')
    second.probes.pop()?.({ kind: 'timeout', message: `timed out ${round}` })
    assert.equal(stateOf(1), 'ejected')
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 8000])
  pools.advance(8000)
  pick()
  second.probes.pop()?.(undefined)
  assert.equal(stateOf(1), 'healthy')
  assert.match(picks(6), /2/)
  assert.deepEqual(pools.counters.states, { ejected: 0, probation: 0, slowed: 0 })
})

test('a connection that was begun before the ejection, and made after it, brings the endpoint back', () => {
  const startedMs = pools.clock.monotonicMs()
  pools.clock.advance(10)
  times(3, () => fail(poolAt(1)))
  assert.equal(stateOf(1), 'ejected')
  pools.clock.advance(10)
  pools.balancer.outcomes.onConnected(trying(poolAt(1), startedMs))
  assert.equal(stateOf(1), 'healthy')
})

test('nobody is dialled where nobody asks', () => {
  times(3, () => fail(poolAt(1)))
  pools.advance(20_000)
  assert.equal(stateOf(1), 'probation')
  assert.equal(poolAt(1).health.isProbing, false)
  pools.advance(300_000)
  assert.equal(stateOf(1), 'healthy')
  assert.deepEqual(pools.turns, ['10.0.0.2 ejected'])
  pools.advance(1000)
  assert.equal(pools.health.noted.size, 0)
})

test('an endpoint that was well for as long as it had been kept away begins anew', () => {
  const eject = (): number => {
    times(3, () => fail(poolAt(0)))
    const { health } = poolAt(0)
    return health.untilMs - health.sinceMs
  }
  const recover = (): void => {
    pools.advance(poolAt(0).health.untilMs - pools.clock.monotonicMs())
    pools.balancer.outcomes.onConnected(trying(poolAt(0)))
  }
  assert.equal(eject(), 1000)
  recover()
  assert.equal(eject(), 2000)
  recover()
  pools.advance(2000)
  assert.equal(eject(), 1000)
})

const sizes: readonly (readonly [number, number, number])[] = [
  [1, 50, 0],
  [1, 100, 0],
  [2, 50, 1],
  [2, 10, 1],
  [3, 50, 1],
  [4, 50, 2],
  [9, 34, 3],
  [3, 100, 3],
]
for (const [size, maxEjectionPercent, most] of sizes) {
  test(`of ${size} endpoints and ${maxEjectionPercent} % at most ${most} are ejected for their answers`, () => {
    group = groupOf(size, { maxEjectionPercent })
    pick()
    for (let i = 0; i < size; i++) times(5, () => answer(poolAt(i), 500))
    const states = group.endpoints.map((_, i) => stateOf(i))
    assert.equal(states.filter((state) => state === 'ejected').length, most)
    assert.equal(pools.counters.spared, size > 1 ? size - most : 0)
    assert.equal(new Set(picks(size * 2)).size, most === size ? size : size - most)
  })
}

for (const [size, maxEjectionPercent] of sizes) {
  const most = size === 1 ? 0 : size
  test(`of ${size} endpoints that cannot be reached ${most} are ejected, whatever ${maxEjectionPercent} % are`, () => {
    group = groupOf(size, { maxEjectionPercent })
    pick()
    for (let i = 0; i < size; i++) times(3, () => fail(poolAt(i)))
    const states = group.endpoints.map((_, i) => stateOf(i))
    assert.equal(states.filter((state) => state === 'ejected').length, most)
    assert.equal(pools.counters.spared, 0)
  })
}

test('as many cannot be reached as a policy allows to be ejected: none is for its answers', () => {
  group = groupOf(4, { maxEjectionPercent: 50 })
  pick()
  for (const i of [0, 1]) times(3, () => fail(poolAt(i)))
  times(5, () => answer(poolAt(2), 500))
  assert.deepEqual([stateOf(2), pools.counters.spared], ['healthy', 1])
  assert.match(picks(4), /^(3434|4343)$/)
})

test('when all are ejected all are used, and one that answers is back at once', () => {
  group = groupOf(3, { maxEjectionPercent: 100 })
  pick()
  for (let i = 0; i < 3; i++) times(3, () => fail(poolAt(i)))
  assert.equal(new Set(picks(6)).size, 3)
  pools.clock.advance(5)
  answer(poolAt(1), 200)
  assert.equal(picks(4), '2222')
})

test('without a policy all that cannot be connected to are put aside, and when nobody is left all are used', () => {
  group = endpointsOf('api', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  pick()
  for (const index of [0, 1]) times(3, () => fail(poolAt(index)))
  assert.equal(picks(6), '333333')
  times(3, () => fail(poolAt(2)))
  assert.equal(new Set(picks(6)).size, 3)
})

/** Where a request goes that fails wherever it goes. */
const triesOf = (count: number): string => {
  const tried: EndpointPool[] = []
  for (let i = 0; i < count; i++) tried.push(pools.balancer.pickEndpoint(group, tried) ?? assert.fail())
  return tried.map(({ endpoint }) => endpoint.address.slice(7)).join('')
}

test('a retry goes to an endpoint that is ejected for its answers only when there is no other one', () => {
  group = groupOf(3, {})
  pick()
  times(5, () => answer(poolAt(1), 500))
  assert.match(triesOf(3), /^(13|31)2$/)
})

test('a retry never goes to an endpoint that cannot be connected to, as long as there is another one', () => {
  times(3, () => fail(poolAt(1)))
  assert.match(triesOf(5), /^(13131|31313)$/)
  times(3, () => fail(poolAt(2)))
  assert.equal(triesOf(3), '111')
  times(3, () => fail(poolAt(0)))
  assert.equal(new Set(triesOf(3)).size, 3)
})

test('an ejection that is too much for a smaller Service with the same endpoints is not honoured there', () => {
  const endpoints = group.endpoints.slice(0, 2)
  const small: EndpointGroup = { ...groupOf(2, { maxEjectionPercent: 50 }), endpoints }
  group = groupOf(6, {})
  pick()
  times(5, () => answer(poolAt(0), 500))
  pools.clock.advance(10)
  times(5, () => answer(poolAt(1), 500))
  assert.deepEqual([stateOf(0), stateOf(1)], ['ejected', 'ejected'])
  const used = Array.from({ length: 4 }, () => pools.balancer.pickEndpoint(small, [])?.endpoint.address)
  assert.deepEqual(new Set(used), new Set(['10.0.0.1']), 'the one whose ejection ends first')
})

test('answers count only where a policy says so', () => {
  times(20, () => answer(poolAt(0), 503))
  assert.equal(stateOf(0), 'healthy')
  assert.equal(poolAt(0).health.isQuiet, true)
  group = groupOf(3, {})
  pick()
  times(4, () => answer(poolAt(0), 500))
  answer(poolAt(0), 404)
  times(4, () => answer(poolAt(0), 500))
  assert.equal(stateOf(0), 'healthy')
  answer(poolAt(0), 503)
  assert.equal(stateOf(0), 'ejected')
})

test('gateway errors are 502, 503, 504 and tries without an answer', () => {
  group = groupOf(9, { consecutive5xxErrors: 0, consecutiveGatewayErrors: 2 })
  pick()
  const ways: readonly (readonly [() => void, boolean])[] = [500, 501, 502, 503, 504, 505].map((status, i) => [
    () => void answer(poolAt(i), status),
    status >= 502 && status <= 504,
  ])
  for (const [i, [run, isGateway]] of ways.entries()) {
    times(2, run)
    assert.equal(stateOf(i), isGateway ? 'ejected' : 'healthy', `${500 + i}`)
  }
  times(2, () => pools.balancer.outcomes.onLost(trying(poolAt(7)), 'timeout', 'too late'))
  assert.equal(stateOf(7), 'ejected')
  answer(poolAt(8), 502)
  answer(poolAt(8), 500)
  answer(poolAt(8), 502)
  assert.equal(stateOf(8), 'healthy')
})

const calls: readonly (readonly [string, string | undefined, boolean])[] = [
  ['OK', '0', false],
  ['CANCELLED', '1', false],
  ['UNKNOWN', '2', true],
  ['DEADLINE_EXCEEDED', '4', true],
  ['NOT_FOUND', '5', false],
  ['RESOURCE_EXHAUSTED', '8', false],
  ['UNAVAILABLE', '14', true],
  ['a number that is none', 'x', true],
  ['nothing', undefined, true],
]
for (const [name, status, isError] of calls) {
  test(`a gRPC call that ends with ${name} is ${isError ? 'an error' : 'none'}, in head or trailers`, () => {
    group = groupOf(4, { consecutive5xxErrors: 3 })
    pick()
    const type = ['content-type', 'application/grpc+proto']
    times(3, () => {
      assert.equal(answer(poolAt(0), 200, type), false)
      const fields = status === undefined ? undefined : new HeaderList(['grpc-status', status])
      pools.balancer.outcomes.onTrailers(trying(poolAt(0)), fields)
    })
    assert.equal(stateOf(0), isError ? 'ejected' : 'healthy')
    if (status === undefined) return
    times(3, () => assert.equal(answer(poolAt(1), 200, [...type, 'grpc-status', status]), true))
    assert.equal(stateOf(1), isError ? 'ejected' : 'healthy')
  })
}

test('after an ejection for answers one request at a time shows whether it is well', () => {
  group = groupOf(3, {})
  pick()
  times(5, () => answer(poolAt(2), 500))
  pools.advance(1000)
  assert.equal(stateOf(2), 'probation')
  pools.clock.advance(1)
  assert.equal(pick(), poolAt(2))
  const startedMs = pools.clock.monotonicMs()
  times(6, () => assert.notEqual(pick(), poolAt(2)))
  answer(poolAt(2), 500, [], 0)
  assert.equal(stateOf(2), 'probation', 'what began before the probation says nothing')
  poolAt(2).health.endTrial(0)
  assert.notEqual(pick(), poolAt(2))
  answer(poolAt(2), 500, [], startedMs)
  assert.equal(stateOf(2), 'ejected')
  pools.advance(1750)
  assert.equal(stateOf(2), 'ejected', 'twice as long')
  pools.advance(250)
  pools.clock.advance(1)
  assert.equal(pick(), poolAt(2))
  poolAt(2).health.endTrial(pools.clock.monotonicMs())
  assert.equal(pick(), poolAt(2), 'the trial before had no verdict: its client went away')
  answer(poolAt(2), 200)
  assert.equal(stateOf(2), 'healthy')
})

test('too few good answers in an interval eject', () => {
  group = groupOf(4, { consecutive5xxErrors: 0, successRatio: { minimumPercent: 90, minimumRequests: 10 } })
  pick()
  const run = (index: number, good: number, bad: number): void => {
    times(good, () => answer(poolAt(index), 200))
    times(bad, () => answer(poolAt(index), 500))
  }
  run(0, 9, 1)
  run(1, 8, 2)
  run(2, 0, 9)
  pools.advance(9750)
  assert.equal(stateOf(1), 'healthy')
  pools.advance(500)
  assert.deepEqual([stateOf(0), stateOf(1), stateOf(2)], ['healthy', 'ejected', 'healthy'])
  assert.equal(pools.counters.ejections.successRatio, 1)
})

test('nothing counts once the process is ending', () => {
  pools.health.end()
  times(5, () => fail(poolAt(0)))
  pools.health.noteSilent(poolAt(0).health, 'silence')
  assert.equal(poolAt(0).health.isQuiet, true)
})

test('failures of who is ejected, and used for want of others, do not keep it away for longer', () => {
  group = groupOf(2, { maxEjectionPercent: 100 })
  pick()
  for (const index of [0, 1]) times(3, () => fail(poolAt(index)))
  pools.advance(500)
  const { untilMs } = poolAt(0).health
  times(6, () => fail(poolAt(0)))
  assert.deepEqual([poolAt(0).health.untilMs, poolAt(0).health.ejections], [untilMs, 1])
})

test('a retry goes to one with its whole share first, then to one far away, then to one that is ejected', () => {
  const { endpoints } = groupOf(5)
  group = {
    ...groupOf(5, { maxEjectionPercent: 80 }),
    // The first three are near.
    endpoints: endpoints.map((endpoint, i) => (i < 3 ? { ...endpoint, isNear: true } : endpoint)),
  }
  pick()
  poolAt(1).health.rest(10_000)
  times(5, () => answer(poolAt(3), 500))
  assert.match(triesOf(5), /^(..2|2..)54$/)
  const others = pools.balancer.pickEndpoint(group, [poolAt(0)])
  assert.equal(others, poolAt(2), 'not the one that rests')
})

test('an ejection in the middle of a turn leaves nobody without an endpoint', () => {
  pools = new FakePools({ turn: 0 })
  const first = Array.from({ length: 8 + 8 + 2 }, () => pick()).at(-1)
  assert.equal(first, poolAt(2))
  times(3, () => fail(poolAt(2)))
  assert.equal(picks(32).includes('3'), false)
})
