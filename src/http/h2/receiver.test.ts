import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatVerdict,
  headersFrame,
  settingsFrame,
  formatFrame,
  parseFrames,
  words,
} from '../../../test/support/http/h2-frames.ts'
import { recordConnection } from '../../../test/support/http/h2-recorder.ts'
import type { ConnectionRecord } from '../../../test/support/http/h2-recorder.ts'
import { H2Connection } from './connection.ts'
import type { ConnectionOptions } from './connection.ts'
import * as h2 from './constants.ts'

type Write = ReturnType<typeof createBlockWriter>

const END_HEADERS = h2.FLAG_END_HEADERS
const END = h2.FLAG_END_STREAM
const post = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/'] as const

const startServer = (
  record: ConnectionRecord,
  options: Omit<ConnectionOptions, 'role'> = {},
): { readonly server: H2Connection; readonly write: Write } => {
  const server = new H2Connection(record.handler, { ...options, role: 'server' })
  server.start()
  server.take()
  server.feed(Buffer.concat([clientPreface, settingsFrame()]))
  server.take()
  return { server, write: createBlockWriter() }
}

const open = (write: Write, streamId: number, flags = END_HEADERS): Buffer =>
  headersFrame(flags, streamId, write(...post))

describe('a server', () => {
  for (const [name, bytes] of Object.entries({
    'HTTP/1.1': Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    'a preface cut by something else': Buffer.concat([clientPreface.subarray(0, 20), settingsFrame()]),
    'a frame before SETTINGS': Buffer.concat([clientPreface, formatFrame(h2.FRAME_PING, 0, 0, words(1, 2))]),
    'a SETTINGS answer first': Buffer.concat([clientPreface, formatFrame(h2.FRAME_SETTINGS, h2.FLAG_ACK, 0)]),
    'DATA first': Buffer.concat([clientPreface, dataFrame(0, 1)]),
  })) {
    it(`fails on ${name} in place of the preface`, () => {
      const record = recordConnection()
      const server = new H2Connection(record.handler, { role: 'server' })
      server.start()
      server.feed(bytes)
      assert.deepEqual(formatVerdict(server.take()), ['connection PROTOCOL_ERROR'])
      server.feed(clientPreface)
      assert.equal(record.events.length, 1)
    })
  }

  it('tells the owners of all streams when the connection fails, and hears nothing more', () => {
    const record = recordConnection()
    const { server, write } = startServer(record)
    server.feed(Buffer.concat([open(write, 1), open(write, 3), dataFrame(0, 0), open(write, 5)]))
    assert.deepEqual(
      record.streams.map(({ record: { events } }) => events),
      [['reset 1'], ['reset 1']],
    )
    assert.deepEqual(record.events.slice(1), ['closed', 'closed', 'failure 1: DATA on idle stream 0'])
    assert.equal(server.openStreams, 0)
  })

  for (const [name, { frame, expect }] of Object.entries<{
    readonly frame: (write: Write) => Buffer
    readonly expect: readonly string[]
  }>({
    DATA: { frame: () => dataFrame(0, 1), expect: ['stream 1 STREAM_CLOSED'] },
    'empty DATA': { frame: () => dataFrame(END, 1, Buffer.alloc(0)), expect: ['stream 1 STREAM_CLOSED'] },
    HEADERS: { frame: (write) => open(write, 1), expect: ['connection STREAM_CLOSED'] },
    trailers: {
      frame: (write) => headersFrame(END_HEADERS | END, 1, write('x', 'y')),
      expect: ['connection STREAM_CLOSED'],
    },
    RST_STREAM: { frame: () => formatFrame(h2.FRAME_RST_STREAM, 0, 1, words(h2.CANCEL)), expect: [] },
    WINDOW_UPDATE: { frame: () => formatFrame(h2.FRAME_WINDOW_UPDATE, 0, 1, words(1)), expect: [] },
    PRIORITY: { frame: () => formatFrame(h2.FRAME_PRIORITY, 0, 1, Buffer.alloc(5)), expect: [] },
  })) {
    it(`${expect.length === 0 ? 'takes' : 'refuses'} ${name} on a stream that both sides have ended`, () => {
      const record = recordConnection((stream) => server.headers(stream, [':status', '200'], true))
      const { server, write } = startServer(record)
      server.feed(open(write, 1, END_HEADERS | END))
      server.take()
      assert.equal(server.openStreams, 0)
      server.feed(frame(write))
      assert.deepEqual(formatVerdict(server.take()), expect)
    })
  }

  it('ignores what was in flight when it reset a stream, even long ago', () => {
    const record = recordConnection((stream) => server.reset(stream, h2.CANCEL))
    const { server, write } = startServer(record)
    const ids = Array.from({ length: 1000 }, (_, i) => i * 2 + 1)
    for (const id of ids) server.feed(open(write, id))
    const inFlight = ids.map((id) =>
      Buffer.concat([dataFrame(0, id), headersFrame(END_HEADERS | END, id, write('x', 'y'))]),
    )
    server.take()
    server.feed(Buffer.concat(inFlight))
    assert.deepEqual(
      formatVerdict(server.take()).filter((line) => !line.endsWith('STREAM_CLOSED')),
      [],
    )
    assert.equal(server.isOpen, true)
  })

  it('answers 431 to a header list above its limit, and goes on', () => {
    const record = recordConnection()
    const { server, write } = startServer(record, { settings: { maxHeaderListBytes: 500 } })
    const long = ['x-long', 'v'.repeat(600)]
    server.feed(
      Buffer.concat([headersFrame(END_HEADERS, 1, write(...post, ...long)), dataFrame(END, 1), open(write, 3)]),
    )
    const frames = parseFrames(server.take())
    assert.deepEqual(
      frames.map(({ type, streamId }) => [type, streamId]),
      [
        [h2.FRAME_HEADERS, 1],
        [h2.FRAME_RST_STREAM, 1],
      ],
    )
    assert.equal(record.streams.length, 1)
    assert.deepEqual(record.events, ['settings'])
  })

  it('acknowledges SETTINGS behind what it encoded before them', () => {
    const record = recordConnection((stream) => server.headers(stream, [':status', '200', 'server', 'fairway'], true))
    const { server, write } = startServer(record)
    server.feed(Buffer.concat([open(write, 1), settingsFrame([h2.SETTINGS_HEADER_TABLE_SIZE, 0])]))
    assert.deepEqual(
      parseFrames(server.take()).map(({ type }) => type),
      [h2.FRAME_HEADERS, h2.FRAME_SETTINGS],
    )
  })

  it('gives back the window that padding took', () => {
    const record = recordConnection()
    const { server, write } = startServer(record)
    server.feed(open(write, 1))
    const padded = dataFrame(h2.FLAG_PADDED, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(356, 'x')]))
    for (let i = 0; i < 2000; i++) {
      server.feed(padded)
      const stream = record.streams[0]?.stream
      if (stream !== undefined) server.consume(stream, 101)
    }
    assert.deepEqual(formatVerdict(server.take()), [])
    assert.equal(record.streams[0]?.record.body().length, 202_000)
  })

  it('joins CONTINUATION frames into one block', () => {
    const record = recordConnection()
    const { server, write } = startServer(record)
    const block = write(...post, 'x-long', '~'.repeat(20_000))
    const parts = [
      block.subarray(0, 5),
      block.subarray(5, 16_000),
      block.subarray(16_000, 16_000),
      block.subarray(16_000),
    ]
    parts.forEach((part, i) => {
      const type = i === 0 ? h2.FRAME_HEADERS : h2.FRAME_CONTINUATION
      server.feed(formatFrame(type, (i === 0 ? END : 0) | (i === 3 ? END_HEADERS : 0), 1, part))
    })
    assert.deepEqual(record.streams[0]?.fields, [...post, 'x-long', '~'.repeat(20_000)])
    assert.equal(record.streams[0]?.isEnd, true)
  })
})
