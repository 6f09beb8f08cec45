import assert from 'node:assert/strict'
import { requestToH1, requestToH2 } from '../../../../src/http/bridge/request.ts'
import { responseToH1 } from '../../../../src/http/bridge/response.ts'
import {
  requestTrailersToH1,
  responseTrailersToH1,
  responseTrailersToH2,
} from '../../../../src/http/bridge/trailers.ts'
import { chunkHeader, encodeLastChunk, encodeRequestHead, encodeResponseHead } from '../../../../src/http/h1/encode.ts'
import { CHUNKED } from '../../../../src/http/h1/message.ts'
import { checkTrailerFields } from '../../../../src/http/h2/fields.ts'
import { type H1Event, recordRequests, recordResponses } from '../../../support/http/h1-events.ts'
import { hostileRequest, hostileResponse, regularFields } from '../../../support/http/hostile-fields.ts'
import { type SeededRandom, seededRandom } from '../../../support/random.ts'
import { textMutator } from '../../mutate/text.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { readLeniently } from '../../support/lenient-h1.ts'

/** Between names and values; no field may hold it, so it stands for itself. */
const SEPARATOR = '\x1f'
const SEEDS = 60
/** Longer ones would only take time. */
const LONGEST_BODY = 10_000
const METHODS = ['GET', 'HEAD', 'CONNECT', 'POST']

/**
 * HTTP/2 fields, of a request, a response and as trailers, written as HTTP/1.1: one message to a strict reader and to
 * a careless one, with the same method, host, path, fields and body; or refused.
 */
export const bridgeTarget: FuzzTarget = {
  name: 'bridge',
  format: 'text',
  maxInputBytes: 2048,
  shortRounds: 1000,
  seeds: () =>
    Array.from({ length: SEEDS }, (_, i) => {
      const fields = (i % 2 === 0 ? hostileRequest : hostileResponse)(seededRandom(i))
      return Buffer.from(fields.join(SEPARATOR), 'latin1')
    }),
  mutate: textMutator([
    ...[SEPARATOR, ':method', ':path', ':authority', ':status', ':scheme', 'host', 'content-length', 'cookie', 'te'],
    ...['transfer-encoding', 'chunked', 'trailers', 'connection', 'GET', 'CONNECT', '/', 'a', '0', '3', '200', '304'],
    ...['\x1fx\x1f1', '\x1fcontent-length\x1f3', '\x1fhost\x1fa', '\r\n', '\r\n\r\n', ' ', ':', 'GET / HTTP/1.1\r\n'],
  ]),
  check,
}

function check(input: Buffer, random: SeededRandom): string {
  const fields = input.toString('latin1').split(SEPARATOR)
  if (fields.length % 2 === 1) fields.push('')
  const isEnd = random.chance(0.5)
  return [
    checkRequest(fields, isEnd),
    checkResponse(fields, { isEnd, method: random.pick(METHODS) }),
    checkRequestTrailers(fields),
    checkResponseTrailers(fields),
  ].join()
}

function checkRequest(fields: readonly string[], isEnd: boolean): string {
  const request = requestToH1(fields, isEnd)
  if ('code' in request) return request.message.slice(0, 16)
  const { line, headers, framing } = request
  const head = encodeRequestHead(line, headers, framing)
  if (typeof head !== 'string') return 'unwritable'
  if (framing.bodyLength > LONGEST_BODY) return 'long'
  const body = bodyOf(framing.bodyLength)
  const wire = head + body.wire
  const [read, ...rest] = recordRequests(wire)
  assert.ok(read?.kind === 'request', wire)
  assertOneMessage(rest, body.text, wire)
  assert.deepEqual([read.head.method, read.head.target, read.head.host], [line.method, line.target, line.host])
  assert.equal(read.head.host, valueOf(fields, ':authority') ?? valueOf(fields, 'host'))
  assert.equal(read.head.target, line.method === 'CONNECT' ? line.host : valueOf(fields, ':path'))
  assert.deepEqual(withoutFraming(read.head.headers.fields), regularFields(fields).map(normal))
  const lenient = readLeniently(wire, () => line.method !== 'CONNECT')
  assert.ok(lenient?.length === 1 && lenient[0]?.body === body.text, `a careless reader: ${JSON.stringify(lenient)}`)

  const { host = '' } = read.head
  const back = requestToH2({ ...line, host }, read.head.headers, { bodyLength: framing.bodyLength, scheme: 'http' })
  assert.ok(!('code' in back), 'there, but not back')
  assert.deepEqual(
    [':method', ':authority', ':path'].map((name) => valueOf(back, name)),
    [...[line.method, host], line.method === 'CONNECT' ? undefined : line.target],
  )
  return `${line.method} ${Math.sign(framing.bodyLength)} ${Math.min(4, headers.size)}`
}

