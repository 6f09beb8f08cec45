import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { createCertificate, type CertificateIssuer, type CertificateUsage } from '../ca/certificate.ts'
import type { Credentials } from '../credentials.ts'
import type { CredentialStatus } from '../credentials.ts'
import { createCertsDocument } from './certs-document.ts'
import { createCredentialReports, describeCredentials } from './credential-report.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-11-21T12:00:00Z')
const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const issuerOf = (commonName: string): CertificateIssuer => ({ commonName, ...newKeys() })
const root = issuerOf('Root')
const between = issuerOf('Between')
const IDENTITY = 'spiffe://cluster.local/ns/shop/sa/waypoint'
const leafUsage: CertificateUsage = {
  kind: 'leaf',
  names: [{ type: 'URI', value: IDENTITY }],
  purposes: ['serverAuth', 'clientAuth'],
}

/** Days count from now. */
const issue = (
  issuer: CertificateIssuer,
  what: { readonly ca?: CertificateIssuer; readonly from?: number; readonly to?: number } = {},
): string =>
  createCertificate({
    publicKey: what.ca?.publicKey ?? newKeys().publicKey,
    ...(what.ca === undefined ? {} : { commonName: what.ca.commonName }),
    issuer,
    notBeforeMs: NOW_MS + (what.from ?? -0.25) * DAY_MS,
    notAfterMs: NOW_MS + (what.to ?? 0.75) * DAY_MS,
    usage: what.ca === undefined ? leafUsage : { kind: 'root' },
  })

const rootPem = issue(root, { ca: root, from: -100, to: 1000 })
const betweenPem = issue(root, { ca: between, from: -100, to: 500 })

const texts = (certificateChainPem: string, trustRootsPem = rootPem) => ({ certificateChainPem, trustRootsPem })

