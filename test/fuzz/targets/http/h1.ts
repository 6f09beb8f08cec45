import assert from 'node:assert/strict'
import { chunkHeader, encodeLastChunk, encodeRequestHead, encodeResponseHead } from '../../../../src/http/h1/encode.ts'
import { CHUNKED, type H1RequestHead, type H1ResponseHead, UNTIL_CLOSE } from '../../../../src/http/h1/message.ts'
import { HeaderList } from '../../../../src/http/header-list.ts'
import { removeHopByHop } from '../../../../src/http/hop-by-hop.ts'
import { BAD_REQUESTS, BAD_RESPONSES, GOOD_REQUESTS, GOOD_RESPONSES } from '../../../support/http/h1-cases.ts'
import { type H1Event, recordRequests, recordResponses } from '../../../support/http/h1-events.ts'
import type { SeededRandom } from '../../../support/random.ts'
import { randomCuts } from '../../mutate/bytes.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { mutateH1 } from '../../mutate/h1.ts'
import { readLeniently } from '../../support/lenient-h1.ts'

/**
 * Bytes of one connection, read as requests and as responses. However they are cut into reads, both parsers tell the
 * same; they tell no more than they were given; and what they accept, written again, is the same messages to a strict
 * and to a careless reader.
 */
export const h1Target: FuzzTarget = {
  name: 'h1',
  format: 'text',
  maxInputBytes: 4096,
  shortRounds: 2500,
  seeds: () =>
    [...GOOD_REQUESTS, ...BAD_REQUESTS, ...GOOD_RESPONSES, ...BAD_RESPONSES]
      .filter(({ text }) => text.length < 2000)
      .map(({ text }) => Buffer.from(text, 'latin1')),
  mutate: mutateH1,
  check,
}

/** One message, as it was told. */
interface Message<Head> {
  readonly head: Head
  body: string
  trailers: readonly string[] | undefined
  isEnded: boolean
}

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'CONNECT', 'POST']

function check(input: Buffer, random: SeededRandom): string {
  const text = input.toString('latin1')
  const methods = Array.from({ length: 1 + random.below(3) }, () => random.pick(METHODS))
  const requests = recordRequests(text)
  assertSame(recordRequests(text, { cuts: randomCuts(random, text.length) }), requests)
  const responses = recordResponses(text, { methods })
  assertSame(recordResponses(text, { methods, cuts: randomCuts(random, text.length) }), responses)
  for (const events of [requests, responses]) assertBounded(events, text.length)
  checkRequests(collect<H1RequestHead>(requests))
  checkAsTheyCame(requests, text)
  checkResponses(collect<H1ResponseHead>(responses), methods)
  return `${formatOutcome(requests)}|${formatOutcome(responses)}`
}

/** A message with two faults may be refused for either, depending on where it is cut; all else has to be equal. */
function assertSame(cut: readonly H1Event[], whole: readonly H1Event[]): void {
  const format = (events: readonly H1Event[]): string =>
    JSON.stringify(events, (key, value: unknown) => (key === 'code' || key === 'status' ? typeof value : value))
  assert.equal(format(cut), format(whole))
}

/** Nothing is made up: what is told is no longer than what came. */
function assertBounded(events: readonly H1Event[], bytes: number): void {
  let told = 0
  for (const event of events) {
    if (event.kind === 'body') told += event.text.length
    else if (event.kind === 'end') for (const text of event.trailers ?? []) told += text.length
    else if (event.kind !== 'failure') for (const text of event.head.headers.fields) told += text.length
  }
  assert.ok(told <= bytes, `${told} characters told of ${bytes} bytes`)
}

function collect<Head>(events: readonly H1Event[]): readonly Message<Head>[] {
  const messages: Message<Head>[] = []
  for (const event of events) {
    const last = messages.at(-1)
    if (event.kind === 'request' || event.kind === 'response')
      // The caller names the one kind of head that its parser tells.
      messages.push({ head: event.head as Head, body: '', trailers: undefined, isEnded: false })
    else if (event.kind === 'body' && last !== undefined) last.body += event.text
    else if (event.kind === 'end' && last !== undefined) {
      last.trailers = event.trailers
      last.isEnded = true
    }
  }
  return messages.filter(({ isEnded }) => isEnded)
}

/** Whole requests that we accept are the same requests to a careless reader: none of them has a second reading. */
function checkAsTheyCame(events: readonly H1Event[], text: string): void {
  if (events.length === 0 || events.at(-1)?.kind !== 'end') return
  const messages = collect<H1RequestHead>(events)
  // What follows CONNECT is no request; and a padded length is written anew, since careless readers take it for octal.
  if (messages.some(({ head }) => head.method === 'CONNECT') || /content-length:[ \t]*0[0-9]/i.test(text)) return
  const lenient = readLeniently(text, () => true)
  assert.deepEqual(
    lenient?.map(({ firstLine, body }) => [firstLine.split(' ')[1], body]),
    messages.map(({ head, body }) => [head.target, body]),
  )
}

