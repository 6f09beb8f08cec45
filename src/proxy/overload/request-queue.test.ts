import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { BURST_MS, RequestQueue, STANDING_WAIT_MS } from './request-queue.ts'
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

const nameOf = (one: WaitingRequest | undefined): string | undefined =>
  one !== undefined && 'name' in one ? String(one.name) : undefined

describe('a queue of requests', () => {
  it('works off a burst in the order it came, and refuses none of it', () => {
    push(0, 'a', 'b', 'c')
    const late = BURST_MS - 1
    assert.equal(queue.isStanding(late), false)
    assert.equal(queue.takeOverdue(late), undefined)
    assert.deepEqual([queue.take(late), queue.take(late), queue.take(late)].map(nameOf), ['a', 'b', 'c'])
    assert.equal(queue.length, 0)
  })

  it('that is not empty for longer has the latest go first, and the oldest refused', () => {
    push(0, 'old')
    push(BURST_MS - STANDING_WAIT_MS + 1, 'a', 'b')
    assert.equal(nameOf(queue.take(BURST_MS)), 'b')
    assert.equal(nameOf(queue.takeOverdue(BURST_MS)), 'old')
    assert.equal(queue.takeOverdue(BURST_MS), undefined)
    assert.equal(queue.take(BURST_MS + STANDING_WAIT_MS), undefined)
    assert.equal(nameOf(queue.takeOverdue(BURST_MS + STANDING_WAIT_MS)), 'a')
    assert.equal(queue.length, 0)
  })

  it('is the same overload when it was empty for a moment only', () => {
    push(0, 'a')
    assert.equal(nameOf(queue.takeOverdue(BURST_MS)), 'a')
    push(BURST_MS + 10, 'b', 'c')
    assert.equal(nameOf(queue.take(BURST_MS + 10)), 'c')
    assert.equal(nameOf(queue.take(BURST_MS + 10)), 'b')
    push(3 * BURST_MS, 'd', 'e')
    assert.equal(nameOf(queue.take(3 * BURST_MS)), 'd')
  })

  it('is a burst again when the one before was worked off', () => {
    push(0, 'a')
    assert.equal(nameOf(queue.take(1)), 'a')
    push(2, 'b', 'c')
    assert.equal(nameOf(queue.take(BURST_MS - 1)), 'b')
  })

  it('passes over those that are gone', () => {
    const [first, , third] = push(0, 'a', 'b', 'c')
    assert.ok(first && third)
    first.isGone = third.isGone = true
    assert.equal(nameOf(queue.take(0)), 'b')
    assert.equal(queue.takeOverdue(BURST_MS), undefined)
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