describe('the report of credentials', () => {
  it('shows each certificate, leaf first, and no secret', () => {
    const { chain, trustRoots, revocationLists, isRooted } = describeCredentials(
      texts(issue(between) + betweenPem, rootPem),
    )
    assert.partialDeepStrictEqual(chain, [
      {
        subject: '',
        issuer: 'CN=Between',
        names: [IDENTITY],
        key: 'EC prime256v1',
        notBefore: '2026-11-21T06:00:00.000Z',
        notAfter: '2026-11-22T06:00:00.000Z',
      },
      { subject: 'CN=Between', issuer: 'CN=Root', names: [] },
    ])
    assert.match(`${chain[0]?.serialNumber} ${chain[0]?.sha256}`, /^[0-9A-F]{30,32} [0-9a-f]{64}$/)
    assert.partialDeepStrictEqual(trustRoots, [{ subject: 'CN=Root', issuer: 'CN=Root' }])
    assert.deepEqual([revocationLists, isRooted], [[], true])
  })

  it('has each root once', () => {
    const { trustRoots } = describeCredentials(texts(issue(root), rootPem + issue(between, { ca: between }) + rootPem))
    assert.deepEqual(
      trustRoots.map(({ subject }) => subject),
      ['CN=Root', 'CN=Between'],
    )
  })

  it('has the roots of a federated trust domain behind ours, and does not take them for ours', () => {
    const stranger = issuerOf('Stranger')
    const strangerPem = issue(stranger, { ca: stranger })
    const federatedRootsPem = { 'a.example': strangerPem + strangerPem, 'b.example': rootPem }
    const report = describeCredentials({ ...texts(issue(stranger)), federatedRootsPem })
    assert.deepEqual(
      report.trustRoots.map(({ subject, federatedDomain }) => [subject, federatedDomain]),
      [
        ['CN=Root', undefined],
        ['CN=Stranger', 'a.example'],
        ['CN=Root', 'b.example'],
      ],
    )
    assert.equal(report.isRooted, false)
  })

  it('shows revocation lists by the CA that they are of', () => {
    const [ours, stranger] = [new TestCa('Ours'), new TestCa('Stranger')]
    const identity = formatSpiffeId({ trustDomain: 'a', namespace: 'b', serviceAccount: 'c' })
    const credentials = ours.issue(identity)
    const revoked = [1, 2].map(() => ours.issue(identity).certificateChainPem)
    const dates = { thisUpdateMs: NOW_MS - 1000 }
    const crlPem = [
      ours.revoke(revoked, { ...dates, nextUpdateMs: NOW_MS }),
      ours.revoke([], { ...dates, nextUpdateMs: null }),
      stranger.revoke([], { ...dates, nextUpdateMs: NOW_MS + 1000 }),
    ].join('')
    const report = describeCredentials({ ...credentials, crlPem })
    const [thisUpdate, nextUpdate] = ['2026-11-21T11:59:59.000Z', '2026-11-21T12:00:00.000Z']
    assert.deepEqual(report.revocationLists, [
      { issuer: 'CN=Ours', thisUpdate, nextUpdate, revoked: 2 },
      { issuer: 'CN=Ours', thisUpdate, revoked: 0 },
      { issuer: 'a CA that is not among ours', thisUpdate, nextUpdate: '2026-11-21T12:00:01.000Z', revoked: 0 },
    ])
    const status = { kind: 'files', rotations: 0, failures: 0 } as const
    const { troubles, stolen } = createCertsDocument({ report, status, trustDomains: [] }, NOW_MS)
    const overdue = troubles.filter((trouble) => trouble.includes('revocation list'))
    assert.deepEqual(overdue, [
      `the revocation list of CN=Ours was to be replaced by ${nextUpdate}: whom it names stays refused`,
    ])
    assert.equal(stolen?.endsEarlierBy, 'revocation-list')
  })

  it('knows when it is our own certificate that is revoked', () => {
    const ca = new TestCa('Ours')
    const identity = formatSpiffeId({ trustDomain: 'a', namespace: 'b', serviceAccount: 'c' })
    const credentials = ca.issue(identity)
    const crlPem = ca.revoke([credentials.certificateChainPem])
    const status = { kind: 'files', rotations: 0, failures: 0 } as const
    const report = describeCredentials({ ...credentials, crlPem })
    const { troubles } = createCertsDocument({ report, status, trustDomains: [] }, credentials.notBeforeMs)
    assert.deepEqual(troubles, [`${identity} is revoked: peers with that list refuse us`])
    const other = describeCredentials({ ...credentials, crlPem: new TestCa('Ours').revoke([]) })
    assert.deepEqual(other.revoked, [])
  })

  it('leaves out what cannot be read', () => {
    const { chain, trustRoots } = describeCredentials(texts('', `${rootPem}${rootPem.replace(/\n[^-]{10}/, '\nAAAA')}`))
    assert.deepEqual([chain.length, trustRoots.length], [0, 1])
  })

  it('is made once for the same credentials', () => {
    const reportOf = createCredentialReports()
    const credentials = { ...texts(issue(root)), privateKeyPem: '' } as Credentials
    const report = reportOf(credentials)
    assert.equal(reportOf(credentials), report)
    assert.notEqual(reportOf({ ...credentials }), report)
  })
})

describe('what somebody should see to', () => {
  const other = issuerOf('Other')
  const cases: readonly (readonly [name: string, chain: string, roots: string, troubles: readonly RegExp[]])[] = [
    ['nothing', issue(root), rootPem, []],
    ['nothing of a chain', issue(between) + betweenPem, rootPem, []],
    ['nothing of one that brings its root', issue(root) + rootPem, rootPem, []],
    ['no certificate', '', rootPem, [/^there is no certificate$/]],
    ['one that has ended', issue(root, { to: -0.1 }), rootPem, [/^spiffe:.*waypoint expired at 2026-11-21T09:36:00/]],
    ['one of tomorrow', issue(root, { from: 0.5 }), rootPem, [/valid only from 2026-11-22T00:00:00.*clock/]],
    ['one that nobody renewed', issue(root, { from: -0.99, to: 0.05 }), rootPem, [/is late$/]],
    ['one of years that is due in a month', issue(root, { from: -1000, to: 29 }), rootPem, [/is late$/]],
    ['nothing of one of years that is not', issue(root, { from: -1000, to: 31 }), rootPem, []],
    [
      'an intermediate that ends first',
      issue(between) + issue(root, { ca: between, from: -1, to: 0.5 }),
      rootPem,
      [/^CN=Between ends at 2026-11-22T00:00:00.*before the leaf/],
    ],
    ['a chain of strangers', issue(other), rootPem, [/no trust root signed our chain/]],
    [
      'a root that has ended, beside one that is good',
      issue(root),
      rootPem + issue(other, { ca: other, from: -10, to: -1 }),
      [/^trust root CN=Other expired at/],
    ],
    ['nothing of a root that is short-lived', issue(root), rootPem + issue(other, { ca: other, from: -1, to: 1 }), []],
    [
      'a root that ends soon',
      issue(root),
      rootPem + issue(other, { ca: other, from: -1000, to: 29 }),
      [/^trust root CN=Other expires at/],
    ],
  ]
  for (const [name, chain, roots, wanted] of cases) {
    it(name, () => {
      const report = describeCredentials(texts(chain, roots))
      const status = { kind: 'files', rotations: 0, failures: 0 } as const
      const { troubles } = createCertsDocument({ report, status, trustDomains: [] }, NOW_MS)
      assert.equal(troubles.length, wanted.length, troubles.join('\n'))
      for (const [i, pattern] of wanted.entries()) assert.match(troubles[i] ?? '', pattern)
    })
  }
})

