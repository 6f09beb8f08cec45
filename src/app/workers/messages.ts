import type { CredentialKind, Credentials } from '../../identity/credentials.ts'
import type { LogLevel } from '../../lib/log.ts'
import type { Packed } from '../../lib/memory/packed-json.ts'
import type { QuarantineNotice } from '../../filter/guard/guard.ts'
import type { FilterReading } from '../../filter/guard/reading.ts'
import type { Explanation, ExplainQuery } from '../../snapshot/explain.ts'
import type { CommandResult, FilterOrder } from '../../proxy/apply/command-filters.ts'
import type { EndpointReading } from '../../proxy/balance/health/endpoint-reading.ts'
import type { ComparisonReading } from '../../proxy/comparison/comparison-reading.ts'
import type { LimitReading } from '../../proxy/balance/limits/service-loads.ts'
import type { DumpPage } from '../../telemetry/dump.ts'
import type { ModelDelta } from '../../config/delta.ts'
import type { ModelChange, PlaneSettings } from '../plane.ts'

/** A `ModelChange` as the difference from the last one that the worker was sent. */
export interface ModelEdits extends Omit<ModelChange, 'model'> {
  readonly delta: Packed<ModelDelta>
}

/** What a primary asks of a worker, and what it gets. */
export interface WorkerCalls {
  readonly apply: { readonly ask: ModelEdits; readonly answer: undefined }
  readonly listen: { readonly ask: { readonly port: number }; readonly answer: number }
  readonly dump: { readonly ask: { readonly from: number }; readonly answer: DumpPage }
  readonly endpoints: { readonly ask: undefined; readonly answer: readonly (readonly EndpointReading[])[] }
  readonly limits: { readonly ask: undefined; readonly answer: readonly (readonly LimitReading[])[] }
  readonly comparisons: { readonly ask: undefined; readonly answer: readonly (readonly ComparisonReading[])[] }
  readonly command: { readonly ask: FilterOrder; readonly answer: readonly (readonly CommandResult[])[] }
  readonly filters: { readonly ask: undefined; readonly answer: readonly (readonly FilterReading[])[] }
  readonly explain: { readonly ask: ExplainQuery; readonly answer: Explanation }
  readonly drain: { readonly ask: { readonly deadlineMs: number }; readonly answer: undefined }
}

export type CallName = keyof WorkerCalls

/** Something that a filter is told by another one of its configuration: that is what a channel stands for. */
export interface HeardText {
  readonly channel: string
  readonly text: string
}

/** From the primary to a worker. Each `call` is answered with its `id`. */
export type ToWorker =
  | {
      readonly kind: 'start'
      readonly settings: PlaneSettings
      readonly credentials: Credentials
      /** Whom they are from. */
      readonly source: CredentialKind
    }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'log-level'; readonly level: LogLevel }
  | { readonly kind: 'quarantines'; readonly notices: readonly QuarantineNotice[] }
  /** What filters of other workers have told those of the same configuration here. */
  | { readonly kind: 'siblings'; readonly heard: readonly HeardText[] }
  /** A worker has come to a channel, and the one here has been there for longest. */
  | { readonly kind: 'sibling-greet'; readonly channel: string; readonly newcomer: number }
  | { readonly [Name in CallName]: WorkerCallMessage<Name> }[CallName]

export interface WorkerCallMessage<Name extends CallName> {
  readonly kind: 'call'
  readonly id: number
  readonly name: Name
  readonly ask: WorkerCalls[Name]['ask']
}

/** From a worker to the primary. */
export type FromWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'sibling-join' | 'sibling-leave'; readonly channel: string }
  /** For the newcomer of that number, or for all others. */
  | { readonly kind: 'sibling-tell'; readonly channel: string; readonly text: string; readonly to?: number }
