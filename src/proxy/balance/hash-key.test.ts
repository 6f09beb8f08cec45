import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../http/header-list.ts'
import type { HashKey, LoadBalancing } from '../../model/backend/backend-policy.ts'
import { endpointsOf } from '../../../test/support/models.ts'
import { hashOf } from './hash-key.ts'
import { hashText } from '../../lib/hash/hash-text.ts'

const groupOf = (loadBalancing: LoadBalancing) => ({
  ...endpointsOf('api', []),
  policy: { source: 'BackendPolicy shop/api', loadBalancing },
})

const request = {
  headers: new HeaderList([
    'x-user',
    'ann',
    'x-empty',
    '',
    'cookie',
    'a=1; sid=s1;b=2',
    'cookie',
    'late=x; sid=s2; e=',
  ]),
  target: '/path?user=bob&user=eve&empty=',
  token: {
    principal: 'https://id.test/ann',
    issuer: 'https://id.test',
    subject: 'ann',
    audiences: [],
    presenter: undefined,
    claims: {
      sub: 'ann',
      org: { unit: 'books' },
      'a.b': 'dotted',
      a: { b: 'deep' },
      tenant: 7,
      groups: ['x', 'y'],
      none: {},
    },
  },
  principal: 'spiffe://cluster.local/ns/shop/sa/web',
  address: '10.1.2.3',
}

const cases: readonly (readonly [HashKey, string | undefined])[] = [
  [{ type: 'Header', name: 'x-user' }, 'ann'],
  [{ type: 'Header', name: 'x-none' }, undefined],
  [{ type: 'Header', name: 'x-empty' }, undefined],
  [{ type: 'Cookie', name: 'sid' }, 's1'],
  [{ type: 'Cookie', name: 'a' }, '1'],
  [{ type: 'Cookie', name: 'b' }, '2'],
  [{ type: 'Cookie', name: 'late' }, 'x'],
  [{ type: 'Cookie', name: 'e' }, undefined],
  [{ type: 'Cookie', name: 'id' }, undefined],
  [{ type: 'Cookie', name: 'si' }, undefined],
  [{ type: 'QueryParameter', name: 'user' }, 'bob'],
  [{ type: 'QueryParameter', name: 'empty' }, undefined],
  [{ type: 'QueryParameter', name: 'use' }, undefined],
  [{ type: 'SourcePrincipal' }, request.principal],
  [{ type: 'SourceAddress' }, request.address],
  [{ type: 'JWTClaim', name: 'sub' }, 'ann'],
  [{ type: 'JWTClaim', name: 'org.unit' }, 'books'],
  [{ type: 'JWTClaim', name: 'a.b' }, 'dotted'],
  [{ type: 'JWTClaim', name: 'tenant' }, '7'],
  [{ type: 'JWTClaim', name: 'groups' }, 'x y'],
  [{ type: 'JWTClaim', name: 'none' }, undefined],
  [{ type: 'JWTClaim', name: 'gone' }, undefined],
]
for (const [key, value] of cases) {
  test(`${key.type} ${'name' in key ? key.name : ''} of a request is ${value}`, () => {
    const hash = hashOf(groupOf({ algorithm: 'ConsistentHash', key }), request)
    assert.equal(hash, value === undefined ? undefined : hashText(value))
  })
}

test('a connection has its source, and nothing else', () => {
  const connection = { principal: undefined, address: '10.1.2.3' }
  const of = (key: HashKey) => hashOf(groupOf({ algorithm: 'ConsistentHash', key }), connection)
  assert.equal(of({ type: 'SourceAddress' }), hashText('10.1.2.3'))
  for (const type of ['Header', 'Cookie', 'QueryParameter', 'JWTClaim'] as const)
    assert.equal(of({ type, name: 'a' }), undefined)
  assert.equal(of({ type: 'SourcePrincipal' }), undefined)
})

test('other algorithms hash nothing', () => {
  assert.equal(hashOf(groupOf({ algorithm: 'LeastRequest' }), request), undefined)
  assert.equal(hashOf(endpointsOf('api', []), request), undefined)
})

test('texts have the same hash for ever: replicas of another version choose the same', () => {
  assert.deepEqual(['', 'a', 'ann', '10.1.2.3'].map(hashText), [-1421968373, 444641715, -1516948763, 223939274])
})
