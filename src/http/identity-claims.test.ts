import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from './header-list.ts'
import { isOwnField, removeIdentityClaims, removeOwnFields } from './identity-claims.ts'

const CLAIMS = [
  'x-forwarded-client-cert',
  'x_forwarded_client_cert',
  'x-forwarded_client-cert',
  'x_forwarded_for',
  'x-forwarded_for',
  'x-envoy-internal',
  'x_envoy_internal',
  'x-envoy-peer-metadata',
  'x-envoy-peer_metadata',
  'x-envoy-peer-metadata-id',
  'x_envoy_peer_metadata_id',
  'x-istio-attributes',
  'x-istio-source',
  'x_istio_source',
  'x-istio-of-tomorrow',
  'x-istio-jwt',
  'x-istio-',
]

const OTHERS = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-client-certs',
  'x-envoy-external-address',
  'x-envoy-attempt-count',
  'x-istiod',
  'x-instance-identity',
  'xforwarded-client-cert-',
  'y-forwarded-client-cert',
  'forwarded',
  'x',
  '',
]

for (const name of CLAIMS) {
  test(`${name} goes, wherever it stands`, () => {
    const headers = new HeaderList([name, '1', 'a', 'b', name, '2', 'c', 'd', name, '3'])
    removeIdentityClaims(headers)
    assert.deepEqual(headers.fields, ['a', 'b', 'c', 'd'])
  })
}

test('nothing else goes', () => {
  const fields = OTHERS.flatMap((name) => [name, 'v'])
  const headers = new HeaderList([...fields])
  removeIdentityClaims(headers)
  assert.deepEqual(headers.fields, fields)
  headers.fields.push('x-forwarded-client-cert', 'v')
  removeIdentityClaims(headers)
  assert.deepEqual(headers.fields, fields)
})

test('of what goes out, only what we write is removed', () => {
  const own = CLAIMS.filter(isOwnField)
  assert.deepEqual(own, CLAIMS.slice(0, 5))
  const headers = new HeaderList([...CLAIMS, ...OTHERS].flatMap((name) => [name, 'v']))
  removeOwnFields(headers)
  assert.deepEqual(
    Array.from(headers, ([name]) => name),
    [...CLAIMS.slice(5), ...OTHERS],
  )
})
