/** How requests reach the proxy. */
export type LoadMode = 'hbone' | 'https' | 'http'

/** One run of the load generator. */
export interface LoadPlan {
  readonly mode: LoadMode
  readonly host: string
  readonly port: number
  readonly connections: number
  /** Tunnels on each connection; 1 for HTTP/1.1, whose connections carry one request at a time. */
  readonly tunnels: number
  /** CONNECT authority of each tunnel. */
  readonly authority: string
  /** The bytes of the request that every lane sends again and again. */
  readonly request: string
  /** Body length of the right answer; anything else counts as an error. */
  readonly bodyBytes: number
  readonly warmupMs: number
  readonly windowMs: number
  /** Open loop: requests per second over all lanes, on a fixed schedule. Absent: each lane keeps one in flight. */
  readonly ratePerSecond?: number
  readonly tls: TlsFiles
}

/** PEM files of the client's certificate and whom it trusts. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string
}

/** What was counted in the window of a run. */
export interface LoadResult {
  readonly requests: number
  readonly errors: number
  /** The first reason for an error, for people. */
  readonly firstError: string | undefined
  readonly windowMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU time of the generator in the window over the window's length: near 1 it is the bottleneck. */
  readonly busy: number
  /** What TLS agreed on, to see that all proxies do equal work. */
  readonly cipher: string | undefined
}

export type ToLoad = { readonly kind: 'run'; readonly plan: LoadPlan }

/** `began` and `ended` enclose the window, `idle` follows once all connections are closed. */
export type FromLoad =
  | { readonly kind: 'up' }
  | { readonly kind: 'began' }
  | { readonly kind: 'ended'; readonly result: LoadResult }
  | { readonly kind: 'idle' }
  | { readonly kind: 'failed'; readonly message: string }
