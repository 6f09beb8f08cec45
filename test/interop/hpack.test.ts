import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { test } from 'node:test'
import { HpackDecoder } from '../../src/http/hpack/decoder.ts'
import { HpackEncoder } from '../../src/http/hpack/encoder.ts'

const FRAME_HEADER_BYTES = 9
const TYPE_HEADERS = 1
const FLAGS_END_STREAM_AND_HEADERS = 0x05
const ACKNOWLEDGE = 0x01
const REQUESTS = 20
/** Every octet that a field value may have, in one value that is not worth Huffman coding and one that is. */
const ALL_OCTETS = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).filter((c) =>
  /[\x21-\x7e\x80-\xff]/.test(c),
)
const CODED_OCTETS = ALL_OCTETS.map((octet) => `${'e'.repeat(10)}${octet}`).join('')

/** Complete frames of a growing piece of one direction of an HTTP/2 connection. */
class FrameReader {
  #pending = Buffer.alloc(0)

  push(chunk: Buffer): { readonly type: number; readonly flags: number; readonly payload: Buffer }[] {
    this.#pending = Buffer.concat([this.#pending, chunk])
    const frames = []
    while (this.#pending.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + this.#pending.readUIntBE(0, 3)
      if (this.#pending.length < end) break
      const payload = this.#pending.subarray(FRAME_HEADER_BYTES, end)
      frames.push({ type: this.#pending[3] ?? 0, flags: this.#pending[4] ?? 0, payload })
      this.#pending = this.#pending.subarray(end)
    }
    return frames
  }
}

function frame(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

function portOf(server: net.Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on TCP')
  return address.port
}

test('blocks of node:http2 decode to what was sent, with its dynamic table at work', async () => {
  const decoder = new HpackDecoder()
  const seen: string[][] = []
  const { promise: allSeen, resolve } = Promise.withResolvers<void>()
  const server = net.createServer((socket) => {
    const reader = new FrameReader()
    let isPrefaceGone = false
    socket.on('data', (chunk: Buffer) => {
      const bytes = isPrefaceGone ? chunk : chunk.subarray(24)
      isPrefaceGone = true
      for (const { type, flags, payload } of reader.push(bytes)) {
        if (type !== TYPE_HEADERS) continue
        // A block may come behind padding (0x08) or priority (0x20).
        const start = (flags & 0x08 ? 1 : 0) + (flags & 0x20 ? 5 : 0)
        const result = decoder.decode(payload, start, payload.length)
        assert.equal(result.kind, 'ok')
        if (result.kind === 'ok') seen.push(result.fields)
        if (seen.length === REQUESTS) resolve()
      }
    })
    socket.write(frame(4, 0, 0))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = http2.connect(`http://127.0.0.1:${portOf(server)}`)
  // The raw server never answers, so that streams end with the session.
  client.on('error', () => undefined)
  for (let i = 0; i < REQUESTS; i += 1) {
    const stream = client.request({
      ':path': `/items/${i}`,
      'x-same': 'value',
      'x-all': CODED_OCTETS,
      'x-raw': ALL_OCTETS.slice(150).join(''),
    })
    stream.on('error', () => undefined)
    stream.end()
  }
  await allSeen
  for (const [i, fields] of seen.entries()) {
    assert.equal(fields[fields.indexOf(':path') + 1], `/items/${i}`)
    assert.equal(fields[fields.indexOf('x-same') + 1], 'value')
    assert.equal(fields[fields.indexOf('x-all') + 1], CODED_OCTETS)
    assert.equal(fields[fields.indexOf('x-raw') + 1], ALL_OCTETS.slice(150).join(''))
  }
  client.destroy()
  server.close()
})

test('node:http2 reads our blocks, across table sizes', async () => {
  const seen: http2.IncomingHttpHeaders[] = []
  const { promise: allSeen, resolve } = Promise.withResolvers<void>()
  const server = http2.createServer({ settings: { headerTableSize: 300 } })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    seen.push(headers)
    if (seen.length === REQUESTS) resolve()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = net.connect(portOf(server), '127.0.0.1')
  const encoder = new HpackEncoder()
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(Buffer.concat([frame(4, 0, 0), frame(4, ACKNOWLEDGE, 0)]))
  // Announced before the first block, as its SETTINGS are acknowledged already.
  encoder.setMaxTableBytes(300)
  for (let i = 0; i < REQUESTS; i += 1) {
    const fields = [
      ...[':method', 'GET', ':scheme', 'http', ':path', `/items/${i >> 1}`, ':authority', 'a.example'],
      ...['x-all', CODED_OCTETS, 'x-same', 'value', 'authorization', 'secret', 'user-agent', `agent-${i % 3}`],
    ]
    const target = Buffer.alloc(HpackEncoder.bound(fields))
    const block = target.subarray(0, encoder.encode(fields, target, 0))
    socket.write(frame(TYPE_HEADERS, FLAGS_END_STREAM_AND_HEADERS, 2 * i + 1, block))
  }
  await allSeen
  for (const [i, headers] of seen.entries()) {
    assert.equal(headers[':path'], `/items/${i >> 1}`)
    assert.equal(headers['user-agent'], `agent-${i % 3}`)
    assert.equal(headers['x-same'], 'value')
    assert.equal(headers['authorization'], 'secret')
    assert.equal(headers['x-all'], CODED_OCTETS)
  }
  socket.destroy()
  server.close()
})
