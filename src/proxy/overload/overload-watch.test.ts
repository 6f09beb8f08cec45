import assert from 'node:assert/strict'
import { beforeEach, describe, it, test } from 'node:test'
import { Counters } from '../counters.ts'
import { MemoryGuard, readMemoryRatio } from './memory-guard.ts'
import { OverloadWatch } from './overload-watch.ts'
import { Overload } from './overload.ts'

let counters: Counters
let overload: Overload
let ratio: number
let collected: number
let closed: string[]
let lines: string[]
let watch: OverloadWatch
let nowMs: number
let growth: string[]
let collections: number
let heapMb: number

beforeEach(() => {
  counters = new Counters()
  overload = new Overload({ counters, memoryBytes: 2 ** 30 })
  ratio = 0.5
  collected = 0
  closed = []
  lines = []
  nowMs = 0
  growth = []
  collections = 0
  heapMb = 40
  watch = new OverloadWatch({
    overload,
    counters,
    memory: new MemoryGuard(() => ratio),
    bufferBytes: 1000,
    log: {
      warn: (message, fields) => lines.push(`warn ${message} ${JSON.stringify(fields)}`),
      info: (message) => lines.push(`info ${message}`),
    },
    closeOf: (load, most) => {
      closed.push(`${load.principal} ${most}`)
      return most
    },
    collect: () => collected++,
    fullCollections: () => collections,
    heapBytes: () => heapMb * 1024 * 1024,
    allowGrowth: (percent) => {
      growth.push(`${percent}`)
      return () => growth.push('calm')
    },
  })
})

const tick = (seconds = 1): void => {
  for (let i = 0; i < seconds; i++) {
    nowMs += 1000
    watch.tick(nowMs)
  }
}

test('the heap may grow while requests wait, refused or not, until none has waited for a while', () => {
  tick(2)
  counters.waitingRequests = 300
  tick(5)
  counters.waitingRequests = 0
  tick(20)
  counters.waitingRequests = 1
  tick()
  counters.waitingRequests = 0
  tick(29)
  assert.deepEqual(growth, ['40'])
  tick()
  assert.deepEqual(growth, ['40', 'calm'])
  tick(60)
  assert.deepEqual(growth, ['40', 'calm'])
})

for (const { heap, percent } of [
  { heap: 0, percent: 100 },
  { heap: 10, percent: 100 },
  { heap: 32, percent: 50 },
  { heap: 160, percent: 10 },
]) {
  test(`a heap of ${heap} MB may grow by ${percent} % while requests wait`, () => {
    heapMb = heap
    counters.waitingRequests = 1
    tick(3)
    assert.deepEqual(growth, [`${percent}`])
  })
}

test('the heap may grow when all of it is collected three times a second, for two seconds', () => {
  const second = (times: number): readonly string[] => {
    collections += times
    tick()
    return growth
  }
  assert.deepEqual([2, 2, 9, 2, 3].flatMap(second), [], 'as when a process starts')
  assert.deepEqual(second(3), ['100'])
  for (let i = 0; i < 29; i++) second(1)
  assert.deepEqual(growth, ['100'])
  assert.deepEqual(second(1), ['100', 'calm'])
})

test('the heap may grow more when it is collected often while requests wait, and calms down with the process', () => {
  counters.waitingRequests = 1
  tick()
  for (let i = 0; i < 2; i++) {
    collections += 5
    tick()
  }
  assert.deepEqual(growth, ['40', '100'])
  watch.close()
  watch.close()
  assert.deepEqual(growth, ['40', '100', 'calm', 'calm'])
})

describe('an overload', () => {
  it('is told of at once, again after ten seconds, and when it is over', () => {
    tick(5)
    assert.deepEqual(lines, [])
    overload.sources.join('spiffe://a/ns/b/sa/c')
    for (let second = 0; second < 15; second++) {
      counters.overloadRefused.eventLoop += 10
      tick()
    }
    assert.equal(lines.length, 2)
    assert.match(lines[0] ?? '', /^warn overload: 10 requests .* run more replicas .*"greediest":"spiffe:/)
    tick(10)
    assert.deepEqual(lines.slice(2), ['info the overload is over: 150 refused in 15 s'])
    counters.overloadRefused.source++
    tick()
    assert.equal(lines.length, 4)
    watch.close()
  })
})

describe('memory', () => {
  it('that is short is collected, once a minute', () => {
    ratio = 0.86
    tick(3)
    assert.equal(collected, 1)
    tick(60)
    assert.equal(collected, 2)
    assert.deepEqual(closed, [])
  })

  it('that is nearly gone costs the greediest a quarter of its connections in each second', () => {
    const load = overload.sources.join('a')
    for (let i = 0; i < 8; i++) overload.sources.join('b')
    for (let i = 0; i < 4; i++) overload.sources.join('a')
    load.requests = 1000
    ratio = 0.96
    tick()
    assert.deepEqual(closed, ['a 2'])
    assert.equal(counters.overloadConnectionsClosed, 2)
    assert.match(lines[0] ?? '', /and 2 connections closed/)
    ratio = 0.91
    tick()
    assert.equal(closed.length, 2)
    ratio = 0.89
    tick()
    assert.equal(closed.length, 2)
  })

  it('is no longer short only some way below', () => {
    const load = overload.sources.join('a')
    const isShort = (at: number): boolean => {
      ratio = at
      tick()
      counters.activeExchanges = 100
      const refusal = overload.refusalOfRequest(load)
      counters.activeExchanges = 0
      return refusal !== undefined
    }
    assert.deepEqual([0.84, 0.86, 0.81, 0.79, 0.84].map(isShort), [false, true, true, false, false])
  })

  const tight = [
    { atRest: 0.4, high: 0.85, critical: 0.95 },
    { atRest: 0.7, high: 0.85, critical: 0.95 },
    { atRest: 0.9, high: 0.95, critical: 0.98 },
    // Eight workers in half a gigabyte: most of what each has is the same pages.
    { atRest: 1.6, high: 1.8, critical: 1.92 },
  ]
  for (const { atRest, high, critical } of tight) {
    it(`is short from ${high} on where a process at rest uses ${atRest}`, () => {
      let used = atRest
      const guard = new MemoryGuard(() => used)
      guard.settle()
      const at = (next: number): string => {
        used = next
        return guard.check()
      }
      const found = [at(high - 0.001), at(high + 0.001), at(critical + 0.001), at(Math.max(atRest, 0.79))]
      assert.deepEqual(found, ['none', 'high', 'critical', 'none'])
    })
  }

  it('is short as well when far more bytes wait than should', () => {
    const load = overload.sources.join('a')
    counters.heldBytes = 2001
    counters.activeExchanges = 100
    tick()
    assert.equal(overload.refusalOfRequest(load), 'bytes')
    counters.heldBytes = 0
    tick()
    assert.equal(overload.refusalOfRequest(load), undefined)
  })

  it('of this process is some of what there is', () => {
    const share = readMemoryRatio(100 * 2 ** 30)
    assert.ok(share > 0 && share < 1)
    assert.ok(readMemoryRatio(1) > 1)
  })
})
