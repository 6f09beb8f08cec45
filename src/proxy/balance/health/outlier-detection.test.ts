import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { HeaderList } from '../../../http/header-list.ts'
import { FakePools } from '../../../../test/support/upstream/fake-pools.ts'
import { groupOf, OutlierBed, times } from '../../../../test/support/upstream/outlier-bed.ts'
import type { EndpointPool } from '../../upstream/pool.ts'

let bed: OutlierBed

beforeEach(() => {
  bed = new OutlierBed()
})

test('three connections in a row that fail eject an endpoint, whatever its policy says of answers', () => {
  const second = bed.poolAt(1)
  times(2, () => bed.fail(second))
  assert.equal(bed.picks(4), '2312')
  bed.fail(second)
  assert.deepEqual(bed.pools.turns, ['10.0.0.2 ejected'])
  assert.equal(bed.picks(6).includes('2'), false)
  assert.equal(bed.pools.counters.ejections.localOrigin, 1)
  assert.deepEqual(bed.pools.counters.states, { ejected: 1, probation: 0, slowed: 0 })
})

test('a connection in between, or an answer, ends what is in a row', () => {
  const first = bed.poolAt(0)
  times(2, () => bed.fail(first))
  bed.pools.balancer.outcomes.onConnected(bed.trying(first))
  times(2, () => bed.fail(first))
  bed.answer(first, 500)
  times(2, () => bed.fail(first))
  assert.equal(bed.stateOf(0), 'healthy')
})

test('those who waited for one connection tell of one failure', () => {
  const failure = { kind: 'timeout', message: 'timed out' }
  const first = bed.poolAt(0)
  times(50, () => bed.pools.balancer.outcomes.onUnreachable(bed.trying(first), failure))
  assert.equal(first.health.localOriginFailures, 1)
})

test('a connection that is full or ending, and one that a limit is against, is no failure', () => {
  const first = bed.poolAt(0)
  for (const kind of ['unprocessed', 'overflow']) {
    times(5, () => bed.pools.balancer.outcomes.onUnreachable(bed.trying(first), { kind, message: 'full' }))
  }
  assert.equal(first.health.isQuiet, true)
})

test('a connection that answers no PING ejects at once, and what its requests then tell adds nothing', () => {
  const { health } = bed.poolAt(2)
  bed.pools.clock.advance(10)
  bed.pools.health.noteSilent(health, 'silence')
  times(100, () => bed.pools.balancer.outcomes.onLost(bed.trying(bed.poolAt(2), 0), 'reset', 'lost'))
  assert.equal(health.state, 'ejected')
  assert.equal(health.ejections, 1)
  assert.equal(bed.pools.counters.ejections.silent, 1)
})

test('who cannot be connected to is dialled by us before any request goes there, for ever longer pauses', () => {
  const second = bed.pools.poolOf(bed.group.endpoints[1] ?? assert.fail()) as unknown as {
    readonly probes: ((failure?: object) => void)[]
  }
  times(3, () => bed.fail(bed.poolAt(1)))
  const pauses: number[] = []
  for (let round = 0; round < 5; round++) {
    let pause = 0
    for (; bed.stateOf(1) === 'ejected'; pause += 250) bed.pools.advance(250)
    pauses.push(pause)
    assert.equal(second.probes.length, 0)
    times(10, () => assert.notEqual(bed.pick(), bed.poolAt(1)))
    assert.equal(second.probes.length, 1, 'one dial at a time')
    second.probes.pop()?.({ kind: 'timeout', message: `timed out ${round}` })
    assert.equal(bed.stateOf(1), 'ejected')
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 8000])
  bed.pools.advance(8000)
  bed.pick()
  second.probes.pop()?.(undefined)
  assert.equal(bed.stateOf(1), 'healthy')
  assert.match(bed.picks(6), /2/)
  assert.deepEqual(bed.pools.counters.states, { ejected: 0, probation: 0, slowed: 0 })
})

test('a connection that was begun before the ejection, and made after it, brings the endpoint back', () => {
  const startedMs = bed.pools.clock.monotonicMs()
  bed.pools.clock.advance(10)
  times(3, () => bed.fail(bed.poolAt(1)))
  assert.equal(bed.stateOf(1), 'ejected')
  bed.pools.clock.advance(10)
  bed.pools.balancer.outcomes.onConnected(bed.trying(bed.poolAt(1), startedMs))
  assert.equal(bed.stateOf(1), 'healthy')
})

