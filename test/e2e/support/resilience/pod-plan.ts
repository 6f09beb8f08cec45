/** What a pod process is told at its start. */
export interface PodPlan {
  readonly name: string
  readonly address: string
  readonly port: number
  /** Absent: the application alone, in plaintext. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
  /** Of every answer but streams; default 200. */
  readonly status?: number
  /** What `/stream` is answered with; default ten pieces in a second. */
  readonly stream?: { readonly pieces: number; readonly everyMs: number }
  /** After SIGTERM it serves as if nothing were for so long, as with a `preStop` hook; default 0. */
  readonly serveOnMs?: number
}

/** What has come to a pod so far. */
export interface PodCounts {
  /** TCP connections. */
  readonly connections: number
  /** Those on which the peer sent anything after TLS. */
  readonly prefaces: number
  readonly tunnels: number
  readonly requests: number
  /** Those for `/stream`. */
  readonly streams: number
  /** Of bodies that were asked for by number, and given to the tunnel or connection. */
  readonly bytes: number
  /** Requests by `Host`. */
  readonly hosts: Readonly<Record<string, number>>
}

export type FromPod =
  | { readonly kind: 'listening' }
  | { readonly kind: 'first-request'; readonly atMs: number }
  | { readonly kind: 'counts'; readonly counts: PodCounts }
