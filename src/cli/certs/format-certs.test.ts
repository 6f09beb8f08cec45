import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTerminal } from '../../../test/support/terminal.ts'
import type { CertsDocument } from '../../identity/report/certs-document.ts'
import type { CertificateView } from '../../identity/report/certificate-view.ts'
import { createColours } from '../terminal/colours.ts'
import { formatCerts } from './format-certs.ts'

const NOW = '2026-11-21T12:00:00.000Z'
const certificate = (parts: Partial<CertificateView>): CertificateView => ({
  subject: '',
  issuer: 'O=cluster.local',
  names: [],
  serialNumber: 'AB12',
  sha256: 'c0ffee',
  key: 'EC prime256v1',
  notBefore: '2026-11-21T11:00:00.000Z',
  notAfter: '2026-11-22T11:00:00.000Z',
  ...parts,
})

const fine: CertsDocument = {
  identity: 'spiffe://cluster.local/ns/shop/sa/waypoint',
  trustDomains: ['cluster.local', 'old.local'],
  source: {
    kind: 'istiod',
    place: 'istiod.istio-system.svc:15012',
    rotations: 1,
    failures: 2,
    lastFailure: { at: '2026-11-21T11:55:00.000Z', message: 'UNAVAILABLE' },
    nextRenewal: '2026-11-21T23:30:00.000Z',
  },
  validity: {
    from: '2026-11-21T11:00:00.000Z',
    until: '2026-11-22T11:00:00.000Z',
    remainingSeconds: 82_800,
    lifetimeSeconds: 86_400,
  },
  chain: [certificate({ names: ['spiffe://cluster.local/ns/shop/sa/waypoint'] })],
  trustRoots: [
    certificate({ subject: 'O=cluster.local', notAfter: '2027-11-19T11:00:00.000Z' }),
    certificate({ subject: 'O=old', issuer: 'O=old', notAfter: '2026-11-20T12:00:00.000Z' }),
    { ...certificate({ subject: 'O=far', issuer: 'O=far' }), federatedDomain: 'far.example' },
  ],
  revocationLists: [],
  stolen: { until: '2026-11-22T11:00:00.000Z', forSeconds: 82_800, forSecondsAtMost: 86_400, endsEarlierBy: 'nothing' },
  troubles: [],
}

const format = (document: CertsDocument, isTty = false, isWide = false): string => {
  const { out, env } = createTerminal({ isTty })
  const look = { colours: createColours(out, env), maxWidth: isTty ? 60 : undefined, isWide, nowMs: Date.parse(NOW) }
  return formatCerts(document, look)
}

test('all that there is to say, for people', () => {
  assert.equal(
    format(fine),
    `spiffe://cluster.local/ns/shop/sa/waypoint
  valid      23 hours more, until 2026-11-22 11:00:00 UTC (95 % of 1 day)
  issued by  O=cluster.local
  source     istiod, istiod.istio-system.svc:15012
  renewal    in 11 hours 30 minutes; 1 rotation, 2 failures, the last 5 minutes ago: UNAVAILABLE
  trusts     cluster.local, and as aliases old.local

CERTIFICATE          EXPIRES                  REMAINS            NAME                                        ISSUED BY
leaf                 2026-11-22 11:00:00 UTC  23 hours           spiffe://cluster.local/ns/shop/sa/waypoint  O=cluster.local
trust root           2027-11-19 11:00:00 UTC  362 days 23 hours  O=cluster.local                             itself
trust root           2026-11-20 12:00:00 UTC  expired            O=old                                       itself
root of far.example  2026-11-22 11:00:00 UTC  23 hours           O=far                                       itself

Stolen now, the certificate and its key would be good until 2026-11-22 11:00:00 UTC, for 23 hours;
stolen as soon as they are made, for 1 day.
Nothing would end that sooner: no revocation list is in force here. Certificates that live shorter would.
`,
  )
})

test('with revocation lists', () => {
  const revocationLists = [
    {
      issuer: 'O=cluster.local',
      thisUpdate: '2026-11-21T00:00:00.000Z',
      nextUpdate: '2026-11-21T11:59:59.000Z',
      revoked: 3,
    },
    { issuer: 'O=old', thisUpdate: '2026-11-21T00:00:00.000Z', revoked: 0 },
  ]
  const stolen = { until: fine.validity?.until ?? '', forSeconds: 1, forSecondsAtMost: 2 }
  const text = format({ ...fine, revocationLists, stolen: { ...stolen, endsEarlierBy: 'revocation-list' } })
  assert.ok(
    text.includes(`
REVOCATION LIST OF  MADE                     NEXT DUE                          REVOKED
O=cluster.local     2026-11-21 00:00:00 UTC  2026-11-21 11:59:59 UTC, overdue  3
O=old               2026-11-21 00:00:00 UTC  never                             0
`),
    text,
  )
  assert.match(text, /Its CA could end that sooner, with a revocation list that names it/)
})

test('of a certificate that has ended, and what is wrong', () => {
  const validity = { from: '2026-11-20T12:00:00.000Z', until: '2026-11-21T11:00:00.000Z', lifetimeSeconds: 82_800 }
  const text = format({
    ...fine,
    validity: { ...validity, remainingSeconds: -3600 },
    stolen: { until: validity.until, forSeconds: 0, forSecondsAtMost: 82_800, endsEarlierBy: 'nothing' },
    troubles: ['a\u001b[31m b', 'c'],
  })
  assert.match(text, /valid {6}no more: expired 1 hour ago, at 2026-11-21 11:00:00 UTC\n/)
  assert.match(text, /Stolen now, the certificate and its key would be good for nothing\.\n\n! a\\u001b\[31m b\n! c\n$/)
})

test('a folder has no renewal', () => {
  const text = format({ ...fine, source: { kind: 'files', place: '/certs' } })
  assert.match(text, /\n {2}source {5}files, \/certs\n {2}trusts /)
})

test('of a waypoint that waits for its first certificate', () => {
  const source = { kind: 'spire', waitingFor: 'an agent', rotations: 0, failures: 0 } as const
  const document = { trustDomains: ['a'], source, chain: [], trustRoots: [], revocationLists: [], troubles: ['none'] }
  assert.equal(
    format(document),
    `no identity yet
  valid    no
  source   spire
  renewal  when there is a new one; 0 rotations, 0 failures
  trusts   a

! none
`,
  )
})

test('wide, with keys, serial numbers and digests', () => {
  assert.match(
    format(fine, false, true),
    / {2}ISSUED BY {8}KEY {12}SERIAL {2}SHA-256\n.* {2}O=cluster.local {2}EC prime256v1 {2}ab12 {4}c0ffee\n/,
  )
})

test('a screen has colours, and tables end at its edge', () => {
  const text = format(fine, true)
  assert.ok(text.startsWith('\u001b[1mspiffe://'))
  const rows = text.split('\n').filter((line) => /^(.\[2m)?(CERTIFICATE|leaf|trust root|root of)/.test(line))
  assert.equal(rows.length, 5)
  // eslint-disable-next-line no-control-regex
  for (const line of rows) assert.ok(line.replace(/\u001b\[\d+m/g, '').length <= 60, line)
})
