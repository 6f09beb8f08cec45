import { isZero, type RemoteContext } from './remote-context.ts'

/** `00-TRACE-SPAN-FLAGS`; what follows in a later version begins with another `-`. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const SAMPLED = 1
/** Level 2: the trace id is random. */
const RANDOM = 2

/**
 * Reads the value of `traceparent` (W3C Trace Context, section 3.2); `undefined` for one that is not valid, by which a
 * new trace begins. Later versions are read as far as they are like version 00, as the specification has it.
 */
export const readTraceparent = (value: string): RemoteContext | undefined => {
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(value) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined || version === 'ff') return undefined
  if ((version === '00' && rest !== undefined) || isZero(traceId) || isZero(spanId)) return undefined
  const bits = Number.parseInt(flags, 16)
  return {
    form: 'tracecontext',
    ids: { traceId, spanId },
    isSampled: (bits & SAMPLED) !== 0,
    isDebug: false,
    otherFlags: bits & RANDOM,
  }
}

const FLAGS = ['00', '01', '02', '03'] as const

/** Writes the value of `traceparent`, of version 00. */
export const formatTraceparent = (
  { traceId, isSampled, otherFlags }: Pick<RemoteContext, 'otherFlags'> & { traceId: string; isSampled: boolean },
  spanId: string,
): string => `00-${traceId}-${spanId}-${FLAGS[(isSampled ? SAMPLED : 0) | (otherFlags & RANDOM)] ?? '00'}`
