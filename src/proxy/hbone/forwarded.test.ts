import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseForwarded } from './forwarded.ts'

const cases: readonly (readonly [text: string, address: string | undefined, host: string | undefined])[] = [
  ['for="10.0.0.7:40312";host=api.shop.svc.cluster.local', '10.0.0.7', 'api.shop.svc.cluster.local'],
  ['for="10.0.0.7:40312"', '10.0.0.7', undefined],
  ['for=10.0.0.7', '10.0.0.7', undefined],
  ['For="[2001:DB8::1]:80"; Host="API.shop"', '2001:db8::1', 'api.shop'],
  ['for="2001:db8::1"', '2001:db8::1', undefined],
  ['for="10.0.0.7, 10.0.0.8"', undefined, undefined],
  ['for=10.0.0.7, for=10.0.0.8;host=late', '10.0.0.7', undefined],
  ['for=10.0.0.7;for=10.0.0.8', '10.0.0.7', undefined],
  ['for=unknown;host=a', undefined, 'a'],
  ['for=_hidden', undefined, undefined],
  ['for="10.0.0.7', undefined, undefined],
  ['host=""', undefined, undefined],
  ['', undefined, undefined],
  [';;;,,,', undefined, undefined],
]

for (const [text, address, host] of cases) {
  test(`forwarded ${JSON.stringify(text)}`, () => assert.deepEqual(parseForwarded(text), { address, host }))
}

test('a long value is cut and does not take long', () => {
  assert.deepEqual(parseForwarded(`for="${'\\a'.repeat(100_000)}`), { address: undefined, host: undefined })
})
