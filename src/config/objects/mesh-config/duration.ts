import { parseDuration } from '../../../lib/duration.ts'
import * as s from '../../../lib/schema.ts'

/** As protobuf writes one in JSON: seconds, with at most nine decimals. */
const SECONDS = /^([0-9]{1,9})(\.[0-9]{1,9})?s$/
/** What a timer takes. */
const MAX_MS = 2_147_483_647

const toMs = (text: string): number | undefined =>
  SECONDS.test(text) ? Math.ceil(Number(text.slice(0, -1)) * 1000) : parseDuration(text)

/** A duration above nothing, in milliseconds. */
export const positiveDuration: s.Schema<number> = {
  decode: (value, path) => {
    const ms = typeof value === 'string' ? toMs(value) : undefined
    if (ms !== undefined && ms > 0 && ms <= MAX_MS) return { ok: true, value: ms }
    const expected = 'a duration above 0 like 2s, 0.5s or 500ms'
    return s.failure({ message: 'wrong value', path, found: s.formatFound(value), expected })
  },
  json: { type: 'string' },
}
