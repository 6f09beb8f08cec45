import type { CertificateView } from './certificate-view.ts'
import type { CredentialReport } from './credential-report.ts'

/** Whoever renews a certificate does it long before so little of it is left… */
const LATE_RATIO = 0.1
/** …unless it is valid for years. */
const LATE_MS = 30 * 86_400_000

/** What somebody should see to, each in a sentence. */
export const findCertTroubles = (report: CredentialReport, nowMs: number): readonly string[] => [
  ...chainTroubles(report, nowMs),
  ...report.trustRoots.flatMap((root) => rootTroubles(root, nowMs)),
  ...listTroubles(report, nowMs),
]

const chainTroubles = (
  { chain, trustRoots, revoked, isRooted }: CredentialReport,
  nowMs: number,
): readonly string[] => {
  const [leaf, ...others] = chain
  if (leaf === undefined) return ['there is no certificate']
  const untimely = chain.flatMap((certificate) => {
    const name = nameOf(certificate)
    if (Date.parse(certificate.notAfter) <= nowMs) return [`${name} expired at ${certificate.notAfter}`]
    if (certificate === leaf && isLate(leaf, nowMs)) {
      return [`${name} expires at ${certificate.notAfter}: whoever renews it is late`]
    }
    if (Date.parse(certificate.notBefore) > nowMs) {
      return [`${name} is valid only from ${certificate.notBefore} on: is a clock wrong?`]
    }
    return []
  })
  const shorter = others
    .filter(({ notAfter }) => Date.parse(notAfter) < Date.parse(leaf.notAfter))
    .map((certificate) => `${nameOf(certificate)} ends at ${certificate.notAfter}, before the leaf that it signed`)
  const isStray = trustRoots.length > 0 && !isRooted
  return [
    ...untimely,
    ...chain
      .filter(({ serialNumber }) => revoked.includes(serialNumber))
      .map((certificate) => `${nameOf(certificate)} is revoked: peers with that list refuse us`),
    ...shorter,
    ...(isStray ? ['no trust root signed our chain: peers that trust the same roots refuse us'] : []),
  ]
}

const isLate = ({ notBefore, notAfter }: CertificateView, nowMs: number): boolean => {
  const lifetimeMs = Date.parse(notAfter) - Date.parse(notBefore)
  return Date.parse(notAfter) - nowMs < Math.min(LATE_RATIO * lifetimeMs, LATE_MS)
}

const rootTroubles = (root: CertificateView, nowMs: number): readonly string[] => {
  const { notAfter } = root
  if (Date.parse(notAfter) <= nowMs) return [`trust root ${nameOf(root)} expired at ${notAfter}: it lets nobody in`]
  // It is replaced everywhere at once, which takes planning.
  return isLate(root, nowMs) ? [`trust root ${nameOf(root)} expires at ${notAfter}`] : []
}

const listTroubles = ({ revocationLists }: CredentialReport, nowMs: number): readonly string[] =>
  revocationLists.flatMap(({ issuer, nextUpdate }) =>
    nextUpdate === undefined || Date.parse(nextUpdate) > nowMs
      ? []
      : [`the revocation list of ${issuer} was to be replaced by ${nextUpdate}: whom it names stays refused`],
  )

/** SPIFFE leaves have no subject. */
const nameOf = ({ subject, names, serialNumber }: CertificateView): string =>
  subject === '' ? (names[0] ?? `number ${serialNumber}`) : subject