test('nobody is dialled where nobody asks', () => {
  times(3, () => bed.fail(bed.poolAt(1)))
  bed.pools.advance(20_000)
  assert.equal(bed.stateOf(1), 'probation')
  assert.equal(bed.poolAt(1).health.isProbing, false)
  bed.pools.advance(300_000)
  assert.equal(bed.stateOf(1), 'healthy')
  assert.deepEqual(bed.pools.turns, ['10.0.0.2 ejected'])
  bed.pools.advance(1000)
  assert.equal(bed.pools.health.noted.size, 0)
})

test('an endpoint that was well for as long as it had been kept away begins anew', () => {
  const eject = (): number => {
    times(3, () => bed.fail(bed.poolAt(0)))
    const { health } = bed.poolAt(0)
    return health.untilMs - health.sinceMs
  }
  const recover = (): void => {
    bed.pools.advance(bed.poolAt(0).health.untilMs - bed.pools.clock.monotonicMs())
    bed.pools.balancer.outcomes.onConnected(bed.trying(bed.poolAt(0)))
  }
  assert.equal(eject(), 1000)
  recover()
  assert.equal(eject(), 2000)
  recover()
  bed.pools.advance(2000)
  assert.equal(eject(), 1000)
})

/** Where a request goes that fails wherever it goes. */
const triesOf = (count: number): string => {
  const tried: EndpointPool[] = []
  for (let i = 0; i < count; i++) tried.push(bed.pools.balancer.pickEndpoint(bed.group, tried) ?? assert.fail())
  return tried.map(({ endpoint }) => endpoint.address.slice(7)).join('')
}

test('a retry goes to an endpoint that is ejected for its answers only when there is no other one', () => {
  bed.group = groupOf(3, {})
  bed.pick()
  times(5, () => bed.answer(bed.poolAt(1), 500))
  assert.match(triesOf(3), /^(13|31)2$/)
})

test('a retry never goes to an endpoint that cannot be connected to, as long as there is another one', () => {
  times(3, () => bed.fail(bed.poolAt(1)))
  assert.match(triesOf(5), /^(13131|31313)$/)
  times(3, () => bed.fail(bed.poolAt(2)))
  assert.equal(triesOf(3), '111')
  times(3, () => bed.fail(bed.poolAt(0)))
  assert.equal(new Set(triesOf(3)).size, 3)
})

test('answers count only where a policy says so', () => {
  times(20, () => bed.answer(bed.poolAt(0), 503))
  assert.equal(bed.stateOf(0), 'healthy')
  assert.equal(bed.poolAt(0).health.isQuiet, true)
  bed.group = groupOf(3, {})
  bed.pick()
  times(4, () => bed.answer(bed.poolAt(0), 500))
  bed.answer(bed.poolAt(0), 404)
  times(4, () => bed.answer(bed.poolAt(0), 500))
  assert.equal(bed.stateOf(0), 'healthy')
  bed.answer(bed.poolAt(0), 503)
  assert.equal(bed.stateOf(0), 'ejected')
})

test('gateway errors are 502, 503, 504 and tries without an answer', () => {
  bed.group = groupOf(9, { consecutive5xxErrors: 0, consecutiveGatewayErrors: 2 })
  bed.pick()
  const ways: readonly (readonly [() => void, boolean])[] = [500, 501, 502, 503, 504, 505].map((status, i) => [
    () => void bed.answer(bed.poolAt(i), status),
    status >= 502 && status <= 504,
  ])
  for (const [i, [run, isGateway]] of ways.entries()) {
    times(2, run)
    assert.equal(bed.stateOf(i), isGateway ? 'ejected' : 'healthy', `${500 + i}`)
  }
  times(2, () => bed.pools.balancer.outcomes.onLost(bed.trying(bed.poolAt(7)), 'timeout', 'too late'))
  assert.equal(bed.stateOf(7), 'ejected')
  bed.answer(bed.poolAt(8), 502)
  bed.answer(bed.poolAt(8), 500)
  bed.answer(bed.poolAt(8), 502)
  assert.equal(bed.stateOf(8), 'healthy')
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
    bed.group = groupOf(4, { consecutive5xxErrors: 3 })
    bed.pick()
    const type = ['content-type', 'application/grpc+proto']
    times(3, () => {
      assert.equal(bed.answer(bed.poolAt(0), 200, type), false)
      const fields = status === undefined ? undefined : new HeaderList(['grpc-status', status])
      bed.pools.balancer.outcomes.onTrailers(bed.trying(bed.poolAt(0)), fields)
    })
    assert.equal(bed.stateOf(0), isError ? 'ejected' : 'healthy')
    if (status === undefined) return
    times(3, () => assert.equal(bed.answer(bed.poolAt(1), 200, [...type, 'grpc-status', status]), true))
    assert.equal(bed.stateOf(1), isError ? 'ejected' : 'healthy')
  })
}

