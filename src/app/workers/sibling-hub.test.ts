import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { describe, it } from 'node:test'
import type { FromWorker, ToWorker } from './messages.ts'
import { SiblingHub, type SiblingWorker } from './sibling-hub.ts'
import { SiblingLink } from './sibling-link.ts'

/** A worker with filters, whose messages are copied as between processes. */
class Worker implements SiblingWorker {
  readonly heard: string[] = []
  /** What was posted here and is not known to be sent. */
  readonly sending: (() => void)[] = []
  isReading = true
  readonly link: SiblingLink
  readonly #hub: SiblingHub

  constructor(hub: SiblingHub, count = 3) {
    this.#hub = hub
    const send = (message: FromWorker, onSent: () => void): void => {
      if ('channel' in message) hub.receive(this, structuredClone(message))
      onSent()
    }
    this.link = new SiblingLink({ count, send })
  }

  join(channel: string, greeting: readonly string[] = []) {
    const closing = new AbortController()
    const user = { hear: (text: string) => void this.heard.push(`${channel} ${text}`), greet: () => greeting }
    return { ...this.link.open(channel, user, closing.signal), close: () => closing.abort() }
  }

  post(message: ToWorker, onSent: () => void = () => {}): void {
    assert.ok(message.kind === 'siblings' || message.kind === 'sibling-greet')
    this.link.receive(structuredClone(message))
    if (this.isReading) onSent()
    else this.sending.push(onSent)
  }

  end(): void {
    this.#hub.forget(this)
  }
}

const setUp = (count = 3) => {
  const hub = new SiblingHub()
  return { hub, workers: Array.from({ length: count }, () => new Worker(hub)) }
}

describe('siblings in several workers', () => {
  it('are greeted by one that is there, whatever is read of one that was killed', async () => {
    const { workers } = setUp()
    const [killed, alive, newcomer] = workers
    killed?.end()
    killed?.join('a', ['from the dead'])
    alive?.join('a', ['welcome'])
    newcomer?.join('a')
    for (let i = 0; i < 5; i++) await setImmediate()
    assert.deepEqual([alive?.heard, newcomer?.heard], [[], ['a welcome']])
  })

  it('hear what the others of their channel tell, in order', async () => {
    const { workers } = setUp()
    const [one, two, three] = workers.map((worker) => worker.join('a'))
    workers[2]?.join('b')
    assert.equal(one?.count, 3)
    await Promise.all([one?.tell('1'), one?.tell('2'), two?.tell('3')])
    await setImmediate()
    await setImmediate()
    assert.deepEqual(
      workers.map(({ heard }) => heard),
      [['a 3'], ['a 1', 'a 2'], ['a 1', 'a 2', 'a 3']],
    )
    three?.close()
    await one?.tell('4')
    await three?.tell('5')
    await setImmediate()
    await setImmediate()
    assert.deepEqual([workers[0]?.heard.length, workers[1]?.heard.at(-1), workers[2]?.heard.length], [1, 'a 4', 3])
  })

  it('greet one that comes: the eldest does, whoever that is by then', async () => {
    const { hub, workers } = setUp(2)
    const [one, two] = workers
    one?.join('a', ['from one'])
    two?.join('a', ['from two', 'and again'])
    await setImmediate()
    assert.deepEqual(two?.heard, ['a from one'])
    one?.end()
    const next = new Worker(hub)
    next.join('a')
    await setImmediate()
    await setImmediate()
    assert.deepEqual([next.heard, one?.heard, two?.heard.length], [['a from two', 'a and again'], [], 1])
  })

  it('of a worker that does not read only the latest is kept', async () => {
    const { workers } = setUp(2)
    const [one, two] = workers
    assert.ok(one !== undefined && two !== undefined)
    const { tell } = one.join('a')
    two.join('a')
    two.isReading = false
    await tell('first')
    await setImmediate()
    for (let i = 0; i < 500; i++) await tell(String(i).padEnd(50_000))
    await setImmediate()
    assert.deepEqual(two.heard, ['a first'])
    for (const sent of two.sending.splice(0)) sent()
    assert.equal(two.heard.length, 81)
    assert.deepEqual([two.heard[1]?.trim(), two.heard.at(-1)?.trim()], ['a 420', 'a 499'])
  })

  it('are tied once, and tell no more than fits', () => {
    const { workers } = setUp(1)
    const tied = workers[0]?.join('a')
    assert.throws(() => workers[0]?.join('a'), /already/)
    assert.throws(() => void tied?.tell('x'.repeat(65_537)), RangeError)
    for (let i = 0; i < 100; i++) void tied?.tell('x')
    assert.throws(() => void tied?.tell('x'), RangeError, 'none of them is known to have left')
    tied?.close()
    workers[0]?.join('a')
  })
})
