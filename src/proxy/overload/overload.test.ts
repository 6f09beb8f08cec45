import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { Counters } from '../counters.ts'
import { Overload } from './overload.ts'
import type { SourceLoad } from './source-load.ts'

let counters: Counters
beforeEach(() => {
  counters = new Counters()
})

const GIB = 2 ** 30
const create = (limits: { readonly maxRequests?: number; readonly maxTunnels?: number } = {}): Overload =>
  new Overload({ ...limits, counters, memoryBytes: GIB })

const begin = (overload: Overload, load: SourceLoad): string => {
  const refusal = overload.refusalOfRequest(load)
  if (refusal !== undefined) return refusal
  counters.activeExchanges++
  load.requests++
  return 'begun'
}

const open = (overload: Overload, load: SourceLoad): string => {
  counters.openTunnels++
  load.tunnels++
  const refusal = overload.refusalOfTunnel(load)
  if (refusal === undefined) return 'open'
  counters.openTunnels--
  load.tunnels--
  return refusal
}

const repeat = (count: number, run: () => string): readonly string[] => [...new Set(Array.from({ length: count }, run))]

describe('limits', () => {
  it('are none for requests unless one is set', () => {
    const overload = create()
    const load = overload.sources.join('a')
    assert.deepEqual(
      repeat(100_000, () => begin(overload, load)),
      ['begun'],
    )
  })

  it('leave a quarter to clients with less than their share', () => {
    const overload = create({ maxRequests: 100 })
    const greedy = overload.sources.join('greedy')
    const other = overload.sources.join('other')
    assert.deepEqual(
      repeat(75, () => begin(overload, greedy)),
      ['begun'],
    )
    assert.equal(begin(overload, greedy), 'source')
    assert.deepEqual(
      repeat(25, () => begin(overload, other)),
      ['begun'],
    )
    assert.equal(begin(overload, other), 'requests')
    counters.activeExchanges -= 10
    greedy.requests -= 10
    assert.equal(begin(overload, greedy), 'source')
    assert.equal(begin(overload, other), 'begun')
  })

  it('are as many tunnels as memory allows', () => {
    const overload = create()
    const loads = ['a', 'b', 'c'].map((name) => overload.sources.join(name))
    const [a, b, c] = loads
    assert.ok(a && b && c)
    const all = Math.floor(GIB / 8 / 3072)
    assert.deepEqual(
      repeat(Math.floor(all * 0.75), () => open(overload, a)),
      ['open'],
    )
    assert.equal(open(overload, a), 'source')
    assert.deepEqual(
      repeat(Math.floor(all * 0.2), () => open(overload, b)),
      ['open'],
    )
    assert.equal(open(overload, c), 'open')
    repeat(all, () => open(overload, c))
    assert.equal(open(overload, b), 'tunnels')
    assert.equal(counters.openTunnels, all)
  })

  it('of tunnels can be lifted', () => {
    const overload = create({ maxTunnels: 0 })
    const load = overload.sources.join('a')
    assert.deepEqual(
      repeat(200_000, () => open(overload, load)),
      ['open'],
    )
  })
})

describe('memory that is short', () => {
  it('has ever fewer requests under way, but some, and no more tunnels than there are', () => {
    const overload = create()
    const load = overload.sources.join('a')
    repeat(1000, () => begin(overload, load))
    repeat(100, () => open(overload, load))
    overload.setPressure('high')
    assert.equal(begin(overload, load), 'heap')
    assert.equal(open(overload, load), 'heap')
    for (let second = 0; second < 10; second++) {
      counters.activeExchanges = load.requests = Math.floor(load.requests / 2)
      overload.setPressure('critical')
    }
    counters.activeExchanges = load.requests = 0
    const other = overload.sources.join('b')
    repeat(24, () => begin(overload, load))
    assert.equal(begin(overload, load), 'source')
    assert.deepEqual(
      repeat(8, () => begin(overload, other)),
      ['begun'],
    )
    assert.equal(begin(overload, other), 'heap')
    overload.setPressure('none')
    assert.equal(begin(overload, load), 'begun')
    assert.equal(open(overload, load), 'open')
  })

  it('leaves room for some tunnels, or a process that has no more than it needs would never serve anybody again', () => {
    const overload = create()
    const load = overload.sources.join('a')
    for (let second = 0; second < 60; second++) overload.setPressure('high')
    assert.deepEqual(
      repeat(48, () => open(overload, load)),
      ['open'],
    )
    assert.equal(open(overload, load), 'source')
  })

  it('is told apart from bytes that nobody takes', () => {
    const overload = create()
    const load = overload.sources.join('a')
    repeat(100, () => begin(overload, load))
    overload.setPressure('high', 'bytes')
    assert.equal(begin(overload, load), 'bytes')
  })
})

it('who has most open is the greediest', () => {
  const overload = create()
  assert.equal(overload.greediest(), undefined)
  const [many, busy] = ['many', 'busy'].map((name) => overload.sources.join(name))
  assert.ok(many && busy)
  many.tunnels = 100
  busy.requests = 1000
  assert.equal(overload.greediest(), busy)
  many.connections = 200
  assert.equal(overload.greediest(), many)
})

it('clients are known as long as they are connected', () => {
  const { sources } = create()
  const first = sources.join('a')
  assert.equal(sources.join('a'), first)
  sources.leave(first)
  assert.equal(sources.size, 1)
  sources.leave(first)
  assert.equal(sources.size, 0)
  assert.notEqual(sources.join('a'), first)
})
