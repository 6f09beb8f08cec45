import type { KeyObject, X509Certificate } from 'node:crypto'
import { readCertificateFacts } from './certificate-facts.ts'
import type { CertificateFacts } from './certificate-facts.ts'
import type { TrustRoot } from './trust-root.ts'

/** A CA that is a root, or leads to one. */
export interface KnownCa {
  readonly subject: string
  readonly certificate: X509Certificate
  readonly publicKey: KeyObject
}

/** A certificate that leads to a root, and who issued it. */
export interface ChainPath {
  readonly facts: CertificateFacts
  /** Only of a CA: it is large, and of a leaf nobody asks for it. */
  readonly ca: KnownCa | undefined
  /** The way on; `undefined`: a root issued it. */
  readonly issuer: ChainPath | undefined
}

/** Longer than any mesh's; OpenSSL's own limit is 100. */
const MAX_DEPTH = 8
/** Ways that are remembered: a peer that connects again, or whose connections are judged again, costs one look-up. */
const MAX_REMEMBERED = 1024

/**
 * Finds the way from a peer's certificate to one of the roots, by signatures. It is for chains that OpenSSL has accepted
 * before, perhaps with more roots than there are now, and answers nothing but whether the way is still there: purposes,
 * constraints and the peer's own dates were looked at in the handshake and do not change.
 */
export class ChainPaths {
  readonly #roots: readonly TrustRoot[]
  /** By the certificate's bytes. Where a way leads does not depend on what else the peer shows. */
  readonly #known = new Map<string, ChainPath>()

  constructor(roots: readonly TrustRoot[]) {
    this.#roots = roots
  }

  /** `undefined` when there is no way with what the peer shows (Node hands on its chain by `issuerCertificate`). */
  find(certificate: X509Certificate, nowMs: number): ChainPath | undefined {
    return this.#find(certificate, nowMs, 0)
  }

  #find(certificate: X509Certificate, nowMs: number, depth: number): ChainPath | undefined {
    const { raw } = certificate
    const key = raw.toString('latin1')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const isByRoot = this.#roots.some((root) => root.hasIssued(certificate, nowMs))
    const issuer = isByRoot ? undefined : this.#findIssuer(certificate, nowMs, depth + 1)
    if (!isByRoot && issuer === undefined) return undefined
    const facts = readCertificateFacts(raw)
    const { subject } = facts
    const ca = certificate.ca ? { subject, certificate, publicKey: certificate.publicKey } : undefined
    const path = { facts, ca, issuer }
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(key, path)
    return path
  }

  #findIssuer(certificate: X509Certificate, nowMs: number, depth: number): ChainPath | undefined {
    const issuer = certificate.issuerCertificate
    if (issuer === undefined || depth > MAX_DEPTH || !issuer.ca) return undefined
    if (issuer.validToDate.getTime() < nowMs || issuer.validFromDate.getTime() > nowMs) return undefined
    const path = this.#find(issuer, nowMs, depth)
    // Node links them by their names alone.
    const isIssuer = path?.ca !== undefined && certificate.checkIssued(issuer) && certificate.verify(path.ca.publicKey)
    return isIssuer ? path : undefined
  }
}
