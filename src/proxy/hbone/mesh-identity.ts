/**
 * Who we are and whom we trust, as both sides of HBONE use it: replaced as a whole when there are new credentials, and
 * then all open connections are judged by it again.
 */
import type { ConnectionOptions } from 'node:tls'
import type { Credentials, CredentialSource } from '../../identity/credentials.ts'
import { clientTlsOptions } from '../../identity/tls.ts'
import type { TlsSettings } from '../../identity/tls.ts'
import type { RevocationList } from '../../identity/trust/crl.ts'
import { Trust } from '../../identity/trust/trust.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import { PeerReview } from './peer-review.ts'
import type { ReviewedPeer } from './peer-review.ts'

export interface MeshIdentityOptions {
  readonly credentials: CredentialSource
  /** Ours first, then aliases. */
  readonly trustDomains: readonly string[]
  readonly tls: TlsSettings
  readonly clock: Clock
  readonly log: Logger
}

/** Those that hold connections. */
export interface ConnectionHolders {
  readonly server: {
    /** Throws when the credentials are no good, and keeps those it has. */
    readonly rotate: (credentials: Credentials, trust: Trust) => void
    readonly peers: () => Iterable<ReviewedPeer>
  }
  readonly pools: {
    readonly retireConnections: () => void
    readonly peers: () => Iterable<ReviewedPeer>
  }
}

export class MeshIdentity {
  readonly #options: MeshIdentityOptions
  readonly #review: PeerReview
  /** Revocation lists whose age was told. */
  readonly #told = new WeakSet<RevocationList>()
  #clientTls: ConnectionOptions
  #trustDomains: readonly string[]
  #trust: Trust

  constructor(options: MeshIdentityOptions) {
    const { credentials, clock, tls } = options
    this.#options = options
    this.#trustDomains = options.trustDomains
    this.#clientTls = clientTlsOptions(credentials.current(), tls)
    this.#trust = this.#decodeTrust(credentials.current())
    this.#review = new PeerReview(this.trust, clock)
  }

  /** For new connections that we make. */
  readonly clientTls = (): ConnectionOptions => this.#clientTls

  readonly trust = (): Trust => this.#trust

  /** Puts new credentials in force from now on; the result ends that. If they are no good, those in force stay. */
  follow(holders: ConnectionHolders): () => void {
    return this.#options.credentials.subscribe((next) => {
      try {
        this.#rotate(next, holders)
      } catch (error) {
        this.#options.log.error('new credentials cannot be used, the old ones stay', { error })
      }
    })
  }

  /** Lets in identities of these trust domains, ours first; whoever is there and is not of them is retired. */
  trustDomains(trustDomains: readonly string[], { server, pools }: ConnectionHolders): void {
    const before = this.#trust
    if (trustDomains.join() === this.#trustDomains.join()) return
    this.#trustDomains = trustDomains
    const current = this.#options.credentials.current()
    const trust = this.#decodeTrust(current, before)
    server.rotate(current, trust)
    this.#trust = trust
    if (before.trustDomains.every((name) => trustDomains.includes(name))) return
    this.#review.begin([server.peers(), pools.peers()], trust.keepsRoots(before))
  }

  /** Called every second or so: an old list is not a reason to refuse anybody, but one to look after it. */
  tick(): void {
    const { clock, log } = this.#options
    for (const list of this.#trust.lists) {
      const { nextUpdateMs = Infinity } = list
      if (nextUpdateMs > clock.nowMs() || this.#told.has(list)) continue
      this.#told.add(list)
      const since = new Date(nextUpdateMs).toISOString()
      log.warn('a revocation list is out of date, and stays in force: its CA promised a newer one', { since })
    }
  }

  #rotate(next: Credentials, { server, pools }: ConnectionHolders): void {
    const before = this.#trust
    const clientTls = clientTlsOptions(next, this.#options.tls)
    const trust = this.#decodeTrust(next, before)
    server.rotate(next, trust)
    this.#clientTls = clientTls
    this.#trust = trust
    pools.retireConnections()
    if (!trust.keeps(before)) {
      this.#review.begin([server.peers(), pools.peers()], trust.keepsRoots(before))
    }
  }

  #decodeTrust(credentials: Credentials, before?: Trust): Trust {
    const nowMs = this.#options.clock.nowMs()
    return decodeTrust(credentials, { trustDomains: this.#trustDomains, nowMs, before })
  }
}

/** The same as `Trust.decode`, for credentials that were checked before: throws what is wrong. */
export const decodeTrust = (
  credentials: Credentials,
  parts: { readonly trustDomains: readonly string[]; readonly nowMs: number; readonly before?: Trust | undefined },
): Trust => {
  const decoded = Trust.decode(credentials, parts.trustDomains, parts.nowMs, parts.before)
  if (decoded.ok) return decoded.value
  throw new Error(decoded.issues.map(({ message }) => message).join('; '))
}
