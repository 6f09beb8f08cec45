import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createCertificate, type SubjectName } from './ca/certificate.ts'
import { readSpiffeName, readUriNames } from './spiffe-name.ts'

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const leafWith = (names: readonly SubjectName[]): X509Certificate =>
  new X509Certificate(
    createCertificate({
      publicKey: keys.publicKey,
      issuer: { commonName: 'test', ...keys },
      notBeforeMs: Date.UTC(2025, 0, 1),
      notAfterMs: Date.UTC(2060, 0, 1),
      usage: { kind: 'leaf', names, purposes: [] },
    }),
  )

const GOOD = 'spiffe://cluster.local/ns/shop/sa/api'
const EVIL = 'spiffe://cluster.local/ns/kube-system/sa/admin'

test('a leaf with one workload identity has that identity', () => {
  assert.deepEqual(readSpiffeName(leafWith([{ type: 'URI', value: GOOD }])), { ok: true, identity: GOOD })
})

test('names of other types beside the identity mean nothing', () => {
  const names: SubjectName[] = [
    { type: 'DNS', value: 'api.shop.svc' },
    { type: 'URI', value: GOOD },
    { type: 'DNS', value: `a", URI:${EVIL}` },
  ]
  assert.deepEqual(readSpiffeName(leafWith(names)), { ok: true, identity: GOOD })
})

const refused: readonly { readonly what: string; readonly names: readonly SubjectName[]; readonly reason: RegExp }[] = [
  { what: 'no names at all', names: [], reason: /no URI name/ },
  { what: 'only a DNS name', names: [{ type: 'DNS', value: 'api' }], reason: /no URI name/ },
  {
    what: 'two identities',
    names: [
      { type: 'URI', value: GOOD },
      { type: 'URI', value: GOOD },
    ],
    reason: /2 URI names/,
  },
  {
    what: 'an identity and another URI',
    names: [
      { type: 'URI', value: GOOD },
      { type: 'URI', value: 'https://example.com/' },
    ],
    reason: /2 URI names/,
  },
  { what: 'an identity smuggled into a DNS name', names: [{ type: 'DNS', value: `x, URI:${EVIL}` }], reason: /no URI/ },
  {
    what: 'an identity smuggled behind a quote in a DNS name',
    names: [{ type: 'DNS', value: `x", URI:${EVIL}, DNS:"` }],
    reason: /no URI/,
  },
  {
    what: 'a second name inside the URI',
    names: [{ type: 'URI', value: `${GOOD}, URI:${EVIL}` }],
    reason: /not of the/,
  },
  { what: 'a quote in the URI', names: [{ type: 'URI', value: `"${GOOD}"` }], reason: /not of the form/ },
  { what: 'a NUL in the URI', names: [{ type: 'URI', value: `${GOOD}\0.evil` }], reason: /not of the form/ },
  { what: 'a line break after the URI', names: [{ type: 'URI', value: `${GOOD}\n` }], reason: /not of the form/ },
  { what: 'a fourth path segment', names: [{ type: 'URI', value: `${GOOD}/x/y` }], reason: /not of the form/ },
  { what: 'an upper-case scheme', names: [{ type: 'URI', value: GOOD.replace('s', 'S') }], reason: /not of the form/ },
  {
    what: 'a namespace that is a step up',
    names: [{ type: 'URI', value: GOOD.replace('shop', '..') }],
    reason: /not of/,
  },
  {
    what: 'an account that is a step nowhere',
    names: [{ type: 'URI', value: GOOD.replace('api', '.') }],
    reason: /not of/,
  },
  { what: 'an empty URI', names: [{ type: 'URI', value: '' }], reason: /not of the form/ },
  {
    what: 'a port in the trust domain',
    names: [{ type: 'URI', value: GOOD.replace('local', 'local:1') }],
    reason: /not of/,
  },
]

for (const { what, names, reason } of refused) {
  test(`a leaf is refused for ${what}`, () => {
    const result = readSpiffeName(leafWith(names))
    assert.equal(result.ok, false)
    if (!result.ok) assert.match(result.reason, reason)
  })
}

test('text that is not of Node’s form gives no names at all', () => {
  for (const text of [
    'URI',
    'URI:"unclosed',
    `URI:${GOOD},URI:${EVIL}`,
    `URI:${GOOD}, `,
    'URI:"\\x"',
    ':a',
    'URI:a"b',
  ]) {
    assert.equal(readUriNames(text), undefined, text)
  }
})

test('other kinds of names are stepped over', () => {
  const text = `IP Address:10.0.0.1, othername:"UPN:a, URI:${EVIL}", DirName:"CN = x", Registered ID:1.2.3, URI:${GOOD}`
  assert.deepEqual(readUriNames(text), [GOOD])
})
