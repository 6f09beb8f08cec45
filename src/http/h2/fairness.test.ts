import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { body, connect, createEcho } from '../../../test/support/http/h2-echo.ts'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatFrame,
  headersFrame,
  parseFrames,
  resetFrame,
  settingsFrame,
  windowFrame,
  words,
} from '../../../test/support/http/h2-frames.ts'
import { recordConnection, recordStream } from '../../../test/support/http/h2-recorder.ts'
import { H2Connection } from './connection.ts'
import * as h2 from './constants.ts'
import type { H2Stream } from './stream.ts'

const KIB = 1024
const FRAME = 16 * KIB
const large = body(1024 * KIB)

/** A server whose client has opened streams and gives whatever window it is told to. */
const startServer = (streams: number, settings: readonly (readonly [number, number])[] = []) => {
  const record = recordConnection((stream) => server.headers(stream, [':status', '200'], false))
  const server = new H2Connection(record.handler, { role: 'server' })
  const write = createBlockWriter()
  const open = (id: number): Buffer => headersFrame(h2.FLAG_END_HEADERS, id, write(...connect))
  server.start()
  server.feed(Buffer.concat([clientPreface, settingsFrame(...settings)]))
  for (let i = 0; i < streams; i++) server.feed(open(2 * i + 1))
  server.take()
  const stream = (i: number): H2Stream => {
    const found = record.streams[i]?.stream
    assert.ok(found)
    return found
  }
  return { server, stream, open }
}

const wide = [h2.SETTINGS_INITIAL_WINDOW_SIZE, 0x7fff_ffff] as const
const frames = (bytes: Buffer): string[] =>
  parseFrames(bytes).map(({ type, streamId }) => (type === h2.FRAME_DATA ? `DATA ${streamId}` : `${type}`))
const dataOrder = (bytes: Buffer): number[] =>
  parseFrames(bytes).flatMap(({ type, streamId }) => (type === h2.FRAME_DATA ? [streamId] : []))

describe('one connection', () => {
  it('answers PING ahead of all that is encoded, and says everything else ahead of what is queued', () => {
    const { server, stream, open } = startServer(2, [wide])
    server.feed(windowFrame(0, 100_000_000))
    server.data(stream(0), large, 0, large.length)
    server.feed(Buffer.concat([formatFrame(h2.FRAME_PING, 0, 0, words(1, 2)), settingsFrame(), open(5)]))
    server.reset(stream(1), h2.CANCEL)
    const [first, ...rest] = frames(server.take())
    assert.equal(first, '6')
    assert.deepEqual(rest.slice(-3), [String(h2.FRAME_SETTINGS), String(h2.FRAME_HEADERS), String(h2.FRAME_RST_STREAM)])
    assert.ok(rest.length <= 16 + 3, rest.join())
  })

  it('encodes no body while the socket is full, and everything else', () => {
    const { server, stream } = startServer(2, [wide])
    server.setBlocked(true)
    server.data(stream(0), large, 0, large.length)
    server.feed(Buffer.concat([formatFrame(h2.FRAME_PING, 0, 0, words(1, 2)), settingsFrame()]))
    server.reset(stream(1), h2.CANCEL)
    assert.deepEqual(frames(server.take()), ['6', String(h2.FRAME_SETTINGS), String(h2.FRAME_RST_STREAM)])
  })

  it('gives window back ahead of the bodies that it sends', () => {
    const { pair } = createEcho()
    const stream = pair.client.open(connect, recordStream().handler, false)
    pair.settle()
    pair.client.data(stream, large, 0, 60_000)
    pair.client.consume(stream, 200_000)
    assert.deepEqual(frames(pair.client.take()).slice(0, 2), [String(h2.FRAME_WINDOW_UPDATE), `DATA ${stream.id}`])
  })

  it('lets streams take turns where its window is the bottleneck, a newcomer among them', () => {
    const { server, stream, open } = startServer(3, [wide])
    for (const i of [0, 1, 2]) server.data(stream(i), large, 0, large.length)
    server.take()
    server.feed(open(7))
    server.data(stream(3), large, 0, 100)
    server.take()
    const order: number[] = []
    for (let i = 0; i < 8; i++) {
      server.feed(windowFrame(0, FRAME))
      order.push(...dataOrder(server.take()))
      server.setBlocked(false)
    }
    const newcomer = order.indexOf(7)
    assert.ok(newcomer >= 0 && newcomer <= 3, order.join())
    const greedy = order.filter((id) => id !== 7)
    for (let at = 3; at < greedy.length; at++) assert.equal(greedy[at], greedy[at - 3], greedy.join())
  })

  it('lets nobody who refills on drain overtake those who wait', () => {
    const record = recordConnection((stream) => {
      server.headers(stream, [':status', '200'], false)
      // A tunnel whose upstream always has more.
      const refill = (): void => {
        while (server.data(stream, large, 0, 60 * KIB));
      }
      return stream.id === 1 ? { onDrain: refill } : {}
    })
    const server = new H2Connection(record.handler, { role: 'server' })
    const write = createBlockWriter()
    server.start()
    server.feed(Buffer.concat([clientPreface, settingsFrame(wide), windowFrame(0, 100_000_000)]))
    for (const id of [1, 3]) server.feed(headersFrame(h2.FLAG_END_HEADERS, id, write(...connect)))
    server.take()
    server.setBlocked(true)
    for (const { stream } of record.streams) server.data(stream, large, 0, stream.id === 1 ? 100 : 100 * KIB)
    server.setBlocked(false)
    const order = dataOrder(server.take())
    const last = order.lastIndexOf(3)
    const between = order.slice(0, last).filter((id) => id === 1).length
    assert.ok(between <= 7, order.join())
    assert.equal(order.filter((id) => id === 3).length, 7)
  })

  it('encodes about 256 KiB for one write, however much its streams have', () => {
    const { server, stream } = startServer(100, [wide])
    server.feed(windowFrame(0, 100_000_000))
    let most = 0
    let total = 0
    for (let i = 0; i < 100; i++) server.data(stream(i), large, 0, 64 * KIB)
    while (server.outputBytes > 0) {
      const { length } = server.take()
      most = Math.max(most, length)
      total += length
      server.setBlocked(false)
    }
    assert.ok(most <= 328 * KIB, `${most} bytes in one write`)
    assert.ok(total >= 100 * 64 * KIB)
  })

  it('delays a small message by one write and one frame of each other stream, with 99 greedy ones beside it', () => {
    const { server, stream } = startServer(100, [wide])
    server.feed(windowFrame(0, 1_000_000_000))
    for (let i = 0; i < 99; i++) server.data(stream(i), large, 0, large.length)
    server.data(stream(99), large, 0, 10)
    let order: readonly number[] = []
    while (!order.includes(199)) {
      order = [...order, ...dataOrder(server.take())]
      server.setBlocked(false)
    }
    // 256 KiB were encoded when it came.
    assert.ok(order.indexOf(199) <= 16 + 99, `frame ${order.indexOf(199)}`)
  })
})

