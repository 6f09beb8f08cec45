import type { SpiffeId } from '../model/identity.ts'

/** Our certificate, its key and whom we trust, at one moment; replaced as a whole. PEM texts. */
export interface Credentials {
  readonly identity: SpiffeId
  /** Leaf first, then intermediates. */
  readonly certificateChainPem: string
  readonly privateKeyPem: string
  /** One or more concatenated roots. */
  readonly trustRootsPem: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Where credentials come from: gives the current ones and tells of new ones. */
export interface CredentialSource {
  readonly current: () => Credentials
  /** Calls `listener` after each change; the result stops that. */
  readonly subscribe: (listener: (credentials: Credentials) => void) => () => void
  readonly close: () => void
}
