import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { ParkedRequests } from './parked-requests.ts'
import { LONGEST_WAIT_MS, RequestQueue, STANDING_LENGTH, STANDING_MS, STANDING_WAIT_MS } from './request-queue.ts'
import type { WaitingRequest } from './waiting-request.ts'

const REFUSED_AFTER_MS = 100 * STANDING_WAIT_MS

type Named = WaitingRequest & { readonly name: string; isGone: boolean }

const request = (name: string): Named => ({
  name,
  waitingSinceMs: 0,
  isGone: false,
  resume: () => {},
  refuse: () => {},
})

let queue: RequestQueue
beforeEach(() => {
  queue = new RequestQueue()
})

const push = (nowMs: number, ...names: readonly string[]): readonly Named[] => {
  const requests = names.map(request)
  for (const one of requests) queue.push(one, nowMs)
  return requests
}

const times = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index))

const nameOf = (one: WaitingRequest | undefined): string | undefined =>
  one !== undefined && 'name' in one ? String(one.name) : undefined

describe('a queue of requests', () => {
  it('works off a burst in the order it came, however long that takes, and refuses none of it', () => {
    push(0, ...Array.from({ length: 1000 }, (_, i) => String(i)))
    for (let i = 0; i < 1000; i++) {
      const nowMs = i * 1.5
      assert.equal(queue.takeOverdue(nowMs), undefined)
      assert.equal(nameOf(queue.take(nowMs)), String(i))
    }
    assert.equal(queue.length, 0)
  })

  /** As many ask again every 10 ms as were served then, give or take a few; how many were refused in three seconds. */
  const keepOpen = (requests: number, perTurn: number): number => {
    let name = 0
    let next = 0
    let refused = 0
    const ask = (nowMs: number, count: number): void => void push(nowMs, ...times(count, () => String(name++)))
    ask(0, requests)
    for (let nowMs = 1; nowMs < 3000; nowMs += 10) {
      const count = perTurn + (nowMs % 5) - 2
      for (let i = 0; i < count; i++) {
        const taken = nameOf(queue.take(nowMs))
        if (!queue.isOverload(nowMs)) assert.equal(taken, String(next++))
      }
      while (queue.takeOverdue(nowMs) !== undefined) refused++
      ask(nowMs, requests - queue.length)
    }
    return refused
  }

  for (const { requests, perTurn, waitMs } of [
    { requests: 2000, perTurn: 600, waitMs: 33 },
    { requests: STANDING_LENGTH - 1, perTurn: 5, waitMs: 1000 },
  ]) {
    it(`works off in order ${requests} requests that are always open and wait ${waitMs} ms`, () => {
      assert.equal(keepOpen(requests, perTurn), 0)
    })
  }

  it('that stands, with very many who wait long, has the latest go first, and the oldest refused', () => {
    assert.ok(keepOpen(STANDING_LENGTH + 10, 20) > 300)
  })

  it('that stands is worked off in order when its clients are more patient', () => {
    queue = new RequestQueue(5 * STANDING_WAIT_MS)
    assert.equal(keepOpen(STANDING_LENGTH + 10, 20), 0)
  })

  it('that gets longer and longer has the latest go first, and the oldest refused', () => {
    const parked: string[] = []
    let name = 0
    let nowMs = 0
    const ask = (): void => {
      for (const one of times(2, () => request(String(name++)))) {
        queue.push({ ...one, park: () => parked.push(one.name) }, nowMs)
      }
    }
    let next = 0
    for (; !queue.isOverload(nowMs); nowMs += 2) {
      ask()
      assert.ok(nowMs < 1000 && queue.length < STANDING_LENGTH)
      assert.equal(nameOf(queue.take(nowMs)), String(next++))
    }
    ask()
    assert.equal(nameOf(queue.take(nowMs)), String(name - 1))
    assert.deepEqual(parked.slice(0, 2), [String(next), String(next + 1)])
    assert.equal(queue.takeOverdue(nowMs), undefined, 'a pause of the machine makes nobody hopeless')
    nowMs += 400
    assert.equal(nameOf(queue.takeOverdue(nowMs)), String(next))
    for (let late = queue.takeOverdue(nowMs); late !== undefined; late = queue.takeOverdue(nowMs)) {
      assert.ok(nowMs - late.waitingSinceMs >= REFUSED_AFTER_MS)
    }
    assert.ok(queue.length > 0)
    assert.equal(queue.take(nowMs), undefined)
  })

  it('has a burst of thousands go in order though it takes long', () => {
    push(0, ...times(10_000, String))
    for (let next = 0; queue.length > 0; next++) {
      const nowMs = next / 10
      assert.equal(nameOf(queue.take(nowMs)), String(next))
      assert.equal(queue.takeOverdue(nowMs), undefined)
    }
  })

  it('in which somebody waits very long is an overload though it does not grow', () => {
    push(0, 'a', 'b')
    assert.equal(queue.takeOverdue(LONGEST_WAIT_MS - 1), undefined)
    push(LONGEST_WAIT_MS + STANDING_MS, 'c')
    assert.equal(nameOf(queue.take(LONGEST_WAIT_MS + STANDING_MS)), 'c')
    assert.equal(nameOf(queue.takeOverdue(LONGEST_WAIT_MS + STANDING_MS)), 'a')
  })

  it('takes what a pause has left for a burst', () => {
    push(0, 'a')
    assert.equal(queue.isOverload(STANDING_MS / 2), false)
    push(5 * STANDING_MS, ...times(2 * STANDING_LENGTH, String))
    assert.equal(queue.takeOverdue(5 * STANDING_MS), undefined)
    assert.equal(nameOf(queue.take(5 * STANDING_MS)), 'a')
  })

  it('is the same overload when it was empty for a moment only', () => {
    push(0, 'a')
    assert.equal(nameOf(queue.takeOverdue(LONGEST_WAIT_MS)), 'a')
    push(LONGEST_WAIT_MS + 10, 'b', 'c')
    assert.equal(nameOf(queue.take(LONGEST_WAIT_MS + 10)), 'c')
    assert.equal(nameOf(queue.take(LONGEST_WAIT_MS + 10)), 'b')
    push(2 * LONGEST_WAIT_MS, 'd', 'e')
    assert.equal(nameOf(queue.take(2 * LONGEST_WAIT_MS)), 'd')
  })

  it('passes over those that are gone', () => {
    const [first, , third] = push(0, 'a', 'b', 'c')
    assert.ok(first && third)
    first.isGone = third.isGone = true
    assert.equal(nameOf(queue.take(0)), 'b')
    assert.equal(queue.takeOverdue(LONGEST_WAIT_MS), undefined)
    assert.equal(queue.length, 0)
  })

  it('may keep everybody waiting for ever', () => {
    queue = new RequestQueue(0)
    push(0, 'a', 'b')
    assert.equal(queue.takeOverdue(1e9), undefined)
    assert.equal(nameOf(queue.take(1e9)), 'a')
  })

  it('keeps its order while thousands come and go', () => {
    const names = Array.from({ length: 5000 }, (_, i) => String(i))
    push(0, ...names)
    const taken = names.map(() => nameOf(queue.take(0)))
    assert.deepEqual(taken, names)
  })

  it('that is an overload has nobody late who came after those that were passed over', () => {
    push(0, 'a')
    assert.equal(queue.isOverload(LONGEST_WAIT_MS), true)
    push(LONGEST_WAIT_MS, 'b', 'c')
    const laterMs = LONGEST_WAIT_MS + 90
    assert.equal(nameOf(queue.take(laterMs, LONGEST_WAIT_MS - 1)), 'c')
    assert.equal(queue.take(laterMs, LONGEST_WAIT_MS), undefined)
    assert.equal(nameOf(queue.takeLate(laterMs)), 'b')
    assert.equal(nameOf(queue.takeLate(laterMs)), 'a')
    assert.equal(queue.takeLate(laterMs), undefined)
    assert.equal(queue.length, 0)
  })

  it('that is none has nobody who is late', () => {
    push(0, 'a')
    assert.equal(queue.takeLate(STANDING_MS), undefined)
    assert.equal(nameOf(queue.take(STANDING_MS)), 'a')
  })
})

