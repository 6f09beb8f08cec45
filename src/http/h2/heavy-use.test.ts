import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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

const connect = [':method', 'CONNECT', ':authority', '10.0.0.1:80'] as const
const request = Buffer.alloc(100, 'q')
const answer = Buffer.alloc(1024, 'a')

/** A server that answers the first bytes of each tunnel, and what a client does to it, all within one period. */
const startServer = (onRequest?: (stream: H2Stream, server: H2Connection) => void) => {
  const record = recordConnection((stream) => {
    server.headers(stream, [':status', '200'], false)
    return {
      onData: (_buffer, start, end) => {
        server.consume(stream, end - start)
        if (onRequest === undefined) server.data(stream, answer, 0, answer.length)
        else onRequest(stream, server)
      },
      onEnd: () => server.end(stream),
    }
  })
  const server = new H2Connection(record.handler, { role: 'server' })
  const write = createBlockWriter()
  server.start()
  server.feed(Buffer.concat([clientPreface, settingsFrame()]))
  server.take()
  const open = (streamId: number): Buffer => headersFrame(h2.FLAG_END_HEADERS, streamId, write(...connect))
  const failures = (): string[] => record.events.filter((event) => event.startsWith('failure'))
  /** Feeds it and takes what it says. */
  const exchange = (...frames: readonly Buffer[]): Buffer => {
    server.feed(Buffer.concat(frames))
    const bytes = server.take()
    server.setBlocked(false)
    return bytes
  }
  return { server, open, exchange, failures }
}

describe('heavy use within one second is no flood', () => {
  const endings = {
    END_STREAM: (id: number) => dataFrame(h2.FLAG_END_STREAM, id, Buffer.alloc(0)),
    'RST_STREAM of CANCEL': (id: number) => resetFrame(id),
    'END_STREAM and RST_STREAM behind it': (id: number) =>
      Buffer.concat([dataFrame(h2.FLAG_END_STREAM, id, Buffer.alloc(0)), resetFrame(id, h2.NO_ERROR)]),
  }
  for (const [ending, end] of Object.entries(endings)) {
    it(`of 20,000 short tunnels, a hundred at a time, each closed by ${ending}`, () => {
      const { server, open, exchange, failures } = startServer()
      for (let first = 1; first < 40_000; first += 200) {
        const ids = Array.from({ length: 100 }, (_, i) => first + 2 * i)
        exchange(...ids.map((id) => Buffer.concat([open(id), dataFrame(0, id, request)])))
        exchange(...ids.map(end), windowFrame(0, answer.length * 100))
      }
      assert.deepEqual(failures(), [])
      assert.equal(server.openStreams, 0)
    })
  }

  it('of tunnels whose ends cross: both sides reset, thousands of times', () => {
    const { open, exchange, failures } = startServer((stream, server) => {
      server.data(stream, answer, 0, answer.length)
      server.end(stream)
      server.reset(stream, h2.NO_ERROR)
    })
    for (let id = 1; id < 20_000; id += 2) {
      exchange(open(id), dataFrame(0, id, request))
      exchange(resetFrame(id), windowFrame(id, answer.length), windowFrame(0, answer.length))
    }
    assert.deepEqual(failures(), [])
  })

  it('of a peer that answers every DATA frame with two WINDOW_UPDATE and a PING, and late at that', () => {
    const { server, open, exchange, failures } = startServer((stream) => server.data(stream, answer, 0, 10))
    const ids = Array.from({ length: 100 }, (_, i) => 2 * i + 1)
    exchange(...ids.map(open))
    let owed = 0
    for (let round = 0; round < 60; round++) {
      const frames = parseFrames(exchange(...ids.map((id) => dataFrame(0, id, request))))
      owed += frames.filter(({ type }) => type === h2.FRAME_DATA).length
    }
    assert.equal(owed, 6000)
    // A slow peer comes to it periods later, when nothing is sent any more.
    server.forgive()
    server.forgive()
    for (let i = 0; i < owed; i++) {
      exchange(windowFrame(0, 10), windowFrame(1, 10), formatFrame(h2.FRAME_PING, 0, 0, words(1, 2)))
    }
    assert.deepEqual(failures(), [])
  })

  for (const [name, windows] of Object.entries({
    'of the stream and the connection': (id: number) => [windowFrame(id, 32_769), windowFrame(0, 32_769)],
    'that differ by a byte': (id: number) => [windowFrame(id, 1), windowFrame(0, 16_385), windowFrame(id, 16_384)],
  })) {
    it(`of a reader of a long body whose windows leave a byte over each time, ${name}`, () => {
      let body: H2Stream | undefined
      const { server, open, exchange, failures } = startServer((stream) => void (body = stream))
      exchange(open(1), dataFrame(0, 1, request))
      const piece = Buffer.alloc(65_536)
      let slivers = 0
      for (let i = 0; i < 9000; i++) {
        if (body !== undefined && body.queuedBytes < piece.length) server.data(body, piece, 0, piece.length)
        const frames = parseFrames(exchange(...windows(1)))
        if (frames.some(({ type, payload }) => type === h2.FRAME_DATA && payload.length === 1)) slivers++
      }
      assert.deepEqual(failures(), [])
      assert.ok(slivers > 8000, `${slivers} frames were of one byte`)
    })
  }

  it('of 150,000 messages of ten bytes', () => {
    const { open, exchange, failures } = startServer(() => {})
    exchange(open(1))
    const message = dataFrame(0, 1, Buffer.alloc(10))
    const batch = Array.from({ length: 1000 }, () => message)
    for (let i = 0; i < 150; i++) exchange(...batch)
    assert.deepEqual(failures(), [])
  })

  it('of whole windows in small frames that were on their way when we reset their streams', () => {
    const { open, exchange, failures } = startServer((stream, server) => server.reset(stream, h2.INTERNAL_ERROR))
    const inFlight = Array.from({ length: 250 }, () => Buffer.alloc(1000))
    for (let id = 1; id < 200; id += 2) {
      exchange(open(id), ...inFlight.map((bytes) => dataFrame(0, id, bytes)), dataFrame(h2.FLAG_END_STREAM, id))
    }
    assert.deepEqual(failures(), [])
  })

  it('of a server that sends an early hint ahead of each of 10,000 answers', () => {
    const record = recordConnection()
    const client = new H2Connection(record.handler, { role: 'client' })
    const write = createBlockWriter()
    client.start()
    client.feed(settingsFrame())
    const get = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/']
    for (let i = 0; i < 10_000; i++) {
      const { id } = client.open(get, recordStream().handler, true)
      const hint = headersFrame(h2.FLAG_END_HEADERS, id, write(':status', '103', 'link', '</a>'))
      client.feed(Buffer.concat([hint, headersFrame(5, id, write(':status', '204'))]))
      client.take()
    }
    assert.deepEqual(
      record.events.filter((event) => event !== 'closed' && event !== 'settings'),
      [],
    )
    assert.equal(client.openStreams, 0)
  })

  it('of a server that resets each of 5,000 tunnels that we open', () => {
    const record = recordConnection()
    const client = new H2Connection(record.handler, { role: 'client' })
    client.start()
    client.feed(settingsFrame())
    for (let i = 0; i < 5000; i++) {
      client.feed(resetFrame(client.open(connect, recordStream().handler, false).id, h2.REFUSED_STREAM))
      client.take()
    }
    assert.equal(client.isOpen, true)
  })
})
