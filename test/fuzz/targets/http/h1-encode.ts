import assert from 'node:assert/strict'
import { encodeRequestHead, encodeResponseHead } from '../../../../src/http/h1/encode.ts'
import { HeaderList } from '../../../../src/http/header-list.ts'
import { type H1Event, recordRequests, recordResponses } from '../../../support/http/h1-events.ts'
import type { SeededRandom } from '../../../support/random.ts'
import { chanceTarget } from '../../engine/chance-target.ts'
import { readLeniently } from '../../support/lenient-h1.ts'

/** Text for encoder input; `\u010a` would become LF if it were cut to a byte. */
const CHARACTERS = [
  'a',
  'B',
  '-',
  ':',
  ' ',
  '\t',
  '\r',
  '\n',
  '\0',
  '\x7f',
  '\xe9',
  '\u010a',
  '/',
  '#',
  '0',
  ',',
  '\u2028',
]
const NAMES = ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'Host', 'te', 'x-a']

/** Whatever a filter makes up, what is written is one message with exactly those fields, or nothing. */
export const h1EncodeTarget = chanceTarget('h1-encode', 2000, (random) => {
  const name = random.chance(0.5) ? `x${random.below(9)}` : random.chance(0.5) ? random.pick(NAMES) : text(random, 4)
  const value = text(random, 6)
  const headers = new HeaderList(['a', '1', name, value])
  const host = random.chance(0.7) ? 'a' : text(random, 4)
  const line = {
    method: random.chance(0.9) ? 'GET' : text(random, 4),
    target: random.chance(0.7) ? '/' : `/${text(random, 4)}`,
    host,
  }
  const wanted = ['a: 1', `${name}: ${value.replace(/^[ \t]+|[ \t]+$/g, '')}`].filter((field) => !isOurs(field))

  const request = encodeRequestHead(line, headers, { bodyLength: 0 })
  if (typeof request === 'string') {
    const read = readOne(recordRequests(request), request)
    assert.ok(read.kind === 'request')
    const { head } = read
    assert.deepEqual([head.method, head.target, head.host], [line.method, line.target, line.host])
    assert.deepEqual(endToEnd(head.headers), wanted)
    assert.equal(readLeniently(request, () => true)?.length, 1, request)
  }
  const reason = text(random, 3)
  const response = encodeResponseHead({ status: 200, reason }, headers, { bodyLength: 0, method: 'GET' })
  if (typeof response === 'string') {
    const read = readOne(recordResponses(response, { methods: ['GET'] }), response)
    assert.ok(read.kind === 'response')
    assert.deepEqual(endToEnd(read.head.headers), wanted)
    assert.equal(readLeniently(response, () => true)?.length, 1, response)
  }
  return `${typeof request} ${typeof response}`
})

/** The one message that was told, and nothing else. */
function readOne(events: readonly H1Event[], wire: string): H1Event {
  const [read, end, ...more] = events
  assert.ok(read !== undefined && end?.kind === 'end' && more.length === 0, wire)
  return read
}

function text(random: SeededRandom, size: number): string {
  return Array.from({ length: random.below(size) }, () => random.pick(CHARACTERS)).join('')
}

/** What the encoder writes itself, whatever the list says. */
function isOurs(field: string): boolean {
  return /^(?:host|content-length|transfer-encoding|connection|keep-alive|proxy-connection|upgrade): /.test(field)
}

function endToEnd(headers: HeaderList): readonly string[] {
  return [...headers].map((field) => field.join(': ')).filter((field) => !isOurs(field))
}
