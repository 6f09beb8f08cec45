import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatFrame,
  formatVerdict,
} from '../../../test/support/http/h2-frames.ts'
import { headersFrame, settingsFrame } from '../../../test/support/http/h2-frames.ts'
import { Mesh, VIP, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { turn } from '../../../test/support/turns.ts'
import type { TunnelChannel } from '../hbone/tunnel.ts'
import { FLAG_END_HEADERS, FLAG_END_STREAM, FRAME_CONTINUATION } from '../../http/h2/constants.ts'
import { ignoreChannel } from '../channel.ts'
import { withoutValues } from './fault.ts'

let mesh: Mesh | undefined
afterEach(async () => {
  await mesh?.close()
  mesh = undefined
})

const long = 'a'.repeat(70_000)
const h1Cases: readonly (readonly [what: string, request: string, status: number, code: string, path: string])[] = [
  [
    'Content-Length with Transfer-Encoding',
    'POST /a?b=c HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n',
    400,
    'bad-request',
    '/a?b=c',
  ],
  ['no Host', 'POST /a HTTP/1.1\r\n\r\n', 400, 'bad-request', '/a'],
  [
    'a target too long',
    `POST /${'a'.repeat(17_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    414,
    'uri-too-long',
    `/${'a'.repeat(1023)}`,
  ],
  ['a head too large', `POST /a HTTP/1.1\r\nhost: a\r\nx: ${long}\r\n\r\n`, 431, 'head-too-large', '/a'],
  [
    'a coding that nobody knows',
    'POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n',
    501,
    'unsupported-coding',
    '/a',
  ],
  ['another version', 'POST /a HTTP/1.3\r\nhost: a\r\n\r\n', 505, 'unsupported-version', '/a'],
]
for (const [what, request, status, code, path] of h1Cases) {
  test(`a request of HTTP/1.1 that is refused for ${what} is told of`, async () => {
    mesh = await Mesh.start()
    const tunnel = await mesh.tunnel()
    tunnel.write(request, 'POST')
    const { head, body } = await tunnel.answer()
    assert.deepEqual([head.status, head.keepAlive, await tunnel.ended], [status, false, 'end'])
    assert.ok(head.headers.hasLower('date'))
    const record = await mesh.record(1)
    assert.deepEqual(
      [record.status, record.flags, record.details, record.method, record.path],
      [status, 'DPE', `http1_protocol_error{${code}}`, 'POST', path],
    )
    assert.equal(`${record.termination}\n`, withoutValues(body.toString()))
    assert.deepEqual([record.protocol, record.httpVersion, record.attempts], ['http', 'HTTP/1.1', 0])
    assert.deepEqual([record.source.principal, record.destination.name], [identityOf('client'), 'api'])
    assert.deepEqual([record.called, record.generation, mesh.counters.activeExchanges], [VIP, 1, 0])
    assert.equal(record.responseBytes, tunnel.received)
  })
}

const leaves: Readonly<Record<string, (tunnel: ClientTunnel) => void>> = {
  'ends its direction': ({ channel }) => channel.end(),
  'resets the tunnel': ({ channel }) => channel.abort(),
}
for (const [how, leave] of Object.entries(leaves)) {
  test(`a client that ${how} in the middle of a head is told of, and none that does so between two requests`, async () => {
    mesh = await Mesh.start()
    const idle = await mesh.tunnel()
    await idle.get()
    leave(idle)
    const tunnel = await mesh.tunnel()
    await tunnel.get()
    tunnel.write('POST /a?b=c HTTP/1.1\r\nhost: a', 'POST')
    await turn()
    leave(tunnel)
    const { status, flags, details, termination, method, path } = await mesh.record(3)
    assert.deepEqual([status, flags, details], [0, 'DC', 'downstream_remote_disconnect'])
    assert.deepEqual([method, path], ['POST', '/a?b=c'])
    assert.equal(termination, 'the client ended the connection in the middle of a request head')
    assert.equal(mesh.records.length, 3)
  })
}

const secret: readonly (readonly [request: string, termination: string])[] = [
  ['GET /a?access_token=hunter2#b HTTP/1.1\r\nhost: a\r\n\r\n', 'target "…" has a fragment'],
  ['GET /a b?pin=hunter2 HTTP/1.1\r\nhost: a\r\n\r\n', 'the request line ends with "…", not with a version'],
  ['GET /a HTTP/1.1\r\nhost: me:hunter2@a\r\n\r\n', 'Host is "…", not a host and port'],
  ['GET /a HTTP/1.1\r\nhost: a\r\nx-pin: hunter2\x01\r\n\r\n', 'byte 0x01 in the value of the field "x-pin"'],
  ['GET /a HTTP/1.1\r\nhost: a\r\nx-pin : hunter2\r\n\r\n', 'white space between the field name "x-pin" and its colon'],
]
for (const [request, termination] of secret) {
  test(`what is told of a request that is refused has names and no secrets: ${termination}`, async () => {
    mesh = await Mesh.start()
    const tunnel = await mesh.tunnel()
    tunnel.write(request, 'GET')
    assert.equal((await tunnel.answer()).head.status, 400)
    assert.equal((await mesh.record(1)).termination, termination)
  })
}

/** A tunnel in which frames are written by hand, and what came back. */
const openFrames = async (to: Mesh): Promise<{ readonly send: (...frames: Buffer[]) => void; seen: () => Buffer }> => {
  const client = await to.dial()
  const channel = await new Promise<TunnelChannel>((resolve, reject) => {
    client.open(VIP, (result) => (result.ok ? resolve(result.channel) : reject(new Error(result.failure.message))))
  })
  const seen: Buffer[] = []
  channel.handler = {
    ...ignoreChannel,
    onData: (buffer, start, end) => {
      seen.push(Buffer.from(buffer.subarray(start, end)))
      channel.consume(end - start)
    },
  }
  const send = (...frames: Buffer[]): void => {
    const bytes = Buffer.concat(frames)
    channel.send(bytes, 0, bytes.length)
  }
  send(clientPreface, settingsFrame())
  return { send, seen: () => Buffer.concat(seen) }
}

const good = [':method', 'POST', ':scheme', 'http', ':authority', 'api', ':path', '/a?b=c']
const whole = FLAG_END_HEADERS | FLAG_END_STREAM
interface H2Case {
  readonly what: string
  readonly fields: readonly string[]
  readonly code: string
  readonly flags?: number
  /** Default 0: the stream is reset. */
  readonly status?: number
  readonly method?: string
  readonly path?: string
  readonly authority?: string
}
const h2Cases: readonly H2Case[] = [
  { what: 'a second Host', fields: [...good, 'host', 'other', 'host', 'api'], code: 'PROTOCOL_ERROR' },
  { what: 'a field of the connection', fields: [...good, 'connection', 'close'], code: 'PROTOCOL_ERROR' },
  { what: 'a body that does not come', fields: [...good, 'content-length', '4'], code: 'PROTOCOL_ERROR' },
  {
    what: 'a password in its authority',
    fields: [':method', 'POST', ':scheme', 'http', ':authority', 'me:hunter2@api', ':path', '/a?b=c'],
    code: 'PROTOCOL_ERROR',
    authority: '',
  },
  {
    what: 'a path and a method that are no text',
    fields: [':method', 'PO\nST', ':scheme', 'http', ':authority', 'api', ':path', `/${long.slice(0, 2000)}\n`],
    code: 'PROTOCOL_ERROR',
    method: 'PO',
    path: `/${long.slice(0, 1023)}`,
  },
  { what: 'a head too large', fields: [...good, 'x', long], code: 'head-too-large', status: 431 },
  {
    what: 'a method in lower case',
    fields: [':method', 'post', ...good.slice(2)],
    code: 'bad-request',
    status: 400,
    method: 'post',
  },
  {
    what: 'a protocol that nothing can be switched to',
    fields: [':method', 'CONNECT', ':protocol', 'h2c', ...good.slice(2)],
    code: 'unsupported-upgrade',
    flags: FLAG_END_HEADERS,
    status: 501,
    method: 'CONNECT',
  },
]
for (const { what, fields, code, flags = whole, status = 0, ...asked } of h2Cases) {
  const { method = 'POST', path = '/a?b=c', authority = 'api' } = asked
  test(`a request of HTTP/2 that is refused for ${what} is told of`, async () => {
    mesh = await Mesh.start({ protocol: 'http2' })
    const { send, seen } = await openFrames(mesh)
    const block = createBlockWriter()(...fields)
    const [first, ...rest] = block.length <= 16_384 ? [block] : split(block)
    assert.ok(first)
    if (rest.length === 0) send(headersFrame(flags, 1, first))
    else send(headersFrame(flags & ~FLAG_END_HEADERS, 1, first), ...rest.map(continuation))
    const record = await mesh.record(1)
    assert.deepEqual(
      [record.status, record.flags, record.details, record.method, record.path, record.authority],
      [status, 'DPE', `http2_protocol_error{${code}}`, method, path, authority],
    )
    assert.deepEqual([record.protocol, record.httpVersion, record.attempts], ['http', 'HTTP/2', 0])
    assert.deepEqual([record.source.principal, record.destination.name], [identityOf('client'), 'api'])
    assert.match(record.termination ?? '', /./)
    assert.doesNotMatch(record.termination ?? '', /hunter2/)
    if (status === 0) await until(() => formatVerdict(seen()).includes('stream 1 PROTOCOL_ERROR'))
    send(headersFrame(whole, 3, createBlockWriter()(...good.toSpliced(1, 1, 'GET'))))
    const next = await mesh.record(2)
    assert.deepEqual([next.status, next.flags], [200, '-'])
  })
}

const FRAME_BYTES = 16_000
const split = (block: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(block.length / FRAME_BYTES) }, (_, i) =>
    block.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES),
  )
const continuation = (payload: Buffer, index: number, all: readonly Buffer[]): Buffer =>
  formatFrame(FRAME_CONTINUATION, index === all.length - 1 ? FLAG_END_HEADERS : 0, 1, payload)

test('what is no request on a connection that fails is told of with the rest of it', async () => {
  mesh = await Mesh.start({ protocol: 'http2', pods: [{ onRequest: () => {} }] })
  const { send, seen } = await openFrames(mesh)
  send(headersFrame(whole, 1, createBlockWriter()(...good)))
  await until(() => mesh?.pod.requests === 1)
  send(dataFrame(0, 5))
  const record = await mesh.record(1)
  assert.deepEqual([record.status, record.flags, record.details], [0, 'DPE', 'http2_protocol_error{PROTOCOL_ERROR}'])
  assert.equal(record.termination, 'DATA on idle stream 5')
  await until(() => formatVerdict(seen()).includes('connection PROTOCOL_ERROR'))
})
