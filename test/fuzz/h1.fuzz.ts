import assert from 'node:assert/strict'
import { HeaderList } from '../../src/http/header-list.ts'
import { encodeRequestHead, encodeResponseHead } from '../../src/http/h1/encode.ts'
import { CHUNKED } from '../../src/http/h1/message.ts'
import type { H1RequestHead } from '../../src/http/h1/message.ts'
import { BAD_REQUESTS, BAD_RESPONSES, GOOD_REQUESTS, GOOD_RESPONSES } from '../support/http/h1-cases.ts'
import { type H1Event, recordRequests, recordResponses } from '../support/http/h1-events.ts'
import { type SeededRandom, seededRandom } from '../support/random.ts'

const REQUESTS = [...GOOD_REQUESTS, ...BAD_REQUESTS].map(({ text }) => text)
const RESPONSES = [...GOOD_RESPONSES, ...BAD_RESPONSES].map(({ text }) => text)

/** What smuggling is made of. */
const TOKENS = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  '\t',
  ' ',
  ':',
  ';',
  ',',
  '\x7f',
  '\xff',
  '0\r\n\r\n',
  '1\r\na\r\n',
  'ffffffffffffff\r\n',
  'Host: a\r\n',
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  ' HTTP/1.1\r\n',
  'HTTP/1.0',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
]

/** Text for encoder input; `\u010a` would become LF if it were cut to a byte. */
const CHARACTERS = ['a', 'B', '-', ':', ' ', '\t', '\r', '\n', '\0', '\x7f', '\xe9', '\u010a', '/', '#', '0']

/** How long to fuzz and where to begin: round `n` uses `seed + n`, so that any round can be repeated alone. */
export interface H1FuzzOptions {
  readonly rounds: number
  readonly seed: number
  /** Hears of each finished round. */
  readonly onRound?: (round: number) => void
}

/**
 * Feeds both parsers damaged messages, whole and cut at random. They must not throw, must find the same in each cut,
 * and what they accept must survive being written and read again. Throws at the first broken promise.
 */
export function fuzzH1({ rounds, seed, onRound }: H1FuzzOptions): void {
  let accepted = 0
  for (let round = 0; round < rounds; round++) {
    const random = seededRandom(seed + round)
    const request = mutate(random, REQUESTS)
    const response = mutate(random, RESPONSES)
    try {
      accepted += checkRequests(random, request)
      checkResponses(random, response)
      checkEncoders(random)
    } catch (cause) {
      const input = JSON.stringify({ request, response })
      throw new Error(`h1 fuzz failed; repeat with --rounds 1 --seed ${seed + round}: ${input}`, { cause })
    }
    onRound?.(round)
  }
  // Mutations that nothing survives would test only the first line of the parser.
  if (rounds >= 1000) assert.ok(accepted >= rounds / 10, `only ${accepted} requests accepted in ${rounds} rounds`)
}

function mutate(random: SeededRandom, seeds: readonly string[]): string {
  let text = random.pick(seeds)
  if (random.chance(0.3)) text += random.pick(seeds)
  for (let i = random.below(4); i > 0; i--) text = mutateOnce(random, text)
  return text
}

function mutateOnce(random: SeededRandom, text: string): string {
  const at = random.below(text.length + 1)
  const length = random.below(12)
  const before = text.slice(0, at)
  const after = text.slice(at)
  switch (random.below(6)) {
    case 0:
      return before + String.fromCharCode(random.below(256)) + after.slice(1)
    case 1:
      return before + random.pick(TOKENS) + after
    case 2:
      return before + after.slice(length)
    case 3:
      return before + after.slice(0, length) + after
    case 4:
      return before
    default:
      return (
        before +
        after.replace(/[a-z]/i, (letter) =>
          letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
        )
      )
  }
}

function cutsOf(random: SeededRandom, length: number): readonly number[] {
  if (length < 2) return []
  if (random.chance(0.3)) return Array.from({ length: length - 1 }, (_, i) => i + 1)
  const cuts = Array.from({ length: 1 + random.below(5) }, () => 1 + random.below(length - 1))
  return [...new Set(cuts)].toSorted((a, b) => a - b)
}

function checkRequests(random: SeededRandom, text: string): number {
  const events = recordRequests(text)
  assertSame(recordRequests(text, { cuts: cutsOf(random, text.length) }), events)
  let accepted = 0
  for (const event of events) {
    if (event.kind !== 'request') continue
    accepted++
    checkHead(event.head)
    checkRoundTrip(event.head)
  }
  return Math.min(accepted, 1)
}

