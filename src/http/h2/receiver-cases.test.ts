import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatVerdict,
  headersFrame,
  resetFrame,
  settingsFrame,
  windowFrame,
  formatFrame,
  settingsPayload,
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
const connect = [':method', 'CONNECT', ':authority', 'a:80'] as const

interface Case {
  readonly name: string
  /** What the client sends after preface and SETTINGS; `write` encodes header blocks. */
  readonly send: (write: Write) => readonly Buffer[]
  readonly expect: readonly string[]
}

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

const connectionErrors: readonly Case[] = [
  { name: 'DATA on stream 0', send: () => [dataFrame(0, 0)], expect: ['connection PROTOCOL_ERROR'] },
  { name: 'DATA on an idle stream', send: () => [dataFrame(0, 1)], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'DATA padding that exceeds the frame',
    send: (write) => [open(write, 1), dataFrame(h2.FLAG_PADDED, 1, Buffer.from([3, 1, 1]))],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'padded DATA without its length',
    send: (write) => [open(write, 1), dataFrame(h2.FLAG_PADDED, 1, Buffer.alloc(0))],
    expect: ['connection PROTOCOL_ERROR'],
  },
  { name: 'HEADERS on stream 0', send: (write) => [open(write, 0)], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'HEADERS on a stream of even number',
    send: (write) => [open(write, 2)],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'a new stream below an earlier one',
    send: (write) => [open(write, 5), open(write, 3)],
    expect: ['connection STREAM_CLOSED'],
  },
  {
    name: 'HEADERS after a reset by the peer itself',
    send: (write) => [open(write, 1), resetFrame(1), open(write, 1)],
    expect: ['connection STREAM_CLOSED'],
  },
  {
    name: 'HEADERS padding that exceeds the frame',
    send: (write) => [
      headersFrame(END_HEADERS | h2.FLAG_PADDED, 1, Buffer.concat([Buffer.from([200]), write(...post)])),
    ],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'HEADERS too short for its priority',
    send: () => [headersFrame(END_HEADERS | h2.FLAG_PRIORITY, 1, Buffer.alloc(4))],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'HEADERS that depend on themselves',
    send: (write) => [
      headersFrame(END_HEADERS | h2.FLAG_PRIORITY, 1, Buffer.concat([words(1), Buffer.alloc(1), write(...post)])),
    ],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'a header block that does not decode',
    send: () => [headersFrame(END_HEADERS, 1, Buffer.from([0x80]))],
    expect: ['connection COMPRESSION_ERROR'],
  },
  {
    name: 'another frame inside a header block',
    send: (write) => [open(write, 1, 0), formatFrame(h2.FRAME_PING, 0, 0, words(1, 2))],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'an unknown frame inside a header block',
    send: (write) => [open(write, 1, 0), formatFrame(0xbe, 0, 1)],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'DATA inside a header block',
    send: (write) => [open(write, 1, 0), dataFrame(0, 1)],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'CONTINUATION of another stream',
    send: (write) => [open(write, 1, 0), formatFrame(h2.FRAME_CONTINUATION, END_HEADERS, 3)],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'CONTINUATION without HEADERS',
    send: (write) => [open(write, 1), formatFrame(h2.FRAME_CONTINUATION, END_HEADERS, 1)],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'PRIORITY on stream 0',
    send: () => [formatFrame(2, 0, 0, Buffer.alloc(5))],
    expect: ['connection PROTOCOL_ERROR'],
  },
  {
    name: 'a short PRIORITY',
    send: () => [formatFrame(2, 0, 1, Buffer.alloc(4))],
    expect: ['connection FRAME_SIZE_ERROR'],
  },
  { name: 'RST_STREAM on stream 0', send: () => [resetFrame(0)], expect: ['connection PROTOCOL_ERROR'] },
  { name: 'RST_STREAM on an idle stream', send: () => [resetFrame(1)], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'a short RST_STREAM',
    send: (write) => [open(write, 1), formatFrame(3, 0, 1, Buffer.alloc(3))],
    expect: ['connection FRAME_SIZE_ERROR'],
  },
  { name: 'SETTINGS on a stream', send: () => [formatFrame(4, 0, 1)], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'SETTINGS of odd length',
    send: () => [formatFrame(4, 0, 0, Buffer.alloc(5))],
    expect: ['connection FRAME_SIZE_ERROR'],
  },
  {
    name: 'a SETTINGS answer with a payload',
    send: () => [formatFrame(4, h2.FLAG_ACK, 0, settingsPayload([1, 1]))],
    expect: ['connection FRAME_SIZE_ERROR'],
  },
  { name: 'SETTINGS_ENABLE_PUSH of 2', send: () => [settingsFrame([2, 2])], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'an initial window of 2^31',
    send: () => [settingsFrame([4, 2 ** 31])],
    expect: ['connection FLOW_CONTROL_ERROR'],
  },
  {
    name: 'an initial window that overflows a stream',
    send: (write) => [open(write, 1), windowFrame(1, 2 ** 31 - 65_536), settingsFrame([4, 65_536])],
    expect: ['connection FLOW_CONTROL_ERROR'],
  },
  { name: 'a small maximum frame', send: () => [settingsFrame([5, 16_383])], expect: ['connection PROTOCOL_ERROR'] },
  { name: 'a large maximum frame', send: () => [settingsFrame([5, 2 ** 24])], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'PUSH_PROMISE',
    send: () => [formatFrame(5, END_HEADERS, 1, words(2))],
    expect: ['connection PROTOCOL_ERROR'],
  },
  { name: 'PING on a stream', send: () => [formatFrame(6, 0, 1, words(1, 2))], expect: ['connection PROTOCOL_ERROR'] },
  { name: 'a short PING', send: () => [formatFrame(6, 0, 0, words(1))], expect: ['connection FRAME_SIZE_ERROR'] },
  {
    name: 'GOAWAY on a stream',
    send: () => [formatFrame(7, 0, 1, words(0, 0))],
    expect: ['connection PROTOCOL_ERROR'],
  },
  { name: 'a short GOAWAY', send: () => [formatFrame(7, 0, 0, words(0))], expect: ['connection FRAME_SIZE_ERROR'] },
  { name: 'WINDOW_UPDATE of 0', send: () => [windowFrame(0, 0)], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'a short WINDOW_UPDATE',
    send: () => [formatFrame(8, 0, 0, Buffer.alloc(3))],
    expect: ['connection FRAME_SIZE_ERROR'],
  },
  { name: 'WINDOW_UPDATE on an idle stream', send: () => [windowFrame(1, 1)], expect: ['connection PROTOCOL_ERROR'] },
  {
    name: 'a connection window that overflows',
    send: () => [windowFrame(0, 2 ** 31 - 1)],
    expect: ['connection FLOW_CONTROL_ERROR'],
  },
  {
    name: 'a frame above our limit',
    send: () => [formatFrame(0xbe, 0, 0, Buffer.alloc(16_385))],
    expect: ['connection FRAME_SIZE_ERROR'],
  },
]

