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
  /** Each once. */
  readonly trustRoots: readonly CertificateView[]
  readonly revocationLists: readonly RevocationView[]
  /** Serial numbers of those in the chain that such a list names. */
  readonly revoked: readonly string[]
  /** Whether one of the roots signed the chain's last certificate, or is it. */
  readonly isRooted: boolean
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
  const all = [texts.trustRootsPem, ...Object.values(texts.federatedRootsPem ?? {})].flatMap(readCertificates)
  const roots = [...new Map(all.map((root) => [root.fingerprint256, root])).values()]
  const lists = decodeCrls(texts.crlPem ?? '')
  const revocationLists = lists.ok ? lists.value : []
  return {
    chain: chain.map(viewCertificate),
    trustRoots: roots.map(viewCertificate),
    revocationLists: viewLists(revocationLists, [...roots, ...chain]),
    revoked: chain.filter((certificate) => isRevoked(certificate, revocationLists)).map((one) => one.serialNumber),
    isRooted: isRooted(chain.at(-1), roots),
  }
}

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
