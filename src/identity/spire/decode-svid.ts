import { createPrivateKey } from 'node:crypto'
import type { Decoded, Issue } from '../../lib/decoded.ts'
import type { Credentials } from '../credentials.ts'
import type { CredentialTexts } from '../decode-credentials.ts'
import { decodeNextCredentials, type NextCredentials } from '../decode-next-credentials.ts'
import { formatPem } from '../pem.ts'
import { pickSvid, type WantedSvid } from './pick-svid.ts'
import { splitDer } from './split-der.ts'
import type { X509Svid, X509SvidResponse } from './workload-api.ts'

/** What a response is compared with. */
export interface SvidContext {
  /** What is in force, if there is something. */
  readonly before: Credentials | undefined
  readonly nowMs: number
}

/**
 * The credentials that a response of the Workload API comes to: those of the identity that is wanted, checked as every
 * other set is. Issues name the field of the message.
 */
export const decodeSvid = (
  response: X509SvidResponse,
  wanted: WantedSvid,
  { before, nowMs }: SvidContext,
): Decoded<NextCredentials> => {
  const picked = pickSvid(response.svids, wanted)
  if (!picked.ok) return { ok: false, issues: [{ message: picked.reason, path: 'svids' }] }
  const texts = formatTexts(picked.svid, response, wanted)
  if (!texts.ok) return texts
  const decoded = decodeNextCredentials(texts.value, before, nowMs)
  if (!decoded.ok) return { ok: false, issues: decoded.issues.map(nameField) }
  const { credentials, crlIssues } = decoded.value
  const mismatch = compareNames(credentials, picked.svid)
  if (mismatch !== undefined) return { ok: false, issues: [mismatch] }
  return { ok: true, value: { credentials, crlIssues: crlIssues.map(nameField) } }
}

const formatTexts = (
  svid: X509Svid,
  { crls, federatedBundles }: X509SvidResponse,
  { trustDomains }: WantedSvid,
): Decoded<CredentialTexts> => {
  const issues: Issue[] = []
  const certificateChainPem = formatCertificates(svid.chain, 'x509_svid', issues)
  const trustRootsPem = formatCertificates(svid.bundle, 'bundle', issues)
  const privateKeyPem = formatKey(svid.key, issues)
  // Bundles of domains that nobody asked for would only let in who is refused for the domain.
  const federated = trustDomains.slice(1).flatMap((trustDomain) => {
    const bundle = federatedBundles.get(`spiffe://${trustDomain}`)
    return bundle === undefined ? [] : [[trustDomain, formatCertificates(bundle, 'federated_bundles', issues)] as const]
  })
  if (issues.length > 0) return { ok: false, issues }
  const crlPem = crls.map((crl) => formatPem('X509 CRL', crl)).join('')
  return {
    ok: true,
    value: {
      certificateChainPem,
      trustRootsPem,
      privateKeyPem,
      ...(federated.length === 0 ? {} : { federatedRootsPem: Object.fromEntries(federated) }),
      ...(crlPem === '' ? {} : { crlPem }),
    },
  }
}

/** What the message says of the identity must be what the certificate says: nobody could tell which of them is meant. */
const compareNames = ({ identity }: Credentials, { spiffeId }: X509Svid): Issue | undefined =>
  identity === spiffeId
    ? undefined
    : { message: `the certificate is of ${identity}, the message says ${JSON.stringify(spiffeId)}`, path: 'x509_svid' }

const formatCertificates = (der: Uint8Array, path: string, issues: Issue[]): string => {
  const certificates = splitDer(der)
  if (certificates !== undefined) return certificates.map((bytes) => formatPem('CERTIFICATE', bytes)).join('')
  issues.push({ message: 'is no row of whole certificates', path, expected: 'ASN.1 DER' })
  return ''
}

const formatKey = (der: Uint8Array, issues: Issue[]): string => {
  try {
    const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
    return key.export({ format: 'pem', type: 'pkcs8' })
  } catch {
    issues.push({ message: 'the private key cannot be read', path: 'x509_svid_key', expected: 'ASN.1 DER, PKCS#8' })
    return ''
  }
}

const fieldNames: Readonly<Record<string, string>> = {
  certificateChainPem: 'x509_svid',
  privateKeyPem: 'x509_svid_key',
  trustRootsPem: 'bundle',
  federatedRootsPem: 'federated_bundles',
  crlPem: 'crl',
}

const nameField = (issue: Issue): Issue => ({ ...issue, path: fieldNames[issue.path ?? ''] ?? 'svids' })
