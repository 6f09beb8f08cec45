import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { splitPem } from '../pem.ts'
import { readCertificateFacts } from './certificate-facts.ts'

/** One of our roots, with what is asked of it again and again at hand. */
export class TrustRoot {
  readonly certificate: X509Certificate
  readonly publicKey: KeyObject
  /** Its name in DER: as `CertificateFacts` has it. */
  readonly subject: string
  /** The whole of it, one byte a character. */
  readonly bytes: string
  readonly #notBeforeMs: number
  readonly #notAfterMs: number

  constructor(pem: string) {
    this.certificate = new X509Certificate(pem)
    this.publicKey = this.certificate.publicKey
    const { raw } = this.certificate
    this.subject = readCertificateFacts(raw).subject
    this.bytes = raw.toString('latin1')
    this.#notBeforeMs = this.certificate.validFromDate.getTime()
    this.#notAfterMs = this.certificate.validToDate.getTime()
  }

  /** Whether it signed that certificate (or is it), and may still be relied on. */
  hasIssued(certificate: X509Certificate, nowMs: number): boolean {
    if (nowMs < this.#notBeforeMs || nowMs > this.#notAfterMs) return false
    return this.hasSigned(certificate)
  }

  /** The same at any time. */
  hasSigned(certificate: X509Certificate): boolean {
    // Names, and key identifiers where there are some: two hundred times cheaper than the signature.
    return certificate.checkIssued(this.certificate) && certificate.verify(this.publicKey)
  }
}

/**
 * The roots of a bundle, each once. What another CA has signed is one only where that CA is one too: so has it OpenSSL,
 * and Node has no way to tell its TLS server otherwise. Throws for what is no certificate.
 */
export const readTrustRoots = (pem: string): readonly TrustRoot[] => {
  const roots = (splitPem('CERTIFICATE', pem) ?? []).map((block) => new TrustRoot(block))
  const all = [...new Map(roots.map((root) => [root.bytes, root])).values()]
  const counting = new Set(all.filter(({ certificate }) => certificate.checkIssued(certificate)))
  // Those that were added are gone through as well.
  for (const issuer of counting) {
    for (const root of all) if (!counting.has(root) && issuer.hasSigned(root.certificate)) counting.add(root)
  }
  return all.filter((root) => counting.has(root))
}