const streamErrors: readonly Case[] = [
  {
    name: 'DATA after the end',
    send: (write) => [open(write, 1, END_HEADERS | END), dataFrame(0, 1)],
    expect: ['stream 1 STREAM_CLOSED'],
  },
  {
    name: 'HEADERS after the end',
    send: (write) => [open(write, 1, END_HEADERS | END), open(write, 1, END_HEADERS | END)],
    expect: ['stream 1 STREAM_CLOSED'],
  },
  {
    name: 'DATA after a reset by the peer itself',
    send: (write) => [open(write, 1), resetFrame(1), dataFrame(0, 1)],
    expect: ['stream 1 STREAM_CLOSED'],
  },
  {
    name: 'WINDOW_UPDATE of 0',
    send: (write) => [open(write, 1), windowFrame(1, 0)],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'a stream window that overflows',
    send: (write) => [open(write, 1), windowFrame(1, 2 ** 31 - 1)],
    expect: ['stream 1 FLOW_CONTROL_ERROR'],
  },
  {
    name: 'trailers without the end',
    send: (write) => [open(write, 1), headersFrame(END_HEADERS, 1, write('x', 'y'))],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'a pseudo-header field in trailers',
    send: (write) => [open(write, 1), headersFrame(END_HEADERS | END, 1, write(':method', 'GET'))],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'trailers on a tunnel',
    send: (write) => [
      headersFrame(END_HEADERS, 1, write(...connect)),
      headersFrame(END_HEADERS | END, 1, write('x', 'y')),
    ],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'a malformed request, with its body in flight',
    send: (write) => [
      headersFrame(END_HEADERS, 1, write(...post, 'connection', 'close')),
      dataFrame(0, 1),
      dataFrame(END, 1),
    ],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'a body beyond its Content-Length',
    send: (write) => [
      headersFrame(END_HEADERS, 1, write(...post, 'content-length', '1')),
      dataFrame(0, 1, Buffer.from('xy')),
    ],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'a body short of its Content-Length',
    send: (write) => [
      headersFrame(END_HEADERS, 1, write(...post, 'content-length', '3')),
      dataFrame(END, 1, Buffer.from('xy')),
    ],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'a Content-Length without a body',
    send: (write) => [headersFrame(END_HEADERS | END, 1, write(...post, 'content-length', '3'))],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'trailers short of the Content-Length',
    send: (write) => [
      headersFrame(END_HEADERS, 1, write(...post, 'content-length', '3')),
      headersFrame(END_HEADERS | END, 1, write('x', 'y')),
    ],
    expect: ['stream 1 PROTOCOL_ERROR'],
  },
  {
    name: 'a stream window overrun',
    send: (write) => [
      open(write, 1),
      ...Array.from({ length: 17 }, () => dataFrame(0, 1, Buffer.alloc(16_384))),
      dataFrame(END, 1),
    ],
    expect: ['stream 1 FLOW_CONTROL_ERROR'],
  },
]