function checkResponse(
  fields: readonly string[],
  context: { readonly isEnd: boolean; readonly method: string },
): string {
  const response = responseToH1(fields, context)
  if ('code' in response) return response.message.slice(0, 16)
  const { line, headers, framing } = response
  const head = encodeResponseHead(line, headers, framing)
  if (typeof head !== 'string' || line.status < 200) return 'interim'
  if (framing.bodyLength > LONGEST_BODY) return 'long'
  const body = bodyOf(framing.bodyLength)
  const [read, ...rest] = recordResponses(head + body.wire, { methods: [context.method] })
  assert.ok(read?.kind === 'response', head)
  assertOneMessage(rest, body.text, head)
  assert.equal(String(read.head.status), valueOf(fields, ':status'))
  assert.deepEqual(withoutFraming(read.head.headers.fields), regularFields(fields).map(normal))
  const lenient = readLeniently(head + body.wire, () => framing.bodyLength !== 0)
  assert.ok(lenient?.length === 1 && lenient[0]?.body === body.text, `a careless reader: ${JSON.stringify(lenient)}`)
  return `${line.status} ${Math.sign(framing.bodyLength)}`
}

function checkRequestTrailers(fields: readonly string[]): string {
  const trailers = requestTrailersToH1(fields)
  if ('code' in trailers) return ''
  const last = encodeLastChunk(trailers)
  if (typeof last !== 'string') return 'unwritable'
  const wire = `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${last}`
  const [, end, ...more] = recordRequests(wire)
  assert.ok(end?.kind === 'end' && more.length === 0, wire)
  assert.deepEqual(end.trailers ?? [], fields)
  assert.equal(readLeniently(wire, () => true)?.length, 1)
  return 'trailers'
}

/** What is left of them is what a reader of HTTP/1.1 leaves, and goes back as it is. */
function checkResponseTrailers(fields: readonly string[]): string {
  if (checkTrailerFields(fields) !== undefined) return ''
  const trailers = responseTrailersToH1(fields)
  const last = encodeLastChunk(trailers)
  if (typeof last !== 'string') return 'unwritable'
  const wire = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${last}`
  const [, end, ...more] = recordResponses(wire, { methods: ['GET'] })
  assert.ok(end?.kind === 'end' && more.length === 0, wire)
  assert.deepEqual(end.trailers ?? [], trailers.fields)
  assert.deepEqual(responseTrailersToH2(trailers), trailers.fields)
  return `trailers ${Math.min(4, trailers.size)} of ${Math.min(4, fields.length / 2)}`
}

function assertOneMessage(rest: readonly H1Event[], body: string, wire: string): void {
  const told = rest.map((event) => (event.kind === 'body' ? event.text : event.kind))
  assert.deepEqual(told, body === '' ? ['end'] : [body, 'end'], wire)
}

/** As many bytes as announced; they look like another request. */
function bodyOf(bodyLength: number): { readonly text: string; readonly wire: string } {
  const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: b\r\n\r\n'
  if (bodyLength === CHUNKED) return { text: smuggled, wire: `${chunkHeader(smuggled.length)}${smuggled}\r\n0\r\n\r\n` }
  const text = smuggled.repeat(1 + Math.ceil(bodyLength / smuggled.length)).slice(0, bodyLength)
  return { text, wire: text }
}

function valueOf(fields: readonly string[], name: string): string | undefined {
  const at = fields.findIndex((field, i) => i % 2 === 0 && field === name)
  return at === -1 ? undefined : fields[at + 1]
}

function withoutFraming(fields: readonly string[]): readonly string[] {
  return fields.filter(
    (_, i) => !/^(?:host|content-length|transfer-encoding|connection)$/.test(fields[i - (i % 2)] ?? ''),
  )
}

/** The one value that is told in its usual form. */
function normal(text: string): string {
  return text.toLowerCase() === 'trailers' ? 'trailers' : text
}
