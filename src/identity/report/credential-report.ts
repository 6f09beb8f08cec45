/**
 * What there is to see of credentials, for metrics, the admin API and people: plain data, and no secret in it. It judges
 * nothing that a handshake depends on; whoever is let in is decided in `trust/`.
 */
import { createHash, type X509Certificate } from 'node:crypto'
import type { Credentials } from '../credentials.ts'
import type { CredentialTexts } from '../decode-credentials.ts'
import { readCertificateFacts } from '../trust/certificate-facts.ts'
import { decodeCrls, type RevocationList } from '../trust/crl.ts'
import { readCertificates, viewCertificate, type CertificateView } from './certificate-view.ts'

export interface CredentialReport {
  /** Leaf first; those that can be read. */
  readonly chain: readonly CertificateView[]
  /** Each once for each trust domain that it counts for, ours first. */
  readonly trustRoots: readonly TrustRootView[]
  readonly revocationLists: readonly RevocationView[]
  /** Serial numbers of those in the chain that such a list names. */
  readonly revoked: readonly string[]
  /** Whether one of our own roots signed the chain's last certificate, or is it. */
  readonly isRooted: boolean
}

export interface TrustRootView extends CertificateView {
  /** The one trust domain that it counts for; absent: ours, and its aliases. */
  readonly federatedDomain?: string
}

/** A revocation list that is in force. */
export interface RevocationView {
  /** The CA whose list it is. */
  readonly issuer: string
  readonly thisUpdate: string
  /** When the CA promised the next one; absent: never. */
  readonly nextUpdate?: string
  /** How many certificates it names. */
  readonly revoked: number
}

/** Shows PEM texts; what cannot be read is left out. */
export const describeCredentials = (texts: Omit<CredentialTexts, 'privateKeyPem'>): CredentialReport => {
  const chain = readCertificates(texts.certificateChainPem)
  const roots = readRoots(texts.trustRootsPem)
  const federated = Object.entries(texts.federatedRootsPem ?? {}).flatMap(([federatedDomain, pem]) =>
    readRoots(pem).map((root) => ({ root, federatedDomain })),
  )
  const lists = decodeCrls(texts.crlPem ?? '')
  const revocationLists = lists.ok ? lists.value : []
  return {
    chain: chain.map(viewCertificate),
    trustRoots: [
      ...roots.map(viewCertificate),
      ...federated.map(({ root, federatedDomain }) => ({ ...viewCertificate(root), federatedDomain })),
    ],
    revocationLists: viewLists(revocationLists, [...roots, ...chain, ...federated.map(({ root }) => root)]),
    revoked: chain.filter((certificate) => isRevoked(certificate, revocationLists)).map((one) => one.serialNumber),
    isRooted: isRooted(chain.at(-1), roots),
  }
}

const readRoots = (pem: string): readonly X509Certificate[] => [
  ...new Map(readCertificates(pem).map((root) => [root.fingerprint256, root])).values(),
]

/** Remembers the report of the credentials that it was asked about last: certificates are dear to read. */
export const createCredentialReports = (): ((credentials: Credentials) => CredentialReport) => {
  let last: { readonly credentials: Credentials; readonly report: CredentialReport } | undefined
  return (credentials) => {
    if (last?.credentials !== credentials) last = { credentials, report: describeCredentials(credentials) }
    return last.report
  }
}

/** Tells certificates apart where their serial numbers are nobody's business: 16 digits of SHA-256. */
export const hashSerial = ({ serialNumber }: CertificateView): string =>
  createHash('sha256').update(serialNumber).digest('hex').slice(0, 16)

const isRevoked = (certificate: X509Certificate, lists: readonly RevocationList[]): boolean => {
  const { serial, issuer } = readCertificateFacts(certificate.raw)
  return lists.some((list) => list.issuer === issuer && list.revoked.has(serial))
}

const viewLists = (lists: readonly RevocationList[], known: readonly X509Certificate[]): readonly RevocationView[] => {
  const names = new Map(known.map((certificate) => [readCertificateFacts(certificate.raw).subject, certificate]))
  return lists.map(({ issuer, thisUpdateMs, nextUpdateMs, revoked }) => {
    const certificate = names.get(issuer)
    return {
      issuer: certificate === undefined ? 'a CA that is not among ours' : viewCertificate(certificate).subject,
      thisUpdate: formatDate(thisUpdateMs),
      ...(nextUpdateMs === undefined ? {} : { nextUpdate: formatDate(nextUpdateMs) }),
      revoked: revoked.size,
    }
  })
}

const isRooted = (last: X509Certificate | undefined, roots: readonly X509Certificate[]): boolean =>
  last !== undefined &&
  roots.some(
    (root) => root.fingerprint256 === last.fingerprint256 || (last.checkIssued(root) && last.verify(root.publicKey)),
  )

const formatDate = (epochMs: number): string => new Date(epochMs).toISOString()
