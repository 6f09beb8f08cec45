/**
 * Whom we trust, at one moment: roots, revocation lists and trust domains. It judges peers that come, and those that are
 * there when it changes. Nothing about sockets belongs here.
 */
import { X509Certificate } from 'node:crypto'
import type { Decoded } from '../../lib/decoded.ts'
import type { Credentials } from '../credentials.ts'
import { splitPem } from '../pem.ts'
import { readCertificateFacts } from './certificate-facts.ts'
import { ChainPaths } from './chain-paths.ts'
import type { ChainPath } from './chain-paths.ts'
import { decodeCrls } from './crl.ts'
import type { RevocationList } from './crl.ts'
import type { Refusal } from './refusal-reason.ts'
import { Revocations } from './revocations.ts'
import type { KnownCa } from './revocations.ts'
import { readTrustRoots } from './trust-root.ts'
import type { TrustRoot } from './trust-root.ts'

/** What of the credentials says whom we trust. */
export type TrustTexts = Pick<Credentials, 'certificateChainPem' | 'trustRootsPem' | 'crlPem'>

/** What is known of a chain before it is looked at. */
export interface ChainKnowledge {
  readonly nowMs: number
  /** OpenSSL has followed it to one of the roots that are in force. */
  readonly isChainProven: boolean
}

export class Trust {
  /** Ours first, then aliases. */
  readonly trustDomains: readonly string[]
  readonly roots: readonly TrustRoot[]
  readonly #crlPem: string
  readonly #revocations: Revocations
  readonly #paths: ChainPaths

  private constructor(parts: {
    readonly trustDomains: readonly string[]
    readonly roots: readonly TrustRoot[]
    readonly crlPem: string
    readonly paths: ChainPaths
    readonly revocations: Revocations
  }) {
    this.trustDomains = parts.trustDomains
    this.roots = parts.roots
    this.#crlPem = parts.crlPem
    this.#revocations = parts.revocations
    this.#paths = parts.paths
  }

  /**
   * Reads what is to be trusted; refuses revocation lists that cannot be read, and those that the CA of their name did
   * not sign. Lists that `before` has read already are not read again. Throws for what is no certificate.
   */
  static decode(texts: TrustTexts, trustDomains: readonly string[], nowMs: number, before?: Trust): Decoded<Trust> {
    const { crlPem = '' } = texts
    const lists: Decoded<readonly RevocationList[]> =
      before !== undefined && before.#crlPem === crlPem ? { ok: true, value: before.lists } : decodeCrls(crlPem)
    if (!lists.ok) return lists
    const roots = readTrustRoots(texts.trustRootsPem)
    const paths = new ChainPaths(roots)
    const known = lists.value.length === 0 ? [] : [...roots, ...ownCas(texts.certificateChainPem, paths, nowMs)]
    const revocations = new Revocations(lists.value, known)
    if (revocations.issues.length > 0) return { ok: false, issues: revocations.issues }
    return { ok: true, value: new Trust({ trustDomains, roots, crlPem, paths, revocations }) }
  }

  /** The revocation lists in force. */
  get lists(): readonly RevocationList[] {
    return this.#revocations.lists
  }

  /** Whether whoever was trusted by `before` need not be judged again. */
  keeps(before: Trust): boolean {
    return this.#crlPem === before.#crlPem && this.keepsRoots(before)
  }

  /** Whether all roots of `before` are still there, so that what led to one of those is proven. */
  keepsRoots(before: Trust): boolean {
    if (this.roots === before.roots) return true
    const kept = new Set(this.roots.map(({ bytes }) => bytes))
    return before.roots.every(({ bytes }) => kept.has(bytes))
  }

  /** Why a leaf is not trusted, as far as its chain and revocation lists go. */
  refuse(leaf: X509Certificate, { nowMs, isChainProven }: ChainKnowledge): Refusal | undefined {
    if (isChainProven && this.#revocations.isEmpty) return undefined
    let path: ChainPath | undefined
    // Of a leaf that a root issued nobody in between can have been revoked; names and key identifiers say which root.
    if (!isChainProven || !this.roots.some(({ certificate }) => leaf.checkIssued(certificate))) {
      path = this.#paths.find(leaf, nowMs)
      if (path === undefined) return UNTRUSTED
    }
    if (this.#revocations.isEmpty) return undefined
    return this.#revocations.has(path?.facts ?? readCertificateFacts(leaf.raw), path) ? REVOKED : undefined
  }
}

const UNTRUSTED: Refusal = { reason: 'untrustedRoot', message: 'its certificate leads to none of the trust roots' }
const REVOKED: Refusal = { reason: 'revoked', message: 'its certificate, or that of its CA, was revoked' }

/** The CAs between ourselves and our root: lists of theirs need not wait for a peer that shows them. */
const ownCas = (chainPem: string, paths: ChainPaths, nowMs: number): readonly KnownCa[] => {
  const cas: KnownCa[] = []
  for (const block of (splitPem('CERTIFICATE', chainPem) ?? []).slice(1)) {
    const path = paths.find(new X509Certificate(block), nowMs)
    if (path !== undefined) cas.push({ subject: path.facts.subject, certificate: path.certificate })
  }
  return cas
}