describe('requests that are parked', () => {
  const ways = times(3, () => ({}))
  const parkedOn = (way: number, index: number): Named => ({ ...request(`${way}/${index}`), way: ways[way] ?? {} })

  it('come from one connection as long as there is something, the oldest first, and what it parks then is behind', () => {
    const parked = new ParkedRequests()
    for (let i = 0; i < 4; i++) for (const way of ways.keys()) parked.push(parkedOn(way, i))
    const taken: (string | undefined)[] = []
    for (let i = 0; i < 12; i++) {
      taken.push(nameOf(parked.takeOldest()))
      parked.push(parkedOn(0, 100 + i))
    }
    const first = ways.flatMap((_, way) => [0, 1, 2, 3].map((i) => `${way}/${i}`))
    assert.deepEqual(taken, first)
    assert.equal(nameOf(parked.oldest), '0/100')
    assert.equal(parked.length, 12)
  })

  it('may be taken from both ends, and each comes once', () => {
    const parked = new ParkedRequests()
    const all = Array.from({ length: 1000 }, (_, i) => parkedOn(i % 3, i))
    for (const one of all) parked.push(one)
    const taken = all.map((_, i) => nameOf(i % 4 > 0 ? parked.takeOldest() : parked.takeLatest()))
    assert.deepEqual(new Set(taken), new Set(all.map(({ name }) => name)))
    assert.equal(parked.length, 0)
    assert.deepEqual([parked.takeOldest(), parked.takeLatest(), parked.oldest], [undefined, undefined, undefined])
    parked.push(parkedOn(1, 0))
    assert.equal(nameOf(parked.takeLatest()), '1/0')
  })
})
