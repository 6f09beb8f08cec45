/**
 * Whom we trust, at one moment: roots, revocation lists and trust domains. It judges peers that come, and those that are
 * there when it changes. Nothing about sockets belongs here.
 */
import { X509Certificate } from 'node:crypto'
import type { Decoded, Issue } from '../../lib/decoded.ts'
import { parseSpiffeId } from '../../model/identity.ts'
import type { Credentials } from '../credentials.ts'
import { splitPem } from '../pem.ts'
import { readSpiffeName } from '../spiffe-name.ts'
import { readCertificateFacts } from './certificate-facts.ts'
import { ChainPaths } from './chain-paths.ts'
import type { ChainPath, KnownCa } from './chain-paths.ts'
import { decodeCrls } from './crl.ts'
import type { RevocationList } from './crl.ts'
import type { Refusal } from './refusal-reason.ts'
import { Revocations } from './revocations.ts'
import { readTrustRoots } from './trust-root.ts'
import type { TrustRoot } from './trust-root.ts'

/** What of the credentials says whom we trust. */
export type TrustTexts = Pick<Credentials, 'certificateChainPem' | 'trustRootsPem' | 'federatedRootsPem' | 'crlPem'>

/** What is known of a chain before it is looked at. */
export interface ChainKnowledge {
  readonly nowMs: number
  /** OpenSSL has followed it to one of the roots that are in force. */
  readonly isChainProven: boolean
}

/** Where chains may lead. */
interface Anchors {
  readonly roots: readonly TrustRoot[]
  readonly paths: ChainPaths
}

export class Trust {
  /** Ours first, then aliases. */
  readonly trustDomains: readonly string[]
  /** Of all trust domains. */
  readonly roots: readonly TrustRoot[]
  readonly #crlPem: string
  readonly #revocations: Revocations
  readonly #own: Anchors
  /** Those of trust domains that have roots of their own. */
  readonly #federated: ReadonlyMap<string, Anchors>

  private constructor(parts: {
    readonly trustDomains: readonly string[]
    readonly crlPem: string
    readonly own: Anchors
    readonly federated: ReadonlyMap<string, Anchors>
    readonly revocations: Revocations
  }) {
    this.trustDomains = parts.trustDomains
    this.roots = [parts.own, ...parts.federated.values()].flatMap(({ roots }) => roots)
    this.#crlPem = parts.crlPem
    this.#revocations = parts.revocations
    this.#own = parts.own
    this.#federated = parts.federated
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
    const own = readAnchors(texts.trustRootsPem)
    if (own.roots.length === 0) return { ok: false, issues: [NO_ROOT] }
    const federated = new Map(
      Object.entries(texts.federatedRootsPem ?? {}).map(([trustDomain, pem]) => [trustDomain, readAnchors(pem)]),
    )
    const revocations = new Revocations(
      lists.value,
      lists.value.length === 0
        ? []
        : [
            ...[own, ...federated.values()].flatMap(({ roots }) => roots),
            ...ownCas(texts.certificateChainPem, own.paths, nowMs),
          ],
    )
    if (revocations.issues.length > 0) return { ok: false, issues: revocations.issues }
    return { ok: true, value: new Trust({ trustDomains, crlPem, own, federated, revocations }) }
  }

  /** The revocation lists in force. */
  get lists(): readonly RevocationList[] {
    return this.#revocations.lists
  }

  /** Whether whoever was trusted by `before` need not be judged again. */
  keeps(before: Trust): boolean {
    return this.#crlPem === before.#crlPem && this.keepsRoots(before)
  }

  /** Whether all roots of `before` are still there for whom they counted, so that what led to one of those is proven. */
  keepsRoots(before: Trust): boolean {
    if (before === this) return true
    // Ours no longer count for a domain that has got its own.
    for (const trustDomain of this.#federated.keys()) if (!before.#federated.has(trustDomain)) return false
    const kept = new Set(this.#anchorNames())
    return before.#anchorNames().every((name) => kept.has(name))
  }

  /** Why a leaf is not trusted, as far as its chain and revocation lists go. */
  refuse(leaf: X509Certificate, { nowMs, isChainProven }: ChainKnowledge): Refusal | undefined {
    // OpenSSL does not know that a root counts for its own trust domain only.
    const isProven = isChainProven && this.#federated.size === 0
    if (isProven && this.#revocations.isEmpty) return undefined
    let path: ChainPath | undefined
    // Of a leaf that a root issued nobody in between can have been revoked; names and key identifiers say which root.
    if (!isProven || !this.roots.some(({ certificate }) => leaf.checkIssued(certificate))) {
      path = this.#anchorsOf(leaf).paths.find(leaf, nowMs)
      if (path === undefined) return UNTRUSTED
    }
    if (this.#revocations.isEmpty) return undefined
    return this.#revocations.has(path?.facts ?? readCertificateFacts(leaf.raw), path) ? REVOKED : undefined
  }

  /** The roots of the trust domain that the leaf says it is of; ours count for aliases that have none (SPIFFE federation). */
  #anchorsOf(leaf: X509Certificate): Anchors {
    if (this.#federated.size === 0) return this.#own
    const name = readSpiffeName(leaf)
    const trustDomain = name.ok ? (parseSpiffeId(name.identity)?.trustDomain ?? '') : ''
    return this.#federated.get(trustDomain) ?? this.#own
  }

  /** Each root, and for whom it counts. */
  #anchorNames(): readonly string[] {
    const federated = [...this.#federated].flatMap(([trustDomain, { roots }]) =>
      roots.map(({ bytes }) => `${trustDomain} ${bytes}`),
    )
    return [...this.#own.roots.map(({ bytes }) => ` ${bytes}`), ...federated]
  }
}

const readAnchors = (pem: string): Anchors => {
  const roots = readTrustRoots(pem)
  return { roots, paths: new ChainPaths(roots) }
}

const NO_ROOT: Issue = {
  message: 'none of the roots signed itself: a CA that another one signed is a root only beside that one',
  path: 'trustRootsPem',
}
const UNTRUSTED: Refusal = { reason: 'untrustedRoot', message: 'its certificate leads to none of the trust roots' }
const REVOKED: Refusal = { reason: 'revoked', message: 'its certificate, or that of its CA, was revoked' }

/** The CAs between ourselves and our root: lists of theirs need not wait for a peer that shows them. */
const ownCas = (chainPem: string, paths: ChainPaths, nowMs: number): readonly KnownCa[] => {
  const shown = (splitPem('CERTIFICATE', chainPem) ?? []).slice(1).map((block) => new X509Certificate(block))
  return shown.flatMap((certificate) => paths.find(certificate, nowMs, shown)?.ca ?? [])
}
