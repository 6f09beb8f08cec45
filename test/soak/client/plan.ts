import type { TlsFiles, Work } from '../../bench/load/plan.ts'

/** Clients of one Service: so many nodes, each with an HBONE connection and tunnels of its own. */
export interface WorkloadPlan {
  /** Also the name of the Service. */
  readonly name: string
  /** CONNECT authority of its tunnels. */
  readonly authority: string
  readonly connections: number
  /** On each connection. */
  readonly tunnels: number
  readonly ratePerSecond: number
  /** What the tunnels carry; absent: the request as HTTP/1.1, without a body. */
  readonly work?: Work
  /** The bytes of the request. */
  readonly request: string
  readonly status: number
  /** Body length of a right answer; absent: any. */
  readonly bodyBytes?: number
  /** Each tunnel is ended after its first answer, and another one opened. */
  readonly isFresh?: boolean
}

export interface ClientPlan {
  readonly host: string
  readonly port: number
  readonly tls: TlsFiles
  readonly workloads: readonly WorkloadPlan[]
}

/** What became of the requests of one workload, since the start. */
export interface WorkloadCounts {
  readonly name: string
  /** Written to a tunnel; one that was refused and sent anew counts once. */
  readonly sent: number
  readonly answered: number
  /** Wrong answers, and requests that were lost on a connection whose worker lived. */
  readonly failed: number
  /** Lost with the worker that was killed. */
  readonly cut: number
  /** Sent anew, since the server said that it had not taken them. */
  readonly repeated: number
}

/** Five seconds as the clients saw them. */
export interface ClientWindow {
  readonly seconds: number
  readonly answered: number
  /** Since the start. */
  readonly failed: number
  readonly cut: number
  /** From when requests were due to their whole answer. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly connections: number
  readonly tunnels: number
  /** Of this process over the window: near 1 it is the bottleneck. */
  readonly busy: number
}

/** Everything since the start. */
export interface ClientReport {
  readonly workloads: readonly WorkloadCounts[]
  /** The first failures, each with its time and workload. */
  readonly failures: readonly string[]
  /** Connections that were dialled. */
  readonly dialled: number
  /** Those that were lost before they were of use, when a worker had just been killed. */
  readonly dialledInVain: number
  /** GOAWAYs, `connection: close` and the like that were heeded. */
  readonly moves: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

export type ToClient =
  | { readonly kind: 'open'; readonly plan: ClientPlan }
  | { readonly kind: 'go' }
  /** From now on connections go to this port. */
  | { readonly kind: 'move'; readonly port: number }
  /** From here on `answeredSince` counts anew. */
  | { readonly kind: 'mark' }
  /** The connections from these local ports are about to be cut. */
  | { readonly kind: 'doom'; readonly ports: readonly number[] }
  /** Sends nothing more, waits for what is under way, and closes everything. */
  | { readonly kind: 'stop'; readonly waitMs: number }

export type FromClient =
  | { readonly kind: 'up' }
  | { readonly kind: 'open' }
  | { readonly kind: 'marked' }
  | { readonly kind: 'window'; readonly window: ClientWindow }
  /** By workload: answers on those connections since the last mark. */
  | { readonly kind: 'doomed'; readonly inFlight: number; readonly answeredSince: Readonly<Record<string, number>> }
  | { readonly kind: 'stopped'; readonly report: ClientReport }
  | { readonly kind: 'failed'; readonly message: string }
