import type { OtlpReport } from '../exporter.ts'
import type { OtlpTarget } from '../otlp-target.ts'
import type { SignalName } from '../otlp-signal.ts'

/** A collector that is spoken to past the mesh. */
export type OutsideTarget = Exclude<OtlpTarget, { kind: 'service' }>

/** What the thread is to do about a way, which has a number; `id` is that of the answer. */
export type ToThread =
  | { readonly kind: 'open'; readonly id: number; readonly way: number; readonly to: OpenedWay }
  | { readonly kind: 'send'; readonly id: number; readonly way: number; readonly report: OtlpReport }
  | { readonly kind: 'close'; readonly way: number }

export interface OpenedWay {
  readonly signal: SignalName
  readonly target: OutsideTarget
}

/** Why something was not done; `isPassing`: the same may well be done in a moment. */
export interface Failure {
  readonly isPassing: boolean
  readonly message: string
}

/** What the thread says. */
export type FromThread =
  | { readonly kind: 'answer'; readonly id: number; readonly failure: Failure | undefined }
  /** What its modules have to say, a part that was not taken among it. */
  | { readonly kind: 'warning'; readonly message: string }
