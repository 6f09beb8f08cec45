import type { TlsFiles } from '../load/plan.ts'

/** One client identity of a surge: its own certificate, and tunnels that each carry one request at a time. */
export interface PartyPlan {
  readonly tls: TlsFiles
  readonly connections: number
  /** On each connection. */
  readonly tunnels: number
}

/** Where a surge goes, and from whom. */
export interface SurgePlan {
  readonly host: string
  readonly port: number
  /** CONNECT authority of each tunnel. */
  readonly authority: string
  /** The bytes of the request. */
  readonly request: string
  /** Body length of a right answer. */
  readonly bodyBytes: number
  readonly parties: readonly PartyPlan[]
}

/** What each party does for a while. */
export interface SurgeStep {
  readonly durationMs: number
  /** By party: requests per second on a schedule, whatever becomes of them; or so many in flight, all the time. */
  readonly loads: readonly PartyLoad[]
}

export type PartyLoad =
  | { readonly kind: 'rate'; readonly perSecond: number }
  | { readonly kind: 'in-flight'; readonly requests: number }

/** What became of the requests of one party that were due in one stretch of time. */
export interface Outcome {
  readonly due: number
  /** No tunnel was free when it was due: the client gives up, as one whose pool is used up. */
  readonly unsent: number
  /** Answered 200. */
  readonly accepted: number
  /** Answered 503. */
  readonly refused: number
  /** Any other answer, or none. */
  readonly failed: number
  /** From when they were due to the whole answer. */
  readonly acceptedMs: { readonly p50: number; readonly p99: number }
  readonly refusedMs: { readonly p50: number; readonly p99: number }
}

/** What became of one step. */
export interface StepResult {
  /** By group of parties, as the run was asked to take them together. */
  readonly groups: readonly Outcome[]
  /** Of all parties, in windows of `WINDOW_MS` by when answers came. */
  readonly windows: readonly Outcome[]
  readonly seconds: number
  /** CPU time of this process over the step's length: near 1 it was the bottleneck. */
  readonly busy: number
}

/** Long enough for a p99 of a busy proxy. */
export const WINDOW_MS = 250

export type ToSurge =
  | { readonly kind: 'open'; readonly plan: SurgePlan }
  /** Steps without a pause between them; `groups` says for each party which group it counts in. */
  | { readonly kind: 'run'; readonly steps: readonly SurgeStep[]; readonly groups: readonly number[] }
  | { readonly kind: 'close' }

export type FromSurge =
  | { readonly kind: 'up' }
  | { readonly kind: 'open' }
  /** A step begins now. */
  | { readonly kind: 'step'; readonly index: number }
  | { readonly kind: 'done'; readonly results: readonly StepResult[] }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly message: string }
