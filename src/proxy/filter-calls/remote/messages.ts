/** What a filter in a thread of its own and its process tell each other of its environment; plain data that is cloned. */
import type { CallErrorCode } from '../../../filter/env/calls.ts'
import type { HistogramOptions, LabelValues } from '../../../filter/env/metrics.ts'
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
  | { readonly kind: 'metric'; readonly id: number; readonly metric: RemoteMetric }
  /** Of several at once: how often what was counted. */
  | { readonly kind: 'counted'; readonly counts: readonly RemoteCount[] }

/** A metric that the thread has made. */
export interface RemoteMetric {
  readonly type: 'counter' | 'histogram'
  readonly name: string
  readonly options: HistogramOptions<string>
}

/** A value for a metric that was made before. */
export interface RemoteCount {
  readonly metric: number
  readonly value: number
  readonly labels: LabelValues<string> | undefined
}

/** To the thread. */
export type ToThread =
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