describe('a peer that opens no window', () => {
  it('has no more queued for it than it could send itself, and nothing once it resets', () => {
    const streamWindowBytes = 64 * KIB
    const { pair, server } = createEcho({
      server: { settings: { streamWindowBytes } },
      client: { settings: { streamWindowBytes: 0 } },
    })
    pair.settle()
    const streams = Array.from({ length: 100 }, () => pair.client.open(connect, recordStream().handler, false))
    for (const stream of streams) pair.client.data(stream, large, 0, large.length)
    pair.settle()
    const theirs = server.streams.map(({ stream }) => stream)
    const queued = theirs.map(({ queuedBytes }) => queuedBytes)
    assert.deepEqual(queued, Array(100).fill(streamWindowBytes))
    const held = theirs.flatMap(({ queue }) => queue).reduce((sum, { start, end }) => sum + end - start, 0)
    assert.equal(held, 100 * streamWindowBytes)
    for (const stream of streams) pair.client.reset(stream, h2.CANCEL)
    pair.settle()
    assert.ok(theirs.every(({ queuedBytes, queue, isScheduled }) => queuedBytes + queue.length === 0 && !isScheduled))
  })

  it('has no more queued when it shrinks the window below what is on its way', () => {
    const { server, stream } = startServer(1)
    server.data(stream(0), large, 0, 65_535)
    server.take()
    server.feed(settingsFrame([h2.SETTINGS_INITIAL_WINDOW_SIZE, 0]))
    server.feed(windowFrame(0, 1_000_000))
    server.data(stream(0), large, 0, 10)
    server.feed(windowFrame(1, 65_535))
    assert.deepEqual(dataOrder(server.take()), [])
    server.feed(windowFrame(1, 4))
    assert.deepEqual(
      parseFrames(server.take()).map(({ payload }) => payload.length),
      [4],
    )
  })

  it('ends its streams as it likes while they wait', () => {
    const { server, stream } = startServer(2, [[h2.SETTINGS_INITIAL_WINDOW_SIZE, 0]])
    for (const i of [0, 1]) {
      server.data(stream(i), large, 0, 100)
      server.end(stream(i))
    }
    server.feed(Buffer.concat([dataFrame(h2.FLAG_END_STREAM, 1), resetFrame(3)]))
    assert.equal(server.openStreams, 1)
    server.feed(windowFrame(1, 100))
    assert.deepEqual(dataOrder(server.take()), [1])
    assert.equal(server.openStreams, 0)
  })
})