/** Writes what was read, as a proxy does, and reads that: the same messages, one after the other, and no other. */
function checkRequests(messages: readonly Message<H1RequestHead>[]): void {
  if (messages.length === 0) return
  const wire = messages.map(writeRequest).join('')
  const again = collect<H1RequestHead>(recordRequests(wire))
  assert.equal(again.length, messages.length, wire)
  const lenient = readLeniently(wire, (line) => !line.startsWith('CONNECT '))
  assert.equal(lenient?.length, messages.length, `a careless reader sees ${lenient?.length} messages: ${wire}`)
  messages.forEach((message, i) => {
    const { head, body, trailers } = message
    assertCleanRequest(head)
    const read = again[i]
    assert.ok(read !== undefined)
    const host = head.host ?? 'none'
    assert.deepEqual(
      [read.head.method, read.head.target, read.head.host, read.body, read.trailers],
      [head.method, head.target, host, body, trailers],
    )
    assert.deepEqual(endToEnd(read.head.headers), endToEnd(forwarded(head.headers)))
    assert.equal(lenient?.[i]?.firstLine, `${head.method} ${head.target} HTTP/1.1`)
    assert.equal(lenient?.[i]?.body, body)
    assert.deepEqual(
      lenient?.[i]?.fields.filter(([name]) => name === 'host'),
      [['host', host]],
    )
  })
}

function writeRequest({ head, body, trailers }: Message<H1RequestHead>): string {
  const { method, target, host = 'none', bodyLength } = head
  const text = encodeRequestHead({ method, target, host }, forwarded(head.headers), { bodyLength })
  assert.ok(typeof text === 'string', 'what was read cannot be written')
  return text + writeBody(bodyLength, body, trailers)
}

function checkResponses(messages: readonly Message<H1ResponseHead>[], methods: readonly string[]): void {
  messages.forEach(({ head, body, trailers }, i) => {
    const method = methods[i] ?? 'GET'
    const { status, reason, bodyLength } = head
    assertClean(head.headers.fields)
    const headers = forwarded(head.headers)
    const text = encodeResponseHead({ status, reason }, headers, { bodyLength, method })
    assert.ok(typeof text === 'string', 'what was read cannot be written')
    const hasBody = bodyLength !== 0
    const wire = text + (hasBody ? writeBody(bodyLength, body, trailers) : '')
    const [read, ...more] = collect<H1ResponseHead>(recordResponses(wire, { methods: [method] }))
    assert.ok(read !== undefined && more.length === 0, wire)
    assert.deepEqual(
      [read.head.status, read.body, read.trailers, read.head.bodyLength],
      [status, body, trailers, bodyLength],
    )
    assert.deepEqual(endToEnd(read.head.headers), endToEnd(headers))
    if (bodyLength === UNTIL_CLOSE) return
    const lenient = readLeniently(wire, () => hasBody)
    assert.ok(lenient?.length === 1 && lenient[0]?.body === body, `a careless reader sees ${JSON.stringify(lenient)}`)
  })
}

function writeBody(bodyLength: number, body: string, trailers: readonly string[] | undefined): string {
  if (bodyLength !== CHUNKED) return body
  const last = encodeLastChunk(trailers === undefined ? undefined : new HeaderList([...trailers]))
  assert.ok(typeof last === 'string', 'trailers that were read cannot be written')
  return (body === '' ? '' : `${chunkHeader(body.length)}${body}\r\n`) + last
}

function forwarded(headers: HeaderList): HeaderList {
  const kept = headers.clone()
  removeHopByHop(kept)
  return kept
}

/** Fields whose meaning ends at the next hop, which the encoder writes anew. */
const OURS = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
])

function endToEnd(headers: HeaderList): readonly string[] {
  return [...headers].filter(([name]) => !OURS.has(name)).map((field) => field.join(': '))
}

/** Properties of whatever is accepted, checked without the parser's own tables. */
function assertCleanRequest(head: H1RequestHead): void {
  const fields = head.headers.fields
  assertClean(fields)
  assert.match(head.method, /^[^\s\0-\x20:a-z]+$/)
  assert.match(head.target, /^[!-"$-~]+$/)
  const named = (name: string): number => fields.filter((field, i) => i % 2 === 0 && field === name).length
  assert.ok(named('host') === 1 || (named('host') === 0 && head.minorVersion === 0))
  assert.ok(named('content-length') + named('transfer-encoding') <= 1)
  if (head.bodyLength === CHUNKED) assert.equal(head.headers.get('transfer-encoding')?.toLowerCase(), 'chunked')
  else assert.equal(String(head.bodyLength), head.headers.get('content-length') ?? '0')
}

function assertClean(fields: readonly string[]): void {
  for (const [i, field] of fields.entries()) {
    // oxlint-disable-next-line no-control-regex -- controls are what must not be there
    assert.doesNotMatch(field, i % 2 === 0 ? /[\0-\x20A-Z:\x7f-\xff]|^$/ : /[\0-\x08\n-\x1f\x7f]|^[ \t]|[ \t]$/)
  }
}

/** Kinds of events and of failures, and what the heads were like. */
function formatOutcome(events: readonly H1Event[]): string {
  return events
    .slice(0, 8)
    .map((event) => {
      if (event.kind === 'body' || event.kind === 'end') return event.kind[0]
      if (event.kind === 'failure') return event.code
      const { bodyLength, keepAlive, minorVersion, headers } = event.head
      return `${event.kind}${Math.sign(bodyLength + 0.5)}${keepAlive}${minorVersion}${Math.min(6, headers.size)}`
    })
    .join()
}
