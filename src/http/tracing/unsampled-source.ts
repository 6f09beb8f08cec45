import { patternForm } from '../../lib/ids/id-pattern.ts'
import { createIdSource } from '../../lib/ids/id-source.ts'
import type { HeaderList } from '../header-list.ts'

const NAME = 'traceparent: '
const END = '\r\n'
/**
 * Half of the trace's id is made anew for each, and that is the half which samplers behind us draw lots by; the other half, and
 * the id of a span, which need be none but its trace's, about a thousand have in common.
 */
const LINE = `${NAME}00-${'y'.repeat(16)}${'x'.repeat(16)}-${'y'.repeat(16)}-00${END}`
/** Of the bytes that are shared, the last ones of each id. */
const LAST_BYTES = [7, 15] as const

/**
 * Makes what gives a request that is not traced the beginning of a trace which nobody will be told of. Most requests are such:
 * the line is made as it goes out, many at a time, as one text of which each is a part. `fill` fills memory with random bytes.
 */
export const createUnsampledSource = (fill?: (bytes: Buffer) => unknown): ((headers: HeaderList) => void) => {
  const take = createIdSource(patternForm(LINE, { settleShared: avoidZeros }), fill)
  return (headers) => {
    const line = take()
    headers.addTraceparent(line.slice(NAME.length, -END.length), line)
  }
}

/** Neither id may be all zeros (W3C Trace Context, sections 3.2.2.3 and 3.2.2.4). */
const avoidZeros = (random: Buffer): void => {
  for (const last of LAST_BYTES) random[last] = (random[last] ?? 0) || 1
}