function checkResponses(random: SeededRandom, text: string): void {
  const methods = random.chance(0.5) ? ['GET', random.pick(['HEAD', 'CONNECT', 'GET'])] : undefined
  const options = methods === undefined ? {} : { methods }
  const events = recordResponses(text, options)
  assertSame(recordResponses(text, { ...options, cuts: cutsOf(random, text.length) }), events)
  for (const event of events) {
    if (event.kind === 'response') assertClean(event.head.headers.fields)
  }
}

/** A message with two faults may be refused for either, depending on where it is cut; all else has to be equal. */
function assertSame(cut: readonly H1Event[], whole: readonly H1Event[]): void {
  const withoutCode = (events: readonly H1Event[]): readonly unknown[] =>
    events.map((event) => (event.kind === 'failure' ? { kind: event.kind } : event))
  assert.deepEqual(withoutCode(cut), withoutCode(whole))
}

/** Properties that hold for whatever is accepted, checked without the parser's own tables. */
function checkHead(head: H1RequestHead): void {
  const fields = head.headers.fields
  assertClean(fields)
  assert.match(head.method, /^[^\s\0-\x20:a-z]+$/)
  assert.match(head.target, /^[!-~]+$/)
  const named = (name: string): number => fields.filter((field, i) => i % 2 === 0 && field === name).length
  assert.ok(named('host') === 1 || (named('host') === 0 && head.minorVersion === 0))
  assert.ok(named('content-length') + named('transfer-encoding') <= 1)
  if (head.bodyLength === CHUNKED) assert.equal(head.headers.get('transfer-encoding')?.toLowerCase(), 'chunked')
  else assert.equal(String(head.bodyLength), head.headers.get('content-length') ?? '0')
}

function assertClean(fields: readonly string[]): void {
  for (const [i, field] of fields.entries()) {
    // oxlint-disable-next-line no-control-regex -- controls are what must not be there
    assert.doesNotMatch(field, i % 2 === 0 ? /[\0-\x20A-Z:\x7f-\xff]/ : /[\0-\x08\n-\x1f\x7f]|^[ \t]|[ \t]$/)
    if (i % 2 === 0) assert.notEqual(field, '')
  }
}

function checkRoundTrip(head: H1RequestHead): void {
  const { method, target, host = 'none' } = head
  const text = encodeRequestHead({ method, target, host }, head.headers, { bodyLength: head.bodyLength })
  assert.ok(typeof text === 'string', 'what was read cannot be written')
  const [again] = recordRequests(text)
  assert.ok(again?.kind === 'request', 'what was written cannot be read')
  assert.deepEqual(
    [again.head.method, again.head.target, again.head.host, again.head.bodyLength],
    [method, target, host, head.bodyLength],
  )
  assert.deepEqual(endToEnd(again.head.headers), endToEnd(head.headers))
}

function endToEnd(headers: HeaderList): readonly string[] {
  const ours = [
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'keep-alive',
    'proxy-connection',
    'upgrade',
  ]
  return [...headers].filter(([name]) => !ours.includes(name)).map((field) => field.join(': '))
}

/** Whatever a filter makes up, what is written is one message with exactly those fields, or nothing. */
function checkEncoders(random: SeededRandom): void {
  const text = (size: number): string =>
    Array.from({ length: random.below(size) }, () => random.pick(CHARACTERS)).join('')
  const name = random.chance(0.7) ? `x${random.below(9)}` : text(4)
  const value = text(6)
  const headers = new HeaderList(['a', '1', name, value])
  const line = {
    method: 'GET',
    target: random.chance(0.7) ? '/' : `/${text(4)}`,
    host: random.chance(0.7) ? 'a' : text(4),
  }
  const wanted = ['a: 1', `${name}: ${value.replace(/^[ \t]+|[ \t]+$/g, '')}`]

  const request = encodeRequestHead(line, headers, { bodyLength: 0 })
  if (typeof request === 'string') {
    const [read, end, ...more] = recordRequests(request)
    assert.ok(read?.kind === 'request' && end?.kind === 'end' && more.length === 0, request)
    assert.deepEqual([read.head.target, read.head.host], [line.target, line.host])
    assert.deepEqual(endToEnd(read.head.headers), wanted)
  }
  const response = encodeResponseHead({ status: 200, reason: text(3) }, headers, { bodyLength: 0, method: 'GET' })
  if (typeof response === 'string') {
    const [read, end, ...more] = recordResponses(response)
    assert.ok(read?.kind === 'response' && end?.kind === 'end' && more.length === 0, response)
    assert.deepEqual(endToEnd(read.head.headers), wanted)
  }
}
