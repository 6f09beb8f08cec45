/** What a filter in a thread of its own and its process tell each other of its environment; plain data that is cloned. */
import type { CallErrorCode } from '../../../filter/env/calls.ts'
import type { ForwardedAnswer, RequestView } from '../../../filter/index.ts'
import type { CountedMetric, MetricKind } from '../../../filter/env/filter-metrics.ts'
import type { CallLimits } from '../guarded-handler.ts'

/** From the thread. */
export type FromThread =
  | {
      readonly kind: 'call'
      readonly id: number
      readonly origin: string
      readonly path: string
      readonly method: string
      /** Names and values in turn. */
      readonly headers: readonly string[]
      readonly body: Uint8Array | undefined
      readonly limits: CallLimits
    }
  | { readonly kind: 'pause' | 'resume' | 'abort'; readonly id: number }
  /** A copy of a request is to go on, as it stands here. */
  | {
      readonly kind: 'forward'
      readonly id: number
      /** As its hook was told. */
      readonly exchange: number
      readonly request: ForwardedRequest
      readonly timeoutMs: number | undefined
    }
  /** The next piece of its answer is wanted, or nothing more of it. */
  | { readonly kind: 'forward-read' | 'forward-leave'; readonly id: number }
  /** It has made a metric. */
  | { readonly kind: 'metric'; readonly metric: MetricKind }
  /** What it has counted for a while. */
  | { readonly kind: 'counted'; readonly counts: readonly CountedMetric[] }

/** What a filter may change of a request. */
export interface ForwardedRequest extends Pick<RequestView, 'authority' | 'path' | 'query' | 'token'> {
  readonly fields: readonly string[]
}

/** To the thread. */
export type ToThread =
  | ({ readonly kind: 'forwarded'; readonly id: number; readonly fields: readonly string[] } & Pick<
      ForwardedAnswer,
      'status' | 'length' | 'details' | 'flags'
    >)
  /** Absent bytes: that was all. */
  | { readonly kind: 'forward-piece'; readonly id: number; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'forward-error'; readonly id: number; readonly code: CallErrorCode; readonly message: string }
  | {
      readonly kind: 'head'
      readonly id: number
      readonly status: number
      readonly text: string
      readonly fields: readonly string[]
    }
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly id: number; readonly trailers: readonly string[] }
  | { readonly kind: 'error'; readonly id: number; readonly code: CallErrorCode; readonly message: string }
