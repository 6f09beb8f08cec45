import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatFrame,
  formatVerdict,
  headersFrame,
  resetFrame,
  settingsFrame,
  windowFrame,
  words,
} from '../../../test/support/http/h2-frames.ts'
import { recordConnection } from '../../../test/support/http/h2-recorder.ts'
import { H2Connection } from './connection.ts'
import * as h2 from './constants.ts'
import type { H2Stream } from './stream.ts'

type Write = ReturnType<typeof createBlockWriter>

const END_HEADERS = h2.FLAG_END_HEADERS
const END = h2.FLAG_END_STREAM
const LIMIT = 4000
const connect = [':method', 'CONNECT', ':authority', '10.0.0.1:80'] as const
const post = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/'] as const
const nothing = Buffer.alloc(0)

/** What a peer does over and over. */
interface Flood {
  readonly name: string
  /** What it sends first; the server accepts its streams, with `body` if there is one. */
  readonly prepare?: (write: Write) => readonly Buffer[]
  readonly body?: Buffer
  /** Its turn number `i`, from 0. */
  readonly unit: (i: number, write: Write) => Buffer
  /** Turns that are allowed in a period; the next one ends the connection. */
  readonly allowed: number
}

const id = (i: number): number => i * 2 + 1
const open = (write: Write, streamId: number, flags = END_HEADERS, fields: readonly string[] = connect): Buffer =>
  headersFrame(flags, streamId, write(...fields))
const many = (write: Write, count: number): Buffer[] => Array.from({ length: count }, (_, i) => open(write, id(i)))

/** `:method: CONNECT` and `:authority: a`, without any table. */
const plainConnect = Buffer.from('\x02\x07CONNECT\x01\x01a', 'latin1')
/** Sent by the million, so made once. */
const oneByte = dataFrame(0, 1)
const onePaddedByte = dataFrame(h2.FLAG_PADDED, 1, Buffer.from([0, 1]))
/** `x` of 4,000 bytes, which the table keeps as entry 62. */
const largeField = Buffer.from(`\x40\x01x\x7f\xa1\x1e${'y'.repeat(4000)}`, 'latin1')

/** `x: y` as a literal that no table keeps. */
const field = Buffer.from([0, 1, 0x78, 1, 0x79])
const fullBlock = Buffer.alloc(16_380, field)

const resets: readonly Flood[] = [
  {
    name: 'rapid reset, never more than one stream at a time (CVE-2023-44487)',
    unit: (i, write) => Buffer.concat([open(write, id(i)), resetFrame(id(i))]),
    allowed: LIMIT / 4,
  },
  {
    name: 'rapid reset with a body before each',
    unit: (i, write) => Buffer.concat([open(write, id(i)), dataFrame(0, id(i)), resetFrame(id(i))]),
    allowed: LIMIT / 4,
  },
  {
    name: 'resets of a stream that is long closed',
    prepare: (write) => [open(write, 1), resetFrame(1)],
    unit: () => resetFrame(1),
    allowed: LIMIT / 4 - 1,
  },
  {
    name: 'streams beyond the limit that we told',
    prepare: (write) => many(write, 100),
    unit: (i, write) => open(write, id(i + 100)),
    allowed: LIMIT / 4,
  },
  {
    name: 'requests that refer to one large field over and over',
    prepare: () => [headersFrame(5, 1, Buffer.concat([plainConnect, largeField]))],
    unit: (i) => headersFrame(5, id(i + 1), Buffer.concat([plainConnect, Buffer.alloc(200, 0xbe)])),
    allowed: LIMIT / 4,
  },
  {
    name: 'requests with 240 KB of fields',
    unit: (i, write) =>
      Buffer.concat([
        open(write, id(i), 0),
        ...Array.from({ length: 15 }, () => formatFrame(h2.FRAME_CONTINUATION, 0, id(i), fullBlock)),
        formatFrame(h2.FRAME_CONTINUATION, END_HEADERS, id(i)),
      ]),
    allowed: 4,
  },
  {
    name: 'requests that are malformed',
    unit: (i, write) => open(write, id(i), END_HEADERS, [...connect, 'connection', 'close']),
    allowed: LIMIT / 4,
  },
  ...Object.entries<(streamId: number) => Buffer>({
    'WINDOW_UPDATE of 0': (streamId) => windowFrame(streamId, 0),
    'WINDOW_UPDATE that overflows': (streamId) => windowFrame(streamId, 2 ** 31 - 1),
  }).map(([mistake, send]) => ({
    name: `streams that we reset for ${mistake} (CVE-2025-8671)`,
    unit: (i: number, write: Write) => Buffer.concat([open(write, id(i)), send(id(i))]),
    allowed: LIMIT / 4,
  })),
  {
    name: 'streams that we reset for DATA behind the end (CVE-2025-8671)',
    unit: (i, write) => Buffer.concat([open(write, id(i), END_HEADERS | END), dataFrame(0, id(i))]),
    allowed: LIMIT / 4,
  },
  {
    name: 'streams that we reset for HEADERS behind the end (CVE-2025-8671)',
    unit: (i, write) => Buffer.concat([open(write, id(i), 5), open(write, id(i), 5)]),
    allowed: LIMIT / 4,
  },
  {
    name: 'streams that we reset for a body unlike its length (CVE-2025-8671)',
    unit: (i, write) =>
      Buffer.concat([open(write, id(i), END_HEADERS, [...post, 'content-length', '2']), dataFrame(END, id(i))]),
    allowed: LIMIT / 4,
  },
]

