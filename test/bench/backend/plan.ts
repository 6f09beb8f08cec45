import type { TlsFiles } from '../load/plan.ts'

/** Where the destinations listen: `addresses` each have one listener of every kind. */
export interface BackendPlan {
  readonly addresses: readonly string[]
  readonly hbonePort: number
  readonly httpPort: number
  readonly httpsPort: number
  /** What is behind every listener; absent: `http`, in windows of the default size. */
  readonly serves?: ServiceKind
  /** Body length of every answer; over TCP, of what is sent one way. */
  readonly bodyBytes: number
  readonly tls: TlsFiles
}

/** HTTP/1.1 without bodies, with long ones, HTTP/2 (gRPC calls too), WebSockets that echo, TCP that does as it is told. */
export type ServiceKind = 'http' | 'bodies' | 'h2' | 'websocket' | 'tcp'

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
