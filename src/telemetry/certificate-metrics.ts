import type { CredentialStatus } from '../identity/credentials.ts'
import { validityOf } from '../identity/report/certs-document.ts'
import { hashSerial, type CredentialReport } from '../identity/report/credential-report.ts'
import type { ScalarDump } from './dump.ts'
import { certificateMetrics as metrics } from './scalars.ts'

/** What credentials come to as metrics; `report` is `undefined` as long as there are none. */
export const readCertificateMetrics = (
  report: CredentialReport | undefined,
  { kind, rotations, failures }: Pick<CredentialStatus, 'kind' | 'rotations' | 'failures'>,
  nowMs: number,
): readonly ScalarDump[] => [
  { name: metrics.rotations.name, value: rotations },
  { name: metrics.failures.name, value: failures },
  ...(report === undefined ? [] : readReport(report, kind, nowMs)),
]

const readReport = (
  { chain, trustRoots, revocationLists }: CredentialReport,
  kind: CredentialStatus['kind'],
  nowMs: number,
): readonly ScalarDump[] => {
  const [leaf] = chain
  const validity = validityOf(chain, nowMs)
  return [
    { name: metrics.trustRoots.name, value: trustRoots.length },
    ...(leaf === undefined
      ? []
      : [{ name: metrics.info.name, label: [leaf.issuer, hashSerial(leaf), kind], value: 1 }]),
    ...(validity === undefined ? [] : [{ name: metrics.remaining.name, value: validity.remainingSeconds }]),
    ...readLists(revocationLists),
  ]
}

/** Of several lists of one CA the first that is due. */
const readLists = (lists: CredentialReport['revocationLists']): readonly ScalarDump[] => {
  const due = new Map<string, number>()
  for (const { issuer, nextUpdate } of lists) {
    if (nextUpdate !== undefined) due.set(issuer, Math.min(due.get(issuer) ?? Infinity, Date.parse(nextUpdate) / 1000))
  }
  return Array.from(due, ([issuer, value]) => ({ name: metrics.crlExpiry.name, label: issuer, value }))
}