const continuation = (payload: Buffer): Buffer => formatFrame(h2.FRAME_CONTINUATION, 0, 1, payload)

const headers: readonly Flood[] = [
  { name: 'empty CONTINUATION (CVE-2024-27316)', unit: () => continuation(nothing), allowed: 31 },
  { name: 'tiny CONTINUATION (CVE-2024-27316)', unit: () => continuation(field), allowed: 31 },
  { name: 'full CONTINUATION (CVE-2024-27316)', unit: () => continuation(fullBlock), allowed: 16 },
].map((flood) => ({ ...flood, prepare: (write) => [open(write, 1, 0)] }))

const controls: readonly Flood[] = [
  { name: 'PING', unit: () => formatFrame(h2.FRAME_PING, 0, 0, words(1, 2)), allowed: LIMIT },
  { name: 'answers to no PING', unit: () => formatFrame(h2.FRAME_PING, h2.FLAG_ACK, 0, words(1, 2)), allowed: LIMIT },
  { name: 'SETTINGS', unit: () => settingsFrame(), allowed: LIMIT },
  {
    name: 'SETTINGS of 99 entries',
    unit: () => settingsFrame(...Array.from({ length: 99 }, () => [0xbeef, 1] as const)),
    allowed: LIMIT / 100,
  },
  {
    name: 'SETTINGS that turn the initial window of 96 streams to and fro',
    prepare: (write) => many(write, 96),
    unit: (i) => settingsFrame([h2.SETTINGS_INITIAL_WINDOW_SIZE, i % 2]),
    allowed: Math.floor(LIMIT / 14),
  },
  {
    name: 'SETTINGS that turn the table size to and fro',
    unit: (i) => settingsFrame([h2.SETTINGS_HEADER_TABLE_SIZE, (i % 2) * 4096]),
    allowed: LIMIT / 2,
  },
  {
    name: 'answers to no SETTINGS',
    prepare: () => [formatFrame(h2.FRAME_SETTINGS, h2.FLAG_ACK, 0)],
    unit: () => formatFrame(h2.FRAME_SETTINGS, h2.FLAG_ACK, 0),
    allowed: LIMIT,
  },
  { name: 'PRIORITY', unit: (i) => formatFrame(h2.FRAME_PRIORITY, 0, id(i), Buffer.alloc(5)), allowed: LIMIT },
  { name: 'GOAWAY', unit: () => formatFrame(h2.FRAME_GOAWAY, 0, 0, words(0, 0)), allowed: LIMIT },
  { name: 'frames of unknown type', unit: (i) => formatFrame(0xe0, 0xff, i, Buffer.alloc(100)), allowed: LIMIT },
]