test('after an ejection for answers one request at a time shows whether it is well', () => {
  bed.group = groupOf(3, {})
  bed.pick()
  times(5, () => bed.answer(bed.poolAt(2), 500))
  bed.pools.advance(1000)
  assert.equal(bed.stateOf(2), 'probation')
  bed.pools.clock.advance(1)
  assert.equal(bed.pick(), bed.poolAt(2))
  const startedMs = bed.pools.clock.monotonicMs()
  times(6, () => assert.notEqual(bed.pick(), bed.poolAt(2)))
  bed.answer(bed.poolAt(2), 500, [], 0)
  assert.equal(bed.stateOf(2), 'probation', 'what began before the probation says nothing')
  bed.poolAt(2).health.endTrial(0)
  assert.notEqual(bed.pick(), bed.poolAt(2))
  bed.answer(bed.poolAt(2), 500, [], startedMs)
  assert.equal(bed.stateOf(2), 'ejected')
  bed.pools.advance(1750)
  assert.equal(bed.stateOf(2), 'ejected', 'twice as long')
  bed.pools.advance(250)
  bed.pools.clock.advance(1)
  assert.equal(bed.pick(), bed.poolAt(2))
  bed.poolAt(2).health.endTrial(bed.pools.clock.monotonicMs())
  assert.equal(bed.pick(), bed.poolAt(2), 'the trial before had no verdict: its client went away')
  bed.answer(bed.poolAt(2), 200)
  assert.equal(bed.stateOf(2), 'healthy')
})

test('too few good answers in an interval eject', () => {
  bed.group = groupOf(4, { consecutive5xxErrors: 0, successRatio: { minimumPercent: 90, minimumRequests: 10 } })
  bed.pick()
  const run = (index: number, good: number, bad: number): void => {
    times(good, () => bed.answer(bed.poolAt(index), 200))
    times(bad, () => bed.answer(bed.poolAt(index), 500))
  }
  run(0, 9, 1)
  run(1, 8, 2)
  run(2, 0, 9)
  bed.pools.advance(9750)
  assert.equal(bed.stateOf(1), 'healthy')
  bed.pools.advance(500)
  assert.deepEqual([bed.stateOf(0), bed.stateOf(1), bed.stateOf(2)], ['healthy', 'ejected', 'healthy'])
  assert.equal(bed.pools.counters.ejections.successRatio, 1)
})

test('nothing counts once the process is ending', () => {
  bed.pools.health.end()
  times(5, () => bed.fail(bed.poolAt(0)))
  bed.pools.health.noteSilent(bed.poolAt(0).health, 'silence')
  assert.equal(bed.poolAt(0).health.isQuiet, true)
})

test('failures of who is ejected, and used for want of others, do not keep it away for longer', () => {
  bed.group = groupOf(2, { maxEjectionPercent: 100 })
  bed.pick()
  for (const index of [0, 1]) times(3, () => bed.fail(bed.poolAt(index)))
  bed.pools.advance(500)
  const { untilMs } = bed.poolAt(0).health
  times(6, () => bed.fail(bed.poolAt(0)))
  assert.deepEqual([bed.poolAt(0).health.untilMs, bed.poolAt(0).health.ejections], [untilMs, 1])
})

test('a retry goes to one with its whole share first, then to one far away, then to one that is ejected', () => {
  const { endpoints } = groupOf(5)
  bed.group = {
    ...groupOf(5, { maxEjectionPercent: 80 }),
    // The first three are near.
    endpoints: endpoints.map((endpoint, i) => (i < 3 ? { ...endpoint, isNear: true } : endpoint)),
  }
  bed.pick()
  bed.poolAt(1).health.rest(10_000)
  times(5, () => bed.answer(bed.poolAt(3), 500))
  assert.match(triesOf(5), /^(..2|2..)54$/)
  const others = bed.pools.balancer.pickEndpoint(bed.group, [bed.poolAt(0)])
  assert.equal(others, bed.poolAt(2), 'not the one that rests')
})

test('an ejection in the middle of a turn leaves nobody without an endpoint', () => {
  bed = new OutlierBed(groupOf(3), new FakePools({ turn: 0 }))
  const first = Array.from({ length: 8 + 8 + 1 }, () => bed.pick()).at(-1)
  assert.equal(first, bed.poolAt(2))
  times(3, () => bed.fail(bed.poolAt(2)))
  assert.equal(bed.picks(32).includes('3'), false)
})
