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
/** CAs that are tried for one peer, who may show a hundred of one name: a signature each. */
const MAX_STEPS = 24
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

  /** `undefined` when there is no way with what the peer shows, in whatever order, as OpenSSL takes it. */
  find(certificate: X509Certificate, nowMs: number, shown = shownBeside(certificate)): ChainPath | undefined {
    return this.#find(certificate, { nowMs, shown, stepsLeft: MAX_STEPS }, 0)
  }

  #find(certificate: X509Certificate, search: Search, depth: number): ChainPath | undefined {
    const { raw } = certificate
    const key = raw.toString('latin1')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const isByRoot = this.#roots.some((root) => root.hasIssued(certificate, search.nowMs))
    const issuer = isByRoot ? undefined : this.#findIssuer(certificate, search, depth + 1)
    if (!isByRoot && issuer === undefined) return undefined
    const facts = readCertificateFacts(raw)
    const { subject } = facts
    const ca = certificate.ca ? { subject, certificate, publicKey: certificate.publicKey } : undefined
    const path = { facts, ca, issuer }
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(key, path)
    return path
  }

  #findIssuer(certificate: X509Certificate, search: Search, depth: number): ChainPath | undefined {
    if (depth > MAX_DEPTH) return undefined
    for (const issuer of search.shown) {
      // Names, and key identifiers where there are some.
      if (issuer === certificate || !issuer.ca || !certificate.checkIssued(issuer)) continue
      if (search.stepsLeft-- <= 0) return undefined
      if (!isValid(issuer, search.nowMs)) continue
      const path = this.#find(issuer, search, depth)
      if (path?.ca !== undefined && certificate.verify(path.ca.publicKey)) return path
    }
    return undefined
  }
}

/** One look for a way. */
interface Search {
  readonly nowMs: number
  /** What the peer showed beside its own certificate. */
  readonly shown: readonly X509Certificate[]
  stepsLeft: number
}

/** Node hands on what was shown as a chain of `issuerCertificate`, in the peer's order, whoever issued what. */
const shownBeside = (leaf: X509Certificate): readonly X509Certificate[] => {
  const shown: X509Certificate[] = []
  for (let next = leaf.issuerCertificate; next !== undefined; next = next.issuerCertificate) shown.push(next)
  return shown
}

const isValid = ({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean =>
  validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime()