const flow: readonly Flood[] = [
  { name: 'WINDOW_UPDATE of 1 for the connection', unit: () => windowFrame(0, 1), allowed: LIMIT },
  {
    name: 'WINDOW_UPDATE of 1 for a stream',
    prepare: (write) => [open(write, 1)],
    unit: () => windowFrame(1, 1),
    allowed: LIMIT + 2,
  },
  {
    name: 'WINDOW_UPDATE for a stream that is closed',
    prepare: (write) => [open(write, 1), resetFrame(1)],
    unit: () => windowFrame(1, 1),
    allowed: LIMIT + 2,
  },
  {
    name: 'WINDOW_UPDATE that lets a long body go byte by byte',
    prepare: (write) => [settingsFrame([h2.SETTINGS_INITIAL_WINDOW_SIZE, 0]), open(write, 1)],
    body: Buffer.alloc(100_000),
    unit: () => windowFrame(1, 1),
    allowed: LIMIT - 2,
  },
  {
    name: 'empty DATA',
    prepare: (write) => [open(write, 1)],
    unit: () => dataFrame(0, 1, nothing),
    allowed: LIMIT,
  },
  {
    name: 'DATA of nothing but padding',
    prepare: (write) => [open(write, 1)],
    unit: () => dataFrame(h2.FLAG_PADDED, 1, Buffer.from([1, 0])),
    allowed: LIMIT,
  },
  {
    name: 'DATA of one byte each',
    prepare: (write) => [open(write, 1)],
    unit: () => oneByte,
    allowed: LIMIT * 500,
  },
  {
    name: 'padded DATA of one byte each',
    prepare: (write) => [open(write, 1)],
    unit: () => onePaddedByte,
    allowed: LIMIT * 500,
  },
  {
    name: 'DATA of one byte each on a stream that we have reset',
    prepare: (write) => [open(write, 1), windowFrame(1, 0)],
    unit: () => oneByte,
    allowed: LIMIT * 500,
  },
]

const start = (flood: Flood) => {
  const record = recordConnection((stream: H2Stream) => {
    server.headers(stream, [':status', '200'], false)
    if (flood.body !== undefined) server.data(stream, flood.body, 0, flood.body.length)
    return { onData: (_buffer, from, end) => server.consume(stream, end - from) }
  })
  const server = new H2Connection(record.handler, { role: 'server' })
  const write = createBlockWriter()
  server.start()
  server.feed(Buffer.concat([clientPreface, settingsFrame()]))
  server.feed(Buffer.concat(flood.prepare?.(write) ?? []))
  server.take()
  return { server, write, record }
}

/** Feeds that many turns, in reads of some size; the most that was waiting to be written, against what was read. */
const run = (server: H2Connection, units: Iterable<Buffer>): { readonly read: number; readonly written: Buffer } => {
  let read = 0
  const written: Buffer[] = []
  let batch: Buffer[] = []
  let batchBytes = 0
  const send = (): void => {
    read += batchBytes
    server.feed(Buffer.concat(batch))
    if (server.outputBytes > 0) written.push(server.take())
    batch = []
    batchBytes = 0
  }
  for (const unit of units) {
    batch.push(unit)
    batchBytes += unit.length
    if (batchBytes > 60_000) send()
  }
  send()
  return { read, written: Buffer.concat(written) }
}

function* turns(flood: Flood, write: Write, from: number, count: number): Generator<Buffer> {
  for (let i = from; i < from + count; i++) yield flood.unit(i, write)
}

describe('a flood', () => {
  for (const flood of [...resets, ...headers, ...controls, ...flow]) {
    it(`of ${flood.name} ends the connection, and not before ${flood.allowed}`, () => {
      const { server, write, record } = start(flood)
      const allowed = run(server, turns(flood, write, 0, flood.allowed))
      assert.deepEqual(
        record.events.filter((event) => event.startsWith('failure')),
        [],
      )
      assert.ok(server.openStreams <= 100)
      // What it provokes is of the order of what it sent: nothing is multiplied.
      assert.ok(allowed.written.length <= allowed.read * 3 + 1000, `${allowed.read} read, ${allowed.written.length}`)
      const rest = run(server, turns(flood, write, flood.allowed, 1))
      assert.equal(formatVerdict(rest.written).at(-1), 'connection ENHANCE_YOUR_CALM')
      assert.match(record.events.at(-1) ?? '', /^failure 11: /)
      // Whatever else it sends is not even looked at.
      const deaf = run(server, turns(flood, write, flood.allowed + 1, 100))
      assert.equal(deaf.written.length, 0)
      assert.equal(server.openStreams, 0)
    })
  }

  for (const flood of [...resets, ...controls, ...flow].filter(({ allowed }) => allowed <= LIMIT)) {
    it(`of ${flood.name} is none when it is spread over time`, () => {
      const { server, write, record } = start(flood)
      for (let period = 0; period < 3; period++) {
        run(server, turns(flood, write, period * flood.allowed, flood.allowed))
        server.forgive()
      }
      assert.deepEqual(
        record.events.filter((event) => event.startsWith('failure')),
        [],
      )
    })
  }
})
