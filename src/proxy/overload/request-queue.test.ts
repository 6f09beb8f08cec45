import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { LONGEST_WAIT_MS, LOOK_MS, RequestQueue, STANDING_WAIT_MS } from './request-queue.ts'
import type { WaitingRequest } from './request-queue.ts'

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

  it('works off in order what clients always have open, as long as nobody waits very long', () => {
    // As many ask again in each turn as were served, give or take a few.
    let name = 0
    const ask = (nowMs: number, count: number): void => void push(nowMs, ...times(count, () => String(name++)))
    ask(0, 1000)
    let next = 0
    for (let nowMs = 1; nowMs < 10_000; nowMs += 10) {
      const count = 8 + (nowMs % 5)
      for (let i = 0; i < count; i++) assert.equal(nameOf(queue.take(nowMs)), String(next++))
      assert.equal(queue.takeOverdue(nowMs), undefined)
      ask(nowMs, count)
    }
  })

  it('that gets longer and longer has the latest go first, and the oldest refused', () => {
    let name = 0
    let nowMs = 0
    const ask = (): void => void push(nowMs, ...times(4, () => String(name++)))
    for (; nowMs < 2 * LOOK_MS; nowMs++) {
      ask()
      assert.equal(nameOf(queue.take(nowMs)), String(nowMs))
      assert.equal(queue.takeOverdue(nowMs), undefined)
    }
    ask()
    assert.equal(nameOf(queue.take(nowMs)), String(name - 1))
    assert.equal(nameOf(queue.takeOverdue(nowMs)), String(2 * LOOK_MS))
    for (let late = queue.takeOverdue(nowMs); late !== undefined; late = queue.takeOverdue(nowMs)) {
      assert.ok(nowMs - late.waitingSinceMs >= STANDING_WAIT_MS)
    }
    assert.equal(queue.length, 4 * STANDING_WAIT_MS - 1)
    assert.equal(queue.take(nowMs + STANDING_WAIT_MS), undefined)
  })

  it('in which somebody waits very long is an overload though it does not grow', () => {
    push(0, 'a', 'b')
    assert.equal(queue.takeOverdue(LONGEST_WAIT_MS - 1), undefined)
    push(LONGEST_WAIT_MS + LOOK_MS, 'c')
    assert.equal(nameOf(queue.take(LONGEST_WAIT_MS + LOOK_MS)), 'c')
    assert.equal(nameOf(queue.takeOverdue(LONGEST_WAIT_MS + LOOK_MS)), 'a')
  })

  it('takes what a pause has left for a burst', () => {
    push(0, 'a')
    push(LOOK_MS, 'b')
    push(5 * LOOK_MS, ...times(100, String))
    assert.equal(queue.takeOverdue(5 * LOOK_MS), undefined)
    assert.equal(nameOf(queue.take(5 * LOOK_MS)), 'a')
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
})
