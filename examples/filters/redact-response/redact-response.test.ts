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
const pass = async (body: Buffer, cuts: readonly number[] = [], config: unknown = {}): Promise<Buffer> => {
  const pieces = [0, ...cuts].map((from, i) => body.subarray(from, cuts[i] ?? body.length))
  const { responseBody } = await runFilter(redactResponse, config, { response: { body: pieces } })
  return responseBody
}

const body = Buffer.from(text)

test('card numbers are covered, and nothing else; the length stays', async () => {
  const out = await pass(body)
  assert.equal(out.toString(), redacted)
  assert.equal(out.length, body.length)
})

test('however the body is cut, it comes to the same', async () => {
  const random = createSeededRandom(3)
  for (let round = 0; round < 200; round++) {
    const cuts = Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * body.length))
    const out = await pass(
      body,
      cuts.toSorted((a, b) => a - b),
    )
    assert.equal(out.toString(), redacted)
  }
  const each = Array.from({ length: body.length - 1 }, (_, i) => i + 1)
  assert.equal((await pass(body, each)).toString(), redacted)
})

test('little is held back while a body streams by', () => {
  const exchange = { ...createExchange(), response: { status: 200, headers: createExchange().request.headers } }
  const transform = redactResponse.create({ keepLast: 4 }, createFakeEnv()).transformResponse?.(exchange)
  assert.ok(typeof transform === 'function')
  let held = 0
  for (const byte of body) {
    const result = transform(Buffer.from([byte]), false)
    assert.ok(result instanceof Uint8Array)
    held += 1 - result.length
    assert.ok(held <= 64, `${held} bytes are held back`)
  }
})

test('bytes that are no text come out as they were', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  assert.deepEqual(await pass(bytes, [10, 100]), bytes)
})

test('a body that is no text by its type is left alone', async () => {
  const { responseBody } = await runFilter(
    redactResponse,
    {},
    {
      response: { headers: [['content-type', 'image/png']], body: '4111111111111111' },
    },
  )
  assert.equal(responseBody.toString(), '4111111111111111')
})

test('a megabyte of digits takes no longer than a megabyte of anything', async () => {
  const digits = Buffer.alloc(1_000_000, '4')
  assert.deepEqual(await pass(digits, [300_000, 600_000]), digits)
})

test('nothing need stay readable', async () => {
  assert.equal((await pass(Buffer.from('4111111111111111'), [], { keepLast: 0 })).toString(), '****************')
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