const harmless: readonly Case[] = [
  { name: 'an unknown frame', send: () => [formatFrame(0xbe, 0xff, 0x7fff_ffff, Buffer.alloc(100))], expect: [] },
  { name: 'an unknown setting', send: () => [settingsFrame([0xbeef, 1])], expect: [] },
  { name: 'PRIORITY on any stream', send: () => [formatFrame(2, 0, 99, Buffer.alloc(5))], expect: [] },
  {
    name: 'HEADERS with padding and priority',
    send: (write) => [
      headersFrame(
        END_HEADERS | h2.FLAG_PADDED | h2.FLAG_PRIORITY,
        1,
        Buffer.concat([Buffer.from([2]), Buffer.alloc(5), write(...post), Buffer.alloc(2)]),
      ),
    ],
    expect: [],
  },
  {
    name: 'RST_STREAM on a closed stream',
    send: (write) => [open(write, 1), resetFrame(1), resetFrame(1)],
    expect: [],
  },
  {
    name: 'WINDOW_UPDATE on a closed stream',
    send: (write) => [open(write, 1), resetFrame(1), windowFrame(1, 1)],
    expect: [],
  },
  {
    name: 'WINDOW_UPDATE after the end',
    send: (write) => [open(write, 1, END_HEADERS | END), windowFrame(1, 1)],
    expect: [],
  },
  { name: 'stream numbers that are skipped', send: (write) => [open(write, 7), open(write, 101)], expect: [] },
  {
    name: 'an exact Content-Length in padded pieces',
    send: (write) => [
      headersFrame(END_HEADERS, 1, write(...post, 'content-length', '3')),
      dataFrame(h2.FLAG_PADDED, 1, Buffer.from([1, 120, 120, 0])),
      dataFrame(END, 1),
    ],
    expect: [],
  },
  {
    name: 'a Content-Length on a tunnel',
    send: (write) => [headersFrame(END_HEADERS, 1, write(...connect, 'content-length', '3')), dataFrame(END, 1)],
    expect: [],
  },
]

describe('a server', () => {
  for (const [kind, cases] of Object.entries({ connectionErrors, streamErrors, harmless })) {
    for (const { name, send, expect } of cases) {
      it(`${kind === 'harmless' ? 'takes' : 'refuses'} ${name}`, () => {
        const record = recordConnection()
        const { server, write } = startServer(record)
        server.feed(Buffer.concat(send(write)))
        assert.deepEqual(formatVerdict(server.take()), expect)
        assert.equal(
          record.events.some((event) => event.startsWith('failure')),
          kind === 'connectionErrors',
        )
        // Cut into single bytes it comes to the same.
        const again = startServer(recordConnection())
        for (const byte of Buffer.concat(send(again.write))) again.server.feed(Buffer.from([byte]))
        assert.deepEqual(formatVerdict(again.server.take()), expect)
      })
    }
  }
})
