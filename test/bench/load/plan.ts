/** How requests reach the proxy. */
export type LoadMode = 'hbone' | 'https' | 'http'

/** One run of the load generator. */
export interface LoadPlan {
  readonly mode: LoadMode
  readonly host: string
  readonly port: number
  readonly connections: number
  /** Tunnels on each connection; 1 in the other modes, whose connections are not shared. */
  readonly tunnels: number
  /** What the lanes do; absent: the plan's request as HTTP/1.1, without a body. */
  readonly work?: Work
  /** CONNECT authority of each tunnel. */
  readonly authority: string
  /** The bytes of the HTTP/1.1 request that every lane sends again and again, or that opens its WebSocket. */
  readonly request: string
  /** Body length of the right answer; anything else counts as an error. */
  readonly bodyBytes: number
  readonly warmupMs: number
  readonly windowMs: number
  /** Open loop: requests per second over all lanes, on a fixed schedule. Absent: each lane keeps one in flight. */
  readonly ratePerSecond?: number
  /** The proxy answers by itself: nothing comes to the destinations. */
  readonly isAnsweredHere?: boolean
  /** Beside the lanes, on the first connection; HBONE only. They start with the window, which ends with the last one. */
  readonly readers?: ReaderPlan
  /** Whether every answer is reported with its time. */
  readonly hasTimeline?: boolean
  readonly tls: TlsFiles
}

/** What goes through a tunnel or connection. */
export type Work =
  /** HTTP/1.1, with so many bytes of body behind each request if it has one. */
  | { readonly kind: 'bodies'; readonly uploadBytes: number | undefined }
  /** HTTP/2 with so many requests in flight. With a message they are gRPC calls, which must end with status 0. */
  | {
      readonly kind: 'h2'
      readonly streams: number
      readonly fields: readonly string[]
      readonly messageBytes: number | undefined
    }
  /** Messages that come back. */
  | { readonly kind: 'websocket'; readonly messageBytes: number }
  /** One byte that is answered by one byte, or many one way; with `isFresh` each time on a connection of its own. */
  | { readonly kind: 'tcp'; readonly verb: TcpVerb; readonly bytes: number; readonly isFresh: boolean }

/** What the first byte of a TCP exchange asks for: that byte back, many bytes, or to be let send many. */
export type TcpVerb = 'echo' | 'download' | 'upload'

/** Lanes of a plan. */
export const countLanes = (plan: Pick<LoadPlan, 'connections' | 'tunnels' | 'work'>): number =>
  plan.connections * plan.tunnels * (plan.work?.kind === 'h2' ? plan.work.streams : 1)

/** Tunnels that read one long answer each, no faster than they are meant to. */
export interface ReaderPlan {
  readonly count: number
  /** The bytes of the request. */
  readonly request: string
  readonly answerBytes: number
  /** Of each reader: it gives window back at this pace. */
  readonly bytesPerSecond: number
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
  /** Of long bodies, where those are what is measured. */
  readonly bytes: number
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
  readonly readers?: ReadersResult
  readonly timeline?: Timeline
}

/** What came back in a turn. */
export type TurnResult = Pick<LoadResult, 'requests' | 'errors' | 'firstError'>

/** What the readers have done at the end of the window. */
export interface ReadersResult {
  /** Those that have read their answer whole. */
  readonly finished: number
  /** Body bytes that were read, all together. */
  readonly bytes: number
}

/** Answers in the order in which they came: what happened at `atMs[i]` took `tookMs[i]`. */
export interface Timeline {
  /** When each request was due, in milliseconds of the wall clock, so that processes can be compared. */
  readonly atMs: readonly number[]
  readonly tookMs: readonly number[]
}

export type ToLoad =
  | { readonly kind: 'run'; readonly plan: LoadPlan }
  /** Opens the plan's lanes, sends one request on each if asked to, and leaves them alone until `release`. */
  | { readonly kind: 'hold'; readonly plan: LoadPlan; readonly hasRequest: boolean }
  | { readonly kind: 'release' }
  /** Opens the lanes of all these plans, for turns, until `release`. */
  | { readonly kind: 'open'; readonly plans: readonly LoadPlan[] }
  /** Keeps the lanes of one of them busy for so long, and lets them come to rest. */
  | { readonly kind: 'turn'; readonly index: number; readonly ms: number }

/**
 * `began` and `ended` enclose the window of a run; `held` says that all lanes are open and idle, `released` how many were lost
 * meanwhile, `turned` that a turn is over. `idle` follows once all connections are closed.
 */
export type FromLoad =
  | { readonly kind: 'up' }
  | { readonly kind: 'began' }
  | { readonly kind: 'ended'; readonly result: LoadResult }
  | { readonly kind: 'held' }
  | { readonly kind: 'released'; readonly lost: number; readonly firstError: string | undefined }
  | { readonly kind: 'turned'; readonly turn: TurnResult }
  | { readonly kind: 'idle' }
  | { readonly kind: 'failed'; readonly message: string }
