/** What a request is given that has none: an id, and the beginning of a trace that nobody will be told of. */
import { patternForm } from '../../lib/ids/id-pattern.ts'
import { createIdSource } from '../../lib/ids/id-source.ts'
import { markVersion, UUID } from '../../lib/ids/random-uuid.ts'
import type { HeaderList } from '../header-list.ts'

/** Gives a request what it has to have; returns its id, which is `known` if it has one already. */
export type GiveIds = (headers: HeaderList, known: string | undefined) => string

/** What requests are given. */
export interface RequestIds {
  /** An `x-request-id`. */
  readonly giveId: GiveIds
  /** A `traceparent`, of a trace that begins with the request and is not told of, and an `x-request-id`. */
  readonly giveBoth: GiveIds
}

const ID_START = '\r\nx-request-id: '
const ID_AT = ID_START.length
const ID_LINE = `${ID_START}${UUID}`
const ID_END = ID_AT + UUID.length
const TRACE_START = '\r\ntraceparent: '
const TRACE_AT = TRACE_START.length
/**
 * Half of the trace's id is made anew for each, and that is the half which samplers behind us draw lots by; the other half, and
 * the id of a span, which need be none but its trace's, about a thousand have in common.
 */
const traceLine = (anew: string): string => `${TRACE_START}00-${'y'.repeat(16)}${anew}-${'y'.repeat(16)}-00`
/** Of the bytes that are shared, the last ones of each id. */
const LAST_BYTES = [7, 15] as const

/**
 * Most requests get something, so it is made as it goes out in HTTP/1.1: many at a time, as one text of which each is a part. Where
 * a request gets both, it is one piece for both; what is anew in its trace is the first half of its own id. `fill` fills memory
 * with random bytes.
 */
export const createRequestIds = (fill?: (bytes: Buffer) => unknown): RequestIds => {
  const forms = { settle: markVersion, settleShared: avoidZeros }
  const takeId = createIdSource(patternForm(ID_LINE, { settle: markVersion }), fill)
  const takeTrace = createIdSource(patternForm(traceLine('x'.repeat(16)), { settleShared: avoidZeros }), fill)
  const takeBoth = createIdSource(patternForm(ID_LINE + traceLine('z'.repeat(16)), forms), fill)
  const addTraceparent = (headers: HeaderList): void => {
    const line = takeTrace()
    headers.addOwn(undefined, line.slice(TRACE_AT), line)
  }
  return {
    giveId: (headers, known) => {
      if (known !== undefined) return known
      const line = takeId()
      const id = line.slice(ID_AT, ID_END)
      headers.addOwn(id, undefined, line)
      return id
    },
    giveBoth: (headers, known) => {
      if (known !== undefined) {
        addTraceparent(headers)
        return known
      }
      const lines = takeBoth()
      const id = lines.slice(ID_AT, ID_END)
      headers.addOwn(id, lines.slice(ID_LINE.length + TRACE_AT), lines)
      return id
    },
  }
}

/** Neither id may be all zeros (W3C Trace Context, sections 3.2.2.3 and 3.2.2.4). */
const avoidZeros = (random: Buffer): void => {
  for (const last of LAST_BYTES) random[last] = (random[last] ?? 0) || 1
}
