import { X509Certificate, type KeyObject } from 'node:crypto'
import { readUriNames } from '../spiffe-name.ts'
import { splitPem } from '../pem.ts'
import { readCertificateFacts, readValidity } from '../trust/certificate-facts.ts'

/** What there is to see of a certificate: all of it is public. */
export interface CertificateView {
  /** `O=cluster.local`; empty, as that of a SPIFFE leaf. */
  readonly subject: string
  readonly issuer: string
  /** Its URI names: of a leaf, who it is. */
  readonly names: readonly string[]
  /** Hexadecimal, as CAs and OpenSSL print it. */
  readonly serialNumber: string
  /** SHA-256 of the whole in lower-case hexadecimal. */
  readonly sha256: string
  /** `EC prime256v1`, `RSA 2048`. */
  readonly key: string
  /** ISO 8601. */
  readonly notBefore: string
  readonly notAfter: string
}

/** The certificates of a PEM text that can be read, in order. */
export const readCertificates = (pem: string): readonly X509Certificate[] =>
  (splitPem('CERTIFICATE', pem) ?? []).flatMap((block) => {
    try {
      const certificate = new X509Certificate(block)
      // Node reads the rest when it is asked for, and makes anything of dates that are none.
      readCertificateFacts(certificate.raw)
      readValidity(certificate.raw)
      return [certificate]
    } catch {
      return []
    }
  })

/** Shows one certificate. */
export const viewCertificate = (certificate: X509Certificate): CertificateView => ({
  subject: formatName(certificate.subject),
  issuer: formatName(certificate.issuer),
  names: readUriNames(certificate.subjectAltName ?? '') ?? [],
  serialNumber: certificate.serialNumber,
  sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  key: formatKey(certificate),
  notBefore: certificate.validFromDate.toISOString(),
  notAfter: certificate.validToDate.toISOString(),
})

/** Node writes a name's parts in lines of their own, and no name at all as `undefined`, whatever its types say. */
const formatName = (name: string | undefined): string => (name ?? '').split('\n').join(', ')

const formatKey = (certificate: X509Certificate): string => {
  let key: KeyObject
  try {
    key = certificate.publicKey
  } catch {
    return 'unknown'
  }
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const type = (key.asymmetricKeyType ?? 'unknown').toUpperCase()
  const size = namedCurve ?? modulusLength
  return size === undefined ? type : `${type} ${size}`
}
