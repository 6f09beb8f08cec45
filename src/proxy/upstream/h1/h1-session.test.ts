import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { upstreamRequest } from '../../../../test/support/upstream/upstream-request.ts'
import { turn } from '../../../../test/support/turns.ts'
import type { Channel } from '../../channel.ts'
import { TurnBudget } from '../../limits/turn-budget.ts'
import { H1Session } from './h1-session.ts'
import type { SessionUser } from '../session.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const CHUNKS = 20_000
const WHOLE = Buffer.from(`${HEAD}${'1\r\nx\r\n'.repeat(CHUNKS)}0\r\n\r\n`)
const FRAME_BYTES = 16_384

/** A session with one request under way, and a log of what becomes of it. */
const begin = () => {
  const log: string[] = []
  const got = { pieces: 0, consumed: 0 }
  const channel: Channel = {
    send: () => true,
    sendText: () => true,
    end: () => void log.push('channel end'),
    abort: () => void log.push('channel abort'),
    cut: () => {},
    isLasting: true,
    queuedBytes: 0,
    consume: (bytes) => (got.consumed += bytes),
    discard: () => {},
  }
  const keeper = { onIdle: () => void log.push('idle'), onGone: () => void log.push('gone') }
  const session = new H1Session(channel, keeper, new TurnBudget())
  const user: SessionUser = {
    onInformational: () => {},
    onResponse: ({ status }) => void log.push(`head ${status}`),
    onBody: () => {
      got.pieces++
      return true
    },
    onEnd: () => void log.push('end'),
    onFailure: (kind) => void log.push(kind),
    onDrain: () => {},
  }
  session.begin(user, upstreamRequest())
  session.finish(undefined)
  const receive = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += FRAME_BYTES) {
      session.onData(bytes, at, Math.min(at + FRAME_BYTES, bytes.length))
    }
  }
  return { session, log, got, receive }
}

describe('an answer in very many chunks', () => {
  it('is read over several turns, and the session is idle after the last', async () => {
    const { log, got, receive } = begin()
    receive(WHOLE)
    const perTurn: number[] = []
    for (let before = 0; !log.includes('end'); before = got.pieces) {
      await turn()
      perTurn.push(got.pieces - before)
    }
    // A turn ends with the frame that is too much for it.
    assert.ok(Math.max(...perTurn) <= 2 * (2048 + FRAME_BYTES / 6), `${Math.max(...perTurn)} in one turn`)
    assert.equal(got.pieces, CHUNKS)
    assert.equal(got.consumed, WHOLE.length)
    assert.deepEqual(log, ['head 200', 'end', 'idle'])
  })

  it('is whole when the tunnel ends behind it at once', () => {
    const { session, log, got, receive } = begin()
    receive(WHOLE)
    session.onEnd()
    assert.equal(got.pieces, CHUNKS)
    assert.deepEqual(log.slice(0, 2), ['head 200', 'end'])
    assert.ok(!log.includes('idle'))
  })

  for (const isClean of [true, false]) {
    it(`is whole when the tunnel is reset behind it at once, ${isClean ? 'as an end' : 'as an error'}`, () => {
      const { session, log, got, receive } = begin()
      receive(WHOLE)
      session.onClosed(isClean, false)
      assert.equal(got.pieces, CHUNKS)
      assert.deepEqual(log.slice(0, 2), ['head 200', 'end'])
    })
  }

  it('is not whole when the tunnel is reset before its end', () => {
    const { session, log, receive } = begin()
    receive(WHOLE.subarray(0, -5))
    session.onClosed(true, false)
    assert.deepEqual(log, ['head 200', 'channel abort', 'gone', 'reset'])
  })

  it('with another one behind it, that nobody asked for: the next request does not get it', async () => {
    const { log, receive } = begin()
    receive(
      Buffer.concat([WHOLE, Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'), Buffer.alloc(100_000)]),
    )
    while (!log.includes('end')) await turn()
    for (let i = 0; i < 5; i++) await turn()
    assert.ok(!log.includes('idle'), log.join())
    assert.ok(log.includes('gone'))
  })

  it('is forgotten when its reader goes', async () => {
    const { session, log, got, receive } = begin()
    receive(WHOLE)
    const before = got.pieces
    session.abandon()
    for (let i = 0; i < 5; i++) await turn()
    assert.equal(got.pieces, before)
    assert.deepEqual(log, ['head 200', 'channel abort', 'gone'])
  })
})
