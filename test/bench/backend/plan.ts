import type { TlsFiles } from '../load/plan.ts'

/** Where the destinations listen: `addresses` each have one listener of every kind. */
export interface BackendPlan {
  readonly addresses: readonly string[]
  readonly hbonePort: number
  readonly httpPort: number
  readonly httpsPort: number
  /** Body length of every answer. */
  readonly bodyBytes: number
  readonly tls: TlsFiles
}

export type ToBackend =
  | { readonly kind: 'listen'; readonly plan: BackendPlan }
  /** Asks for the counts since the last time, and zeroes them. */
  | { readonly kind: 'count' }

/** Requests answered, and connections or tunnels whose first request lacked the header that the route adds. */
export interface BackendCounts {
  readonly requests: number
  readonly withoutHeader: number
}

export type FromBackend =
  | { readonly kind: 'up' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'counts'; readonly counts: BackendCounts }
  | { readonly kind: 'failed'; readonly message: string }
