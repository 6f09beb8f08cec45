import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { MemoryChannel } from '../../../test/support/mesh/memory-channel.ts'
import { Relay } from './relay.ts'
import type { RelayEnd } from './relay.ts'

let client: MemoryChannel
let upstream: MemoryChannel
let relay: Relay
let ends: RelayEnd[]
let faults: unknown[]

beforeEach(() => {
  client = new MemoryChannel()
  upstream = new MemoryChannel()
  ends = []
  faults = []
  relay = new Relay(client, upstream, { onOver: (end) => ends.push(end), onFault: (error) => faults.push(error) })
  client.handler = relay
})

/** Both sides by name, so that what holds for one is asked of the other. */
const sides = [
  { from: 'client', to: 'upstream' },
  { from: 'upstream', to: 'client' },
] as const
const channelOf = (side: 'client' | 'upstream'): MemoryChannel => (side === 'client' ? client : upstream)

for (const { from, to } of sides) {
  describe(`from the ${from}`, () => {
    it('bytes pass, and are acknowledged when they are taken', () => {
      channelOf(from).receive('hello')
      assert.equal(channelOf(to).sent, 'hello')
      assert.equal(channelOf(from).consumed, 5)
    })

    it('bytes that have to queue are acknowledged when the queue is empty', () => {
      channelOf(to).isFull = true
      channelOf(from).receive('hello')
      channelOf(from).receive('again')
      assert.equal(channelOf(from).consumed, 0)
      channelOf(to).drain()
      assert.equal(channelOf(from).consumed, 10)
      assert.equal(channelOf(to).sent, 'helloagain')
    })

    it('an end is an end, and the other direction goes on', () => {
      channelOf(from).handler.onEnd()
      assert.equal(channelOf(to).ending, 'end')
      assert.equal(channelOf(from).ending, 'open')
      channelOf(to).receive('still here')
      assert.equal(channelOf(from).sent, 'still here')
      assert.deepEqual(ends, [])
      channelOf(to).handler.onEnd()
      assert.equal(channelOf(from).ending, 'end')
      assert.deepEqual(ends, ['ended'])
    })

    it('an end with bytes queued before it is over when they are taken', () => {
      channelOf(to).isFull = true
      channelOf(from).receive('last words')
      channelOf(from).handler.onEnd()
      channelOf(to).handler.onEnd()
      assert.deepEqual(ends, [])
      channelOf(to).drain()
      assert.deepEqual(ends, ['ended'])
      assert.equal(channelOf(from).consumed, 10)
    })

    it('a reset with an error is one for the other side, at once', () => {
      channelOf(to).isFull = true
      channelOf(from).receive('lost')
      channelOf(from).handler.onClosed(false, false)
      assert.equal(channelOf(to).ending, 'abort')
      assert.deepEqual(ends, [`${from}-reset`])
      relay.tick(0)
      relay.tick(60_000)
      assert.equal(ends.length, 1)
    })

    it('a reset that reads as an end is an end, and what comes for it is dropped', () => {
      channelOf(from).receive('bye')
      channelOf(from).handler.onClosed(true, false)
      assert.equal(channelOf(to).ending, 'end')
      channelOf(to).receive('too late')
      assert.equal(channelOf(to).discarded, 8)
      assert.equal(channelOf(to).consumed, 0)
      channelOf(to).handler.onEnd()
      assert.deepEqual(ends, ['ended'])
    })

    it('after such a reset the other side has five seconds to follow', () => {
      channelOf(from).handler.onClosed(true, false)
      for (const nowMs of [1000, 3000, 6000]) relay.tick(nowMs)
      assert.equal(channelOf(to).ending, 'end')
      relay.tick(6001)
      assert.equal(channelOf(to).ending, 'cut')
      assert.deepEqual(ends, ['ended'])
    })

    it('and these do not begin before it has everything', () => {
      channelOf(to).isFull = true
      channelOf(from).receive('a long farewell')
      channelOf(from).handler.onClosed(true, false)
      relay.tick(1000)
      relay.tick(100_000)
      assert.equal(channelOf(to).ending, 'end')
      channelOf(to).drain()
      relay.tick(101_000)
      relay.tick(105_000)
      assert.deepEqual(ends, [])
      relay.tick(107_000)
      assert.equal(channelOf(to).ending, 'cut')
    })

    it('a reset behind both ends, with the last bytes taken, is nothing', () => {
      channelOf(from).handler.onEnd()
      channelOf(to).handler.onEnd()
      channelOf(from).handler.onClosed(false, false)
      assert.deepEqual(ends, ['ended'])
      assert.equal(channelOf(to).ending, 'end')
    })

    it('bytes that are owed to a side that is gone are given up', () => {
      channelOf(to).isFull = true
      channelOf(from).receive('unread')
      channelOf(to).handler.onClosed(true, false)
      assert.equal(channelOf(from).discarded, 6)
      assert.equal(channelOf(from).ending, 'end')
    })
  })
}

it('a fault in what the endpoint sends is told, and does not leave the relay', () => {
  client.send = () => {
    throw new Error('bug')
  }
  upstream.receive('x')
  assert.match(String(faults[0]), /bug/)
})

it('an end may be noticed by the tick, where a queue says nothing when it is empty', () => {
  upstream.queuedBytes = 3
  client.handler.onEnd()
  upstream.handler.onEnd()
  assert.deepEqual(ends, [])
  upstream.queuedBytes = 0
  relay.tick(1000)
  assert.deepEqual(ends, ['ended'])
})

it('what is aborted is aborted on both sides, and nothing is told', () => {
  relay.abort()
  assert.deepEqual([client.ending, upstream.ending, ends], ['abort', 'abort', []])
})
