import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { formatSpiffeId } from '../../model/identity.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import type { Credentials } from '../credentials.ts'
import { Trust } from './trust.ts'

const own = new TestCa('our root')
const other = new TestCa('the root of another trust domain')
const named = (trustDomain: string) => formatSpiffeId({ trustDomain, namespace: 'shop', serviceAccount: 'web' })
const us = own.issue(named('mesh.example'))
const trustDomains = ['mesh.example', 'old.example', 'alias.example']

const trustOf = (parts: Partial<Credentials> = {}): Trust => {
  const trust = Trust.decode({ ...us, ...parts }, trustDomains, Date.now())
  assert.ok(trust.ok)
  return trust.value
}

const federated = trustOf({ federatedRootsPem: { 'old.example': other.pem } })

const cases: readonly {
  readonly what: string
  readonly by: TestCa
  readonly of: string
  readonly isTrusted: boolean
}[] = [
  { what: 'our root for our trust domain', by: own, of: 'mesh.example', isTrusted: true },
  { what: 'another’s root for its own', by: other, of: 'old.example', isTrusted: true },
  { what: 'another’s root for ours', by: other, of: 'mesh.example', isTrusted: false },
  { what: 'our root for one that has its own', by: own, of: 'old.example', isTrusted: false },
  { what: 'our root for an alias that has none', by: own, of: 'alias.example', isTrusted: true },
  { what: 'another’s root for an alias that has none', by: other, of: 'alias.example', isTrusted: false },
]

for (const { what, by, of, isTrusted } of cases) {
  test(`${what} ${isTrusted ? 'counts' : 'does not count'}`, () => {
    const leaf = new X509Certificate(by.issue(named(of)).certificateChainPem)
    // OpenSSL has all of the roots, and found the chain good.
    const refusal = federated.refuse(leaf, { nowMs: Date.now(), isChainProven: true })
    assert.equal(refusal?.reason, isTrusted ? undefined : 'untrustedRoot')
  })
}

test('a revocation list of another’s root counts as well', () => {
  const revoked = other.issue(named('old.example'))
  const trust = trustOf({
    federatedRootsPem: { 'old.example': other.pem },
    crlPem: other.revoke([revoked.certificateChainPem]),
  })
  const refuse = (credentials: Credentials) =>
    trust.refuse(new X509Certificate(credentials.certificateChainPem), { nowMs: Date.now(), isChainProven: true })
  assert.equal(refuse(revoked)?.reason, 'revoked')
  assert.equal(refuse(other.issue(named('old.example'))), undefined)
})

test('peers are judged again when a trust domain gets roots of its own, and when it loses one', () => {
  const alone = trustOf()
  assert.equal(federated.keeps(alone), false)
  assert.equal(alone.keeps(federated), false)
  assert.equal(federated.keeps(trustOf({ federatedRootsPem: { 'old.example': other.pem } })), true)
  const both = trustOf({ federatedRootsPem: { 'old.example': other.pem + own.pem } })
  assert.equal(both.keeps(federated), true)
  assert.equal(federated.keeps(both), false)
  assert.deepEqual(
    federated.roots.map(({ certificate }) => certificate.subject),
    ['CN=our root', 'CN=the root of another trust domain'],
  )
})
