/** The forms in which a trace's context travels in a request, as `OTEL_PROPAGATORS` calls them. */
export const propagators = ['tracecontext', 'b3', 'b3multi'] as const

export type Propagator = (typeof propagators)[number]

/** What a request says of the trace that it belongs to. */
export interface RemoteContext {
  readonly form: Propagator
  /** 32 and 16 lower-case hex digits; `undefined`: there is only a decision (`b3: 0`). */
  readonly ids: { readonly traceId: string; readonly spanId: string } | undefined
  /** What was decided about it; `undefined`: that is left to us (B3 without a sampling state). */
  readonly isSampled: boolean | undefined
  /** The sender wants it traced, whatever anybody has decided (B3). */
  readonly isDebug: boolean
  /** W3C's flags that go on as they came: that the trace id is random (level 2). */
  readonly otherFlags: number
}

const ZEROS = /^0*$/

/** Ids of nothing but zeros are none, in all forms. */
export const isZero = (id: string): boolean => ZEROS.test(id)
