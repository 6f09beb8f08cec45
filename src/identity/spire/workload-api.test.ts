import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { encodeSvidResponse } from '../../../test/support/mesh/spiffe-agent.ts'
import { decodeX509SvidResponse } from './workload-api.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

test('a message is read field by field', () => {
  const response = decodeX509SvidResponse(
    encodeSvidResponse({
      svids: [
        { spiffe_id: 'spiffe://a/b', x509_svid: bytes('c'), x509_svid_key: bytes('k'), bundle: bytes('b'), hint: 'h' },
        { spiffe_id: 'spiffe://a/c' },
      ],
      crl: [bytes('one'), bytes('two')],
      federated_bundles: { 'spiffe://d': bytes('d'), 'spiffe://e': bytes('e') },
    }),
  )
  const [first, second] = response.svids
  assert.equal(first?.spiffeId, 'spiffe://a/b')
  assert.deepEqual([first.chain, first.key, first.bundle].map(String), ['c', 'k', 'b'])
  assert.equal(first.hint, 'h')
  assert.deepEqual([second?.spiffeId, second?.chain.length, second?.hint], ['spiffe://a/c', 0, ''])
  assert.deepEqual(response.crls.map(String), ['one', 'two'])
  assert.deepEqual([...response.federatedBundles.keys()], ['spiffe://d', 'spiffe://e'])
  assert.deepEqual(decodeX509SvidResponse(new Uint8Array()), { svids: [], crls: [], federatedBundles: new Map() })
})

test('fields of later versions, and of another type, are skipped', () => {
  const message = new BinaryWriter()
    .tag(1, WireType.Varint)
    .uint32(7)
    .tag(1, WireType.Bit64)
    .fixed64(7)
    .tag(99, WireType.LengthDelimited)
    .string('later')
    .tag(1, WireType.LengthDelimited)
    .fork()
    .tag(1, WireType.Bit32)
    .fixed32(7)
    .tag(98, WireType.LengthDelimited)
    .string('later')
    .tag(1, WireType.LengthDelimited)
    .string('spiffe://a/b')
    .join()
    .finish()
  const { svids } = decodeX509SvidResponse(message)
  assert.deepEqual(
    svids.map(({ spiffeId }) => spiffeId),
    ['spiffe://a/b'],
  )
})

for (const hex of ['0a05', '0a', 'ff', '0a020a05', '0a030a01ff']) {
  test(`${hex} is no message`, () => {
    assert.throws(() => decodeX509SvidResponse(Buffer.from(hex, 'hex')))
  })
}