describe('the document', () => {
  const status = {
    kind: 'istiod',
    rotations: 3,
    failures: 2,
    lastFailure: { atMs: NOW_MS - 5000, message: 'unavailable' },
    nextRenewalMs: NOW_MS + 60_000,
  } as const

  it('is as good as the certificate that ends first', () => {
    const chain = issue(between) + issue(root, { ca: between, from: -1, to: 0.5 })
    const report = describeCredentials(texts(chain))
    const document = createCertsDocument({ report, status, trustDomains: ['cluster.local', 'old'] }, NOW_MS)
    assert.partialDeepStrictEqual(document, {
      identity: IDENTITY,
      trustDomains: ['cluster.local', 'old'],
      source: {
        kind: 'istiod',
        rotations: 3,
        failures: 2,
        lastFailure: { at: '2026-11-21T11:59:55.000Z', message: 'unavailable' },
        nextRenewal: '2026-11-21T12:01:00.000Z',
      },
      validity: { until: '2026-11-22T00:00:00.000Z', remainingSeconds: 43_200, lifetimeSeconds: 64_800 },
      stolen: { forSeconds: 43_200, forSecondsAtMost: 64_800, endsEarlierBy: 'nothing' },
    })
    assert.deepEqual(JSON.parse(JSON.stringify(document)), document)
  })

  it('tells of an attempt that failed until a later one has succeeded', () => {
    const report = describeCredentials(texts(issue(root)))
    const troubles = (parts: Partial<CredentialStatus>) =>
      createCertsDocument({ report, status: { ...status, ...parts }, trustDomains: [] }, NOW_MS).troubles
    assert.match(troubles({})[0] ?? '', /the next certificate cannot be had, .*: unavailable/)
    assert.deepEqual(troubles({ hasRecovered: true }), [])
  })

  it('counts the life of the leaf, also where its intermediate was made anew', () => {
    const report = describeCredentials(texts(issue(between) + issue(root, { ca: between, from: -0.1, to: 100 })))
    const { validity } = createCertsDocument({ report, status: { kind: 'files' }, trustDomains: [] }, NOW_MS)
    assert.partialDeepStrictEqual(validity, { from: '2026-11-21T09:36:00.000Z', lifetimeSeconds: 86_400 })
  })

  it('says that there is no next one for two minutes after each failure', () => {
    const report = describeCredentials(texts(issue(root)))
    const troublesAt = (nowMs: number) => createCertsDocument({ report, status, trustDomains: [] }, nowMs).troubles
    assert.deepEqual(troublesAt(NOW_MS), ['the next certificate cannot be had, or not all of it: unavailable'])
    assert.deepEqual(troublesAt(NOW_MS + 115_001), [])
  })

  it('says what is waited for as long as there is none', () => {
    const waiting = { ...status, waitingFor: 'a certificate from istiod at ca:15012' }
    const document = createCertsDocument({ report: undefined, status: waiting, trustDomains: ['a'] }, NOW_MS)
    assert.deepEqual(document.troubles, [
      'there is no certificate yet, waiting for a certificate from istiod at ca:15012: unavailable',
    ])
    assert.deepEqual(
      [document.identity, document.validity, document.stolen, document.chain],
      [undefined, undefined, undefined, []],
    )
  })
})
