import type { SpiffeId } from '../model/identity.ts'

/** Our certificate, its key and whom we trust, at one moment; replaced as a whole. PEM texts. */
export interface Credentials {
  readonly identity: SpiffeId
  /** Leaf first, then intermediates. */
  readonly certificateChainPem: string
  readonly privateKeyPem: string
  /** One or more concatenated roots. */
  readonly trustRootsPem: string
  /**
   * Roots of other trust domains, by their names (SPIFFE federation). They count for identities of that domain and no
   * other, and ours do not count for those.
   */
  readonly federatedRootsPem?: Readonly<Record<string, string>>
  /** Revocation lists in force, concatenated; absent: nobody looks whether a certificate was revoked. */
  readonly crlPem?: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Where credentials come from: gives the current ones and tells of new ones. */
export interface CredentialSource {
  readonly current: () => Credentials
  /** Calls `listener` after each change; the result stops that. */
  readonly subscribe: (listener: (credentials: Credentials) => void) => () => void
  readonly status: () => CredentialStatus
  readonly close: () => void
}

/** The values of `--ca`. */
export type CredentialKind = 'dev' | 'files' | 'istiod' | 'spire'

/** How a source is doing; nothing in it is secret. Counted by `CredentialTally`, for every source in one way. */
export interface CredentialStatus {
  readonly kind: CredentialKind
  /** Sets that took over from another. */
  readonly rotations: number
  /** Attempts to get a set that came to nothing; a set that was refused is one. */
  readonly failures: number
  /** The last of those; it stays when a later attempt succeeds. */
  readonly lastFailure?: { readonly atMs: number; readonly message: string }
  /** A later attempt succeeded, and left nothing to be desired. */
  readonly hasRecovered?: true
  /** When the next set is asked for, since the epoch; absent where somebody else says when. */
  readonly nextRenewalMs?: number
  /** As long as there has been no set at all: what is waited for (`a certificate from istiod at …`). */
  readonly waitingFor?: string
}
