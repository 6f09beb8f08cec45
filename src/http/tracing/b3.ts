import { isZero, type RemoteContext } from './remote-context.ts'

const TRACE_ID = /^(?:[0-9a-f]{32}|[0-9a-f]{16})$/i
const SPAN_ID = /^[0-9a-f]{16}$/i
/** `TRACE-SPAN[-STATE[-PARENT]]` */
const SINGLE = /^([0-9a-f]{32}|[0-9a-f]{16})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/

/** Reads the value of `b3`, in whichever case; `undefined` for one that is not valid. */
export const readB3 = (value: string): RemoteContext | undefined => {
  const lower = value.toLowerCase()
  if (lower === '0' || lower === '1' || lower === 'd') return contextOf('b3', undefined, lower)
  const [, traceId, spanId, state] = SINGLE.exec(lower) ?? []
  const ids = idsOf(traceId, spanId)
  return ids === undefined ? undefined : contextOf('b3', ids, state)
}

/** The fields of B3 that each say one thing, as far as they are there. */
export interface B3Fields {
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly sampled: string | undefined
  readonly flags: string | undefined
}

/** Reads `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled` and `x-b3-flags`; `undefined` when they say nothing that is valid. */
export const readB3Fields = ({ traceId, spanId, sampled, flags }: B3Fields): RemoteContext | undefined => {
  const state = flags === '1' ? 'd' : STATES.get(sampled ?? '')
  const ids = idsOf(traceId, spanId)
  // Ids that are none make all of it suspect; a decision alone is none too many.
  if (ids === undefined && (traceId !== undefined || spanId !== undefined || state === undefined)) return undefined
  return contextOf('b3multi', ids, state)
}

/** `true` and `false` are of old tracers. */
const STATES: ReadonlyMap<string, string> = new Map([
  ['0', '0'],
  ['1', '1'],
  ['false', '0'],
  ['true', '1'],
])

const idsOf = (traceId: string | undefined, spanId: string | undefined): RemoteContext['ids'] => {
  if (traceId === undefined || spanId === undefined || !TRACE_ID.test(traceId) || !SPAN_ID.test(spanId))
    return undefined
  if (isZero(traceId) || isZero(spanId)) return undefined
  return { traceId: traceId.toLowerCase().padStart(32, '0'), spanId: spanId.toLowerCase() }
}

const contextOf = (form: 'b3' | 'b3multi', ids: RemoteContext['ids'], state: string | undefined): RemoteContext => ({
  form,
  ids,
  isSampled: state === undefined ? undefined : state !== '0',
  isDebug: state === 'd',
  otherFlags: 0,
})
