import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMetrics } from '../../test/support/exposition/prometheus-text.ts'
import type { CertificateView } from '../identity/report/certificate-view.ts'
import type { CredentialReport } from '../identity/report/credential-report.ts'
import { Counters, countOne } from '../proxy/counters.ts'
import { readCertificateMetrics } from './certificate-metrics.ts'
import { mergeDumps, type ScalarDump } from './dump.ts'
import { renderMetrics } from './render.ts'
import { createTelemetry } from './telemetry.ts'

const NOW_MS = Date.parse('2026-11-21T12:00:00Z')
const certificate: CertificateView = {
  subject: '',
  issuer: 'O="a\\b", CN=x',
  names: ['spiffe://cluster.local/ns/shop/sa/waypoint'],
  serialNumber: 'AB12',
  sha256: 'c0ffee',
  key: 'EC prime256v1',
  notBefore: '2026-11-21T11:00:00.000Z',
  notAfter: '2026-11-21T13:00:00.000Z',
}
const list = (issuer: string, nextUpdate: string) => ({ issuer, thisUpdate: nextUpdate, nextUpdate, revoked: 1 })
const report: CredentialReport = {
  chain: [certificate],
  trustRoots: [certificate, certificate],
  revocationLists: [
    list('O=a', '2026-11-21T12:00:10.000Z'),
    list('O=a', '2026-11-21T12:00:05.000Z'),
    list('O=b', '2026-11-21T11:59:59.000Z'),
    { issuer: 'O=never', thisUpdate: '2026-11-21T11:59:59.000Z', revoked: 0 },
  ],
  revoked: [],
  isRooted: true,
}

/** Lines of the page that are samples. */
const page = async (scalars: readonly ScalarDump[]): Promise<readonly string[]> => {
  const text = (await Array.fromAsync(renderMetrics({ series: [], scalars }))).join('')
  return parseMetrics(text).samples.map(({ name, labels, value }) => `${name} ${JSON.stringify(labels)} ${value}`)
}

test('a certificate as metrics', async () => {
  const status = { kind: 'istiod', rotations: 3, failures: 2 } as const
  assert.deepEqual(await page(readCertificateMetrics(report, status, NOW_MS)), [
    'fairway_certificate_rotations_total {} 3',
    'fairway_certificate_failures_total {} 2',
    'fairway_trust_roots {} 2',
    `fairway_certificate_info ${JSON.stringify({ issuer: certificate.issuer, serial_hash: '8e14c15eb357ca7b', source: 'istiod' })} 1`,
    'fairway_certificate_remaining_seconds {} 3600',
    'fairway_crl_expiry_timestamp_seconds {"issuer":"O=a"} 1795262405',
    'fairway_crl_expiry_timestamp_seconds {"issuer":"O=b"} 1795262399',
  ])
})

test('before the first certificate there are only attempts', async () => {
  const status = { kind: 'spire', rotations: 0, failures: 7 } as const
  assert.deepEqual(await page(readCertificateMetrics(undefined, status, NOW_MS)), [
    'fairway_certificate_rotations_total {} 0',
    'fairway_certificate_failures_total {} 7',
  ])
})

test('one that has ended remains less than nothing', async () => {
  const status = { kind: 'files', rotations: 0, failures: 0 } as const
  const samples = await page(readCertificateMetrics(report, status, NOW_MS + 7_200_000))
  assert.ok(samples.includes('fairway_certificate_remaining_seconds {} -3600'), samples.join('\n'))
})

test('handshakes of several workers add up by side and group', async () => {
  const dumps = ['X25519', 'X25519MLKEM768'].map((group) => {
    const counters = new Counters()
    countOne(counters.handshakes.inbound, 'unknown')
    countOne(counters.handshakes.outbound, group)
    const telemetry = createTelemetry({ counters, version: 'x' })
    telemetry.close()
    return telemetry.dump()
  })
  const samples = await page(mergeDumps(dumps).scalars)
  assert.deepEqual(
    samples.filter((line) => line.startsWith('fairway_handshakes_total')),
    [
      'fairway_handshakes_total {"side":"inbound","group":"unknown"} 2',
      'fairway_handshakes_total {"side":"outbound","group":"X25519"} 1',
      'fairway_handshakes_total {"side":"outbound","group":"X25519MLKEM768"} 1',
    ],
  )
})
