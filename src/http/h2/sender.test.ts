import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { body, connect, createEcho, echo } from '../../../test/support/http/h2-echo.ts'
import { parseFrames } from '../../../test/support/http/h2-frames.ts'
import { createH2Pair } from '../../../test/support/http/h2-pair.ts'
import { recordConnection, recordStream } from '../../../test/support/http/h2-recorder.ts'
import { FRAME_DATA } from './constants.ts'

describe('flow control', () => {
  const windows = [
    { streamWindowBytes: 1, connectionWindowBytes: 65_535, total: 50 },
    { streamWindowBytes: 100, connectionWindowBytes: 65_535, total: 5000 },
    { streamWindowBytes: 65_535, connectionWindowBytes: 65_535, total: 400_000 },
    { streamWindowBytes: 1 << 20, connectionWindowBytes: 100_000, total: 1 << 20 },
  ]
  for (const { total, ...settings } of windows) {
    for (const pieceBytes of [1, 999, 70_000, total]) {
      if (total / pieceBytes > 10_000) continue
      it(`echoes ${total} bytes in pieces of ${pieceBytes} through a window of ${settings.streamWindowBytes}`, () => {
        const { pair } = createEcho({ client: { settings }, server: { settings } })
        pair.settle()
        const sent = body(total)
        const record = echo(pair, sent, pieceBytes)
        pair.settle()
        assert.ok(record.body().equals(sent))
        assert.equal(record.events.at(-1), 'end')
        assert.deepEqual([pair.client.openStreams, pair.server.openStreams], [0, 0])
      })
    }
  }

  it('holds a stream at its window until the owner consumes, and others not', () => {
    const server = recordConnection()
    const pair = createH2Pair(
      { client: recordConnection().handler, server: server.handler },
      { server: { settings: { streamWindowBytes: 100_000 } } },
    )
    pair.settle()
    const slow = recordStream()
    const stream = pair.client.open(connect, slow.handler, false)
    assert.equal(pair.client.data(stream, body(150_000), 0, 150_000), false)
    pair.settle()
    const theirs = server.streams[0]
    assert.equal(theirs?.record.body().length, 100_000)
    const other = pair.client.open(connect, recordStream().handler, false)
    assert.equal(pair.client.data(other, body(60_000), 0, 60_000), true)
    pair.settle()
    assert.equal(server.streams[1]?.record.body().length, 60_000)
    assert.deepEqual(slow.events, [])
    if (theirs !== undefined) pair.server.consume(theirs.stream, 100_000)
    pair.settle()
    assert.equal(theirs?.record.body().length, 150_000)
    assert.deepEqual(slow.events, ['drain'])
  })

  it('gives the connection window back although nobody consumes', () => {
    const server = recordConnection()
    const settings = { connectionWindowBytes: 65_535, streamWindowBytes: 40_000 }
    const pair = createH2Pair({ client: recordConnection().handler, server: server.handler }, { server: { settings } })
    pair.settle()
    for (let i = 0; i < 10; i++) {
      const stream = pair.client.open(connect, recordStream().handler, false)
      pair.client.data(stream, body(40_000), 0, 40_000)
    }
    pair.settle()
    assert.deepEqual(
      server.streams.map(({ record }) => record.body().length),
      Array(10).fill(40_000),
    )
  })

  it('queues while the socket is blocked, and says when the queue is out', () => {
    const { pair, server } = createEcho()
    const record = recordStream()
    const stream = pair.client.open(connect, record.handler, false)
    pair.settle()
    pair.client.setBlocked(true)
    assert.equal(pair.client.data(stream, body(10), 0, 10), false)
    assert.equal(pair.client.text(stream, 'more'), false)
    pair.client.end(stream)
    assert.equal(pair.client.outputBytes, 0)
    pair.client.setBlocked(false)
    assert.deepEqual(record.events, ['headers', 'drain'])
    pair.settle()
    assert.equal(server.streams[0]?.record.body().length, 14)
    assert.deepEqual(record.events, ['headers', 'drain', 'end'])
  })

  it('sends trailers behind the body that waits', () => {
    const server = recordConnection()
    const post = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/']
    const settings = { streamWindowBytes: 1000 }
    const pair = createH2Pair({ client: recordConnection().handler, server: server.handler }, { server: { settings } })
    pair.settle()
    const stream = pair.client.open(post, recordStream().handler, false)
    pair.client.data(stream, body(1500), 0, 1500)
    pair.client.headers(stream, ['grpc-status', '0'], true)
    pair.settle()
    const theirs = server.streams[0]
    assert.ok(theirs)
    assert.deepEqual(theirs.record.heads, [])
    pair.server.consume(theirs.stream, 1000)
    pair.settle()
    assert.equal(theirs.record.body().length, 1500)
    assert.deepEqual(theirs.record.heads, [['grpc-status', '0']])
    assert.deepEqual(theirs.record.events, ['headers+end', 'end'])
  })

  it('respects a small initial window of a server whose SETTINGS have not come yet', () => {
    const server = recordConnection()
    const settings = { streamWindowBytes: 100 }
    const pair = createH2Pair({ client: recordConnection().handler, server: server.handler }, { server: { settings } })
    const early = pair.client.open(connect, recordStream().handler, false)
    pair.client.data(early, body(65_535), 0, 65_535)
    pair.settle()
    assert.equal(server.streams[0]?.record.body().length, 65_535)
    assert.equal(pair.server.isOpen, true)
    assert.deepEqual(server.streams[0]?.record.events, [])
    assert.equal(pair.client.data(early, body(1), 0, 1), false)
  })

  it('takes turns between streams that wait', () => {
    const server = recordConnection()
    const pair = createH2Pair({ client: recordConnection().handler, server: server.handler })
    pair.settle()
    pair.client.setBlocked(true)
    for (let i = 0; i < 3; i++) {
      const stream = pair.client.open(connect, recordStream().handler, false)
      pair.client.data(stream, body(40_000), 0, 40_000)
    }
    pair.client.setBlocked(false)
    const order = parseFrames(pair.client.take()).flatMap(({ type, streamId }) =>
      type === FRAME_DATA ? [streamId] : [],
    )
    assert.deepEqual(order, [1, 3, 5, 1, 3, 5, 1, 3, 5])
  })

  it('bounds what it encodes ahead of the socket', () => {
    const server = recordConnection()
    const settings = { streamWindowBytes: 4 << 20 }
    const pair = createH2Pair({ client: recordConnection().handler, server: server.handler }, { server: { settings } })
    pair.settle()
    const stream = pair.client.open(connect, recordStream().handler, false)
    assert.equal(pair.client.data(stream, body(2 << 20), 0, 2 << 20), false)
    assert.ok(pair.client.outputBytes < 300 * 1024, `${pair.client.outputBytes}`)
    pair.settle()
    assert.equal(server.streams[0]?.record.body().length, 2 << 20)
  })

  it('answers true, without a later drain, when a queued piece went out during the call', () => {
    const { pair } = createEcho({ server: { settings: { streamWindowBytes: 1 << 20 } } })
    pair.settle()
    const record = recordStream()
    const stream = pair.client.open(connect, record.handler, false)
    pair.client.setBlocked(true)
    assert.equal(pair.client.data(stream, body(400_000), 0, 400_000), false)
    pair.client.setBlocked(false)
    pair.client.take()
    // 256 KiB are out, the rest fits now, but nobody has called setBlocked since.
    assert.equal(pair.client.data(stream, body(10), 0, 10), true)
    assert.deepEqual(record.events, ['drain'])
    pair.client.setBlocked(false)
    assert.deepEqual(record.events, ['drain'])
  })

  it('keeps what waits in memory of its own, that grows with it', () => {
    const { pair, server } = createEcho()
    const stream = pair.client.open(connect, recordStream().handler, false)
    pair.settle()
    pair.client.setBlocked(true)
    const read = body(65_536)
    for (let at = 0; at < 10_000; at++) pair.client.data(stream, read, at, at + 1)
    assert.ok(stream.queue.length < 12, `${stream.queue.length} pieces`)
    const heldBytes = (): number => stream.queue.reduce((sum, { buffer }) => sum + buffer.buffer.byteLength, 0)
    assert.ok(heldBytes() < 40_000, `${heldBytes()} bytes held`)
    pair.client.data(stream, read, 10_000, 65_536)
    assert.ok(heldBytes() < 65_536 + 40_000, `${heldBytes()} bytes held`)
    const sent = Buffer.from(read)
    read.fill(0)
    pair.client.setBlocked(false)
    pair.settle()
    assert.equal(server.streams[0]?.record.body().compare(sent), 0)
  })

  it('uses memory again that nobody waits in any more, whether it was sent or dropped', () => {
    const { pair } = createEcho({ server: { settings: { streamWindowBytes: 1 << 20 } } })
    pair.settle()
    const queueOf = (bytes: number): readonly Buffer[] => {
      const stream = pair.client.open(connect, recordStream().handler, false)
      pair.client.setBlocked(true)
      pair.client.data(stream, body(bytes), 0, bytes)
      const buffers = stream.queue.map(({ buffer }) => buffer)
      if (bytes > 100_000) pair.client.reset(stream, 8)
      pair.client.setBlocked(false)
      pair.settle()
      return buffers
    }
    const dropped = queueOf(200_000)
    const sent = queueOf(64_000)
    assert.ok(sent.length >= 4 && sent.every((buffer) => dropped.includes(buffer)))
    assert.ok(queueOf(64_000).every((buffer) => dropped.includes(buffer)))
  })

  it('forgets a waiting stream that the peer resets', () => {
    const { pair, server } = createEcho()
    const record = recordStream()
    const stream = pair.client.open(connect, record.handler, false)
    pair.settle()
    pair.client.setBlocked(true)
    pair.client.data(stream, body(100), 0, 100)
    pair.client.end(stream)
    const theirs = server.streams[0]?.stream
    assert.ok(theirs)
    pair.server.reset(theirs, 8)
    pair.settle()
    assert.deepEqual([stream.isScheduled, stream.queuedBytes, stream.queue.length], [false, 0, 0])
    pair.client.setBlocked(false)
    assert.equal(pair.client.outputBytes, 0)
    assert.deepEqual(record.events, ['headers', 'reset 8'])
  })
})
