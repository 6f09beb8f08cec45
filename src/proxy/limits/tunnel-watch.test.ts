import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Deadlines } from './deadlines.ts'
import { TunnelWatch } from './tunnel-watch.ts'
import type { ExchangeExpiry, RestExpiry } from './tunnel-watch.ts'

const deadlines: Deadlines = {
  handshakeMs: 1,
  prefaceMs: 1,
  connectMs: 1,
  requestHeadMs: 3000,
  responseHeadMs: 5000,
  bodyIdleMs: 4000,
  keepAliveIdleMs: 10_000,
  upgradeIdleMs: 0,
  upgradeMaxMs: 0,
  streamIdleMs: 20_000,
  protocolDetectionMs: 1,
  clientHelloMs: 1,
  tcpIdleMs: 1,
  distrustedPeerMs: 1,
  expiredPeerMs: 1,
  connectionAgeMs: 1,
  agedConnectionMs: 1,
}

/** What a tick sees; missing is 0, false, or -1. */
interface Seen {
  readonly requestBytes?: number
  readonly responseBytes?: number
  readonly queuedRequestBytes?: number
  readonly unsentBytes?: number
  readonly awaitsBody?: boolean
  readonly awaitsHeadSinceMs?: number
}

/** Shows the watch one tick per second; `seenAt` tells what there is to see. The first expiry, and when it was. */
const watchExchange = (
  seenAt: (seconds: number) => Seen,
  parts: Partial<Deadlines> = {},
): readonly [ExchangeExpiry, number] | undefined => {
  const watch = new TunnelWatch({ ...deadlines, ...parts })
  for (let second = 1; second <= 100; second++) {
    const seen = seenAt(second)
    const { requestBytes = 0, responseBytes = 0, unsentBytes = 0, queuedRequestBytes = 0 } = seen
    const exchange = {
      record: { requestBytes, responseBytes },
      awaitsBody: seen.awaitsBody ?? false,
      outgoing: { queuedBytes: queuedRequestBytes, awaitsHeadSinceMs: seen.awaitsHeadSinceMs ?? -1 },
    }
    const expiry = watch.checkExchange(second * 1000, exchange, unsentBytes)
    if (expiry !== undefined) return [expiry, second]
  }
  return undefined
}

