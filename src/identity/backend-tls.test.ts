import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createBackendCa } from '../../test/support/tls/backend-ca.ts'
import type { BackendTls } from '../model/endpoint.ts'
import { backendTlsOptions, explainBackendFailure, refuseBackend } from './backend-tls.ts'

const ca = createBackendCa()
const SPIFFE = 'spiffe://other.org/ns/shop/sa/orders'

const hosts = (...values: readonly string[]): Partial<BackendTls> => ({
  subjectAltNames: values.map((value) => ({ type: 'Hostname', value })),
})
const uris = (...values: readonly string[]): Partial<BackendTls> => ({
  subjectAltNames: values.map((value) => ({ type: 'URI', value })),
})

const cases: readonly {
  readonly name: string
  readonly names: readonly string[]
  readonly commonName?: string
  readonly policy?: Partial<BackendTls>
  readonly isGood: boolean
}[] = [
  { name: 'the hostname', names: ['orders.shop.svc'], isGood: true },
  { name: 'the hostname among others', names: ['a.shop', SPIFFE, 'orders.shop.svc'], isGood: true },
  { name: 'the hostname in other letters', names: ['Orders.Shop.svc'], isGood: true },
  { name: 'another hostname', names: ['carts.shop'], isGood: false },
  { name: 'a hostname that it is the end of', names: ['my.orders.shop.svc'], isGood: false },
  { name: 'its parent', names: ['shop.svc'], isGood: false },
  { name: 'a wildcard for its label', names: ['*.shop.svc'], isGood: true },
  {
    name: 'a wildcard for two labels',
    names: ['*.shop.svc'],
    policy: { hostname: 'a.orders.shop.svc' },
    isGood: false,
  },
  { name: 'a wildcard for no label', names: ['*.shop.svc'], policy: { hostname: 'shop.svc' }, isGood: false },
  { name: 'a wildcard for a part of a label', names: ['ord*.shop.svc'], isGood: false },
  { name: 'a wildcard in the middle', names: ['a.*.shop.svc'], policy: { hostname: 'a.b.shop.svc' }, isGood: false },
  { name: 'a wildcard with one label', names: ['*.shop'], policy: { hostname: 'a.shop' }, isGood: false },
  { name: 'a wildcard alone', names: ['*'], policy: { hostname: 'shop' }, isGood: false },
  { name: 'the hostname as common name only', names: [], commonName: 'orders.shop.svc', isGood: false },
  { name: 'the hostname as common name, beside a URI', names: [SPIFFE], commonName: 'orders.shop.svc', isGood: false },
  { name: 'the hostname as URI', names: ['dns://orders.shop.svc'], isGood: false },
  { name: 'a listed name instead of the hostname', names: ['a.shop'], policy: hosts('a.shop'), isGood: true },
  { name: 'the second of the listed names', names: ['b.shop'], policy: hosts('a.shop', 'b.shop'), isGood: true },
  { name: 'a wildcard for a listed name', names: ['*.b.shop'], policy: hosts('a.b.shop'), isGood: true },
  { name: 'a listed wildcard itself', names: ['*.b.shop'], policy: hosts('*.b.shop'), isGood: true },
  { name: 'a name below a listed wildcard', names: ['a.b.shop'], policy: hosts('*.b.shop'), isGood: false },
  { name: 'the hostname where others are listed', names: ['orders.shop.svc'], policy: hosts('a.shop'), isGood: false },
  { name: 'a listed URI', names: [SPIFFE], policy: uris(SPIFFE), isGood: true },
  { name: 'a URI that begins like a listed one', names: [`${SPIFFE}2`], policy: uris(SPIFFE), isGood: false },
  { name: 'a listed URI in other letters', names: [SPIFFE.toUpperCase()], policy: uris(SPIFFE), isGood: false },
  { name: 'a listed URI as a DNS name', names: ['orders.shop.svc'], policy: uris('orders.shop.svc'), isGood: false },
  {
    name: 'a DNS name that spells a URI entry',
    names: [`x, URI:${SPIFFE}`.replaceAll('://', ':')],
    policy: uris(SPIFFE.replace('://', ':')),
    isGood: false,
  },
  {
    name: 'a URI or a name, here the name',
    names: ['a.shop'],
    policy: {
      subjectAltNames: [
        { type: 'URI', value: SPIFFE },
        { type: 'Hostname', value: 'a.shop' },
      ],
    },
    isGood: true,
  },
  { name: 'an empty listed name', names: ['a.shop'], policy: hosts(''), isGood: false },
  { name: 'a listed name with a NUL', names: ['a.shop'], policy: hosts('a.shop\0.evil'), isGood: false },
]

for (const { name, names, commonName, policy, isGood } of cases) {
  test(`a certificate for ${name} is ${isGood ? 'taken' : 'refused'}`, () => {
    const { cert } = ca.issue(names, commonName === undefined ? {} : { commonName })
    const refusal = refuseBackend(new X509Certificate(cert), ca.tls('orders.shop.svc', policy))
    assert.equal(refusal === undefined, isGood, refusal ?? 'it was taken')
  })
}

test('a refusal names what was found and what was wanted', () => {
  const { cert } = ca.issue(['a.shop', SPIFFE])
  const refusal = refuseBackend(new X509Certificate(cert), ca.tls('orders.shop.svc', hosts('b.shop', 'c.shop')))
  assert.equal(refusal, `its certificate is for DNS:a.shop, URI:${SPIFFE}, and not for b.shop or c.shop`)
})

test('nobody without a certificate is let in', () => {
  assert.equal(refuseBackend(undefined, ca.tls('orders.shop.svc')), 'it presented no certificate')
})

test('the whole set of options is there: SNI, a demand for a good chain', () => {
  const options = backendTlsOptions(ca.tls('orders.shop.svc'))
  assert.equal(options.servername, 'orders.shop.svc')
  assert.equal(options.rejectUnauthorized, true)
  assert.ok(options.secureContext)
})

const failures = [
  ['CERT_HAS_EXPIRED', /^its certificate is not valid at this time \(CERT_HAS_EXPIRED\)$/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /^its certificate does not lead to a CA of the policy/],
  ['INVALID_PURPOSE', /may not be used by a server/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /no TLS/],
  ['ECONNRESET', /^what Node said \(ECONNRESET\)$/],
] as const
for (const [code, expected] of failures) {
  test(`${code} is explained`, () => {
    assert.match(explainBackendFailure(Object.assign(new Error('what Node said'), { code })), expected)
  })
}

test('of an error of OpenSSL the reason is told, and not the line with file names', () => {
  const error = Object.assign(new Error('80:error:0A000410:SSL routines:f:reason:../ssl/x.c:916:'), {
    code: 'ERR_SSL_TLS_ALERT_HANDSHAKE_FAILURE',
    reason: 'tls alert handshake failure',
  })
  assert.equal(explainBackendFailure(error), 'tls alert handshake failure (ERR_SSL_TLS_ALERT_HANDSHAKE_FAILURE)')
})

test('an error without a code is left as it is', () => {
  assert.equal(explainBackendFailure(new Error('what Node said')), 'what Node said')
})
