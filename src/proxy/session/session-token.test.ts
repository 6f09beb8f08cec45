import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoint } from '../../model/endpoint.ts'
import { digestOf, formatToken, parseToken, tagOf } from './session-token.ts'

const endpoint: Endpoint = {
  address: '10.1.2.3',
  port: 8080,
  transport: 'hbone',
  workload: { uid: 'c//Pod/shop/api-1' },
}
const tag = tagOf({ scope: 'a' })
const digest = digestOf(endpoint)
const NOW = 1_800_000_000
const HOUR = { nowSec: NOW, absoluteTimeoutMs: 3_600_000 }
const EVER = { nowSec: NOW, absoluteTimeoutMs: undefined }
const at = (issuedAtSec?: number): string => formatToken(tag, { digest, issuedAtSec })

test('a token is what any other process would make of it, now and later', () => {
  assert.equal(at(), 'ypeBEsob.J4rWaeHIkR6yQhec')
  assert.equal(at(NOW), 'ypeBEsob.J4rWaeHIkR6yQhec.tro8w0')
})

test('a token tells nothing of addresses, and is another one for another pod, address or port', () => {
  const digests = [
    endpoint,
    { ...endpoint, port: 8081 },
    { ...endpoint, address: '10.1.2.4' },
    { ...endpoint, workload: { uid: 'c//Pod/shop/api-2' } },
  ].map(digestOf)
  assert.equal(new Set(digests).size, 4)
  assert.equal(digestOf({ ...endpoint, transport: 'plain' }), digest)
})

const cases: readonly (readonly [string, string, typeof HOUR | typeof EVER, boolean])[] = [
  ['without end', at(), EVER, true],
  ['with a time that nobody asks for', at(NOW - 99_999), EVER, true],
  ['just issued', at(NOW), HOUR, true],
  ['in its last second', at(NOW - 3599), HOUR, true],
  ['too old', at(NOW - 3600), HOUR, false],
  ['without a time where there has to be one', at(), HOUR, false],
  ['of a replica whose clock is ahead', at(NOW + 60), HOUR, true],
  ['of the future', at(NOW + 61), HOUR, false],
  ['of other sessions', formatToken(tagOf({ scope: 'b' }), { digest, issuedAtSec: NOW }), HOUR, false],
  ['that is longer', `${at(NOW)}0000000000`, HOUR, false],
  ['in quotes', `"${at()}"`, EVER, false],
  ['with a line end', `${at()}\n`, EVER, false],
  ['that is shorter', at().slice(0, -1), EVER, false],
  ['that is nothing', '', EVER, false],
  ['that is huge', 'a'.repeat(1_000_000), EVER, false],
]
for (const [name, token, now, isGood] of cases) {
  test(`a token ${name} is ${isGood ? 'understood' : 'ignored'}`, () => {
    assert.equal(parseToken(token, tag, now)?.digest, isGood ? digest : undefined)
  })
}