describe('an exchange', () => {
  const cases: readonly (readonly [
    what: string,
    seenAt: (second: number) => Seen,
    expected: readonly [ExchangeExpiry, number] | undefined,
  ])[] = [
    ['in which nothing moves is idle from the first tick on', () => ({}), ['stream', 21]],
    [
      'is not idle while the client sends',
      (second) => ({ requestBytes: Math.floor(second / 3), awaitsBody: true }),
      undefined,
    ],
    ['is not idle while the endpoint answers', (second) => ({ responseBytes: Math.floor(second / 15) }), undefined],
    [
      'is not idle while the endpoint takes what is queued, a byte at a time',
      (second) => ({ queuedRequestBytes: 1000 - Math.floor(second / 15) }),
      undefined,
    ],
    [
      'is not idle while the client takes what is queued, a byte at a time',
      (second) => ({ responseBytes: 1000, unsentBytes: 900 - Math.floor(second / 3) }),
      undefined,
    ],
    ['waits for the body', () => ({ awaitsBody: true }), ['request-body', 5]],
    [
      'waits for more of the body',
      (second) => ({ awaitsBody: true, requestBytes: Math.min(second, 7) }),
      ['request-body', 11],
    ],
    [
      'does not blame the client while the endpoint does not take the body',
      (second) => ({ awaitsBody: second > 15, queuedRequestBytes: second > 15 ? 0 : 70 }),
      ['request-body', 20],
    ],
    [
      'counts from when it is the turn of the client',
      (second) => ({ awaitsBody: second > 6, requestBytes: 10 }),
      ['request-body', 10],
    ],
    [
      'in which the answer goes on does not wait for the body',
      (second) => ({ awaitsBody: true, responseBytes: second }),
      undefined,
    ],
    [
      'waits for the client to read',
      (second) => ({ responseBytes: 5000, unsentBytes: second < 3 ? 0 : 5000 }),
      ['response-body', 7],
    ],
    [
      'sees that nothing is read though more is queued',
      (second) => ({ responseBytes: 5000 + second, unsentBytes: 5000 + second }),
      ['response-body', 5],
    ],
    [
      'does not mind a silent answer',
      () => ({ responseBytes: 5000, unsentBytes: 0 }),
      // Nothing moves, though, and that for longer than a stream may be idle.
      ['stream', 21],
    ],
    ['waits for the head of the answer', () => ({ awaitsHeadSinceMs: 1500 }), ['response-head', 7]],
    [
      'waits for the head from the whole request on',
      (second) => ({ awaitsHeadSinceMs: second < 9 ? -1 : 8900 }),
      ['response-head', 14],
    ],
  ]
  for (const [what, seenAt, expected] of cases) {
    it(what, () => assert.deepEqual(watchExchange(seenAt), expected))
  }

  it('has no deadline where it is 0', () => {
    const none = { responseHeadMs: 0, bodyIdleMs: 0, streamIdleMs: 0 }
    const stuck = { awaitsBody: true, awaitsHeadSinceMs: 0, responseBytes: 10, unsentBytes: 10 }
    assert.equal(
      watchExchange(() => stuck, none),
      undefined,
    )
  })

  it('begins anew with each request', () => {
    const watch = new TunnelWatch(deadlines)
    const exchange = {
      record: { requestBytes: 1, responseBytes: 0 },
      awaitsBody: true,
      outgoing: { queuedBytes: 0, awaitsHeadSinceMs: -1 },
    }
    for (let second = 1; second < 100; second++) {
      if (second % 3 === 0) watch.restart()
      assert.equal(watch.checkExchange(second * 1000, exchange, 0), undefined)
    }
  })
})

describe('a tunnel without an exchange', () => {
  const watchRest = (
    isIdleAt: (second: number) => boolean,
    parts: Partial<Deadlines> = {},
  ): readonly [RestExpiry, number] | undefined => {
    const watch = new TunnelWatch({ ...deadlines, ...parts })
    for (let second = 1; second <= 100; second++) {
      const expiry = watch.checkRest(second * 1000, isIdleAt(second))
      if (expiry !== undefined) return [expiry, second]
    }
    return undefined
  }

  it('is idle for so long', () =>
    assert.deepEqual(
      watchRest(() => true),
      ['keep-alive', 11],
    ))
  it('has a head for so long', () =>
    assert.deepEqual(
      watchRest((second) => second < 5),
      ['request-head', 8],
    ))
  it('is idle from the end of the head on', () =>
    assert.deepEqual(
      watchRest((second) => second > 2),
      ['keep-alive', 13],
    ))
  it('may wait for ever', () =>
    assert.equal(
      watchRest((second) => second < 50, { requestHeadMs: 0, keepAliveIdleMs: 0 }),
      undefined,
    ))

  it('begins anew after a request, though no tick saw it', () => {
    const watch = new TunnelWatch(deadlines)
    assert.equal(watch.checkRest(1000, true), undefined)
    watch.restart()
    assert.equal(watch.checkRest(11_500, true), undefined)
    assert.equal(watch.checkRest(21_500, true), 'keep-alive')
  })

  it('is idle only from the end of the exchange on', () => {
    const watch = new TunnelWatch(deadlines)
    const outgoing = { queuedBytes: 0, awaitsHeadSinceMs: -1 }
    const exchange = { record: { requestBytes: 1, responseBytes: 1 }, outgoing, awaitsBody: false }
    watch.checkRest(1000, true)
    watch.checkExchange(5000, exchange, 0)
    assert.equal(watch.checkRest(12_000, true), undefined)
    assert.equal(watch.checkRest(21_900, true), undefined)
    assert.equal(watch.checkRest(22_000, true), 'keep-alive')
  })
})
