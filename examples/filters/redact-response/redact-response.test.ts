import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createExchange, createFakeEnv, createSeededRandom, runFilter } from 'fairway/filter/testing'
import redactResponse from './redact-response.ts'

const text = [
  'card 4111 1111 1111 1111, order 4111111111111112,',
  'card 5500-0000-0000-0004;card 378282246310005 and 4222222222222',
  'a card in a row 1112 4111 1111 1111 1111 and 4111 1111 1111 1111 2222 33 - 4111-1111 1111-1111-',
  'long 41111111111111111111111111111111111111111111111111111111, é, end 4111111111111111',
  `far too long ${'4111111111111111 '.repeat(6)}- 4111111111111111`,
].join('\n')

const redacted = [
  'card **** **** **** 1111, order 4111111111111112,',
  'card ****-****-****-0004;card ***********0005 and *********2222',
  'a card in a row 1112 **** **** **** 1111 and **** **** **** 1111 2222 33 - ****-**** ****-1111-',
  'long 41111111111111111111111111111111111111111111111111111111, é, end ************1111',
  `far too long ${'4111111111111111 '.repeat(6)}- ************1111`,
].join('\n')

/** What comes of a body that arrives cut at these places. */
const pass = (body: Buffer, cuts: readonly number[], keepLast = 4): { readonly out: Buffer; readonly most: number } => {
  const exchange = { ...createExchange(), response: { status: 200, headers: createExchange().request.headers } }
  const transform = redactResponse.create({ keepLast }, createFakeEnv()).transformResponse?.(exchange)
  assert.ok(typeof transform === 'function')
  let most = 0
  let held = 0
  const pieces = [0, ...cuts].map((from, i) => body.subarray(from, cuts[i] ?? body.length))
  const out = [...pieces, Buffer.alloc(0)].map((piece, i) => {
    const result = transform(piece, i === pieces.length)
    assert.ok(result instanceof Uint8Array)
    held += piece.length - result.length
    most = Math.max(most, held)
    return result
  })
  return { out: Buffer.concat(out), most }
}

const body = Buffer.from(text)

test('card numbers are covered, and nothing else; the length stays', () => {
  const { out } = pass(body, [])
  assert.equal(out.toString(), redacted)
  assert.equal(out.length, body.length)
})

test('however the body is cut, it comes to the same, and little is held back', () => {
  const random = createSeededRandom(3)
  for (let round = 0; round < 300; round++) {
    const cuts = Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * body.length))
    const { out, most } = pass(
      body,
      cuts.toSorted((a, b) => a - b),
    )
    assert.equal(out.toString(), redacted)
    assert.ok(most <= 64, `${most} bytes were held back`)
  }
  const each = Array.from({ length: body.length - 1 }, (_, i) => i + 1)
  assert.equal(pass(body, each).out.toString(), redacted)
})

test('bytes that are no text come out as they were', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  assert.deepEqual(pass(bytes, [10, 100]).out, bytes)
})

test('a megabyte of digits takes no longer than a megabyte of anything', () => {
  const digits = Buffer.alloc(1_000_000, '4')
  assert.deepEqual(pass(digits, [300_000, 600_000]).out, digits)
})

test('nothing need stay readable', () => {
  assert.equal(pass(Buffer.from('4111111111111111'), [], 0).out.toString(), '****************')
})

test('the backend is asked for bodies that can be looked at', async () => {
  const { request } = await runFilter(
    redactResponse,
    {},
    {
      exchange: {
        headers: [
          ['accept-encoding', 'br, gzip'],
          ['range', 'bytes=0-99'],
        ],
      },
    },
  )
  assert.deepEqual([request.headers.get('accept-encoding'), request.headers.get('range')], ['identity', undefined])
})

test('a backend that compresses all the same is not passed on unseen', async () => {
  const { response, reply } = await runFilter(
    redactResponse,
    {},
    { response: { headers: [['content-encoding', 'gzip']] } },
  )
  assert.deepEqual([response.status, reply?.reason], [502, 'unreadable_encoding'])
})
