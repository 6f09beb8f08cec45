import { DURATION_FORM, formatDuration, parseDuration } from '../../../lib/duration.ts'
import * as s from '../../../lib/schema.ts'
import type { Timeouts } from '../../../model/route.ts'

/** The longest time that a timer of Node can wait, 24 days; what is longer than that nobody sits out. */
const longestMs = 2_147_483_647

/** A Duration (GEP-2257) in milliseconds, of at most 24 days. */
export const duration: s.Schema<number> = {
  decode: (value, path) => {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    if (ms !== undefined) return { ok: true, value: Math.min(ms, longestMs) }
    return s.failure({ message: 'wrong value', path, found: s.formatFound(value), expected: DURATION_FORM })
  },
  json: { type: 'string' },
}

const schema = s.refine(
  s.object({ request: s.optional(duration), backendRequest: s.optional(duration) }),
  ({ request = 0, backendRequest = 0 }, path) =>
    // A request timeout of 0s is none.
    request === 0 || backendRequest <= request
      ? []
      : [
          {
            message: 'each try may take longer than all of them together',
            path: `${path}.backendRequest`,
            found: formatDuration(backendRequest),
            expected: `at most the request timeout, ${formatDuration(request)}`,
          },
        ],
)

/** HTTPRouteTimeouts; `0s` is no timeout, and none at all is `undefined`. */
export const timeouts: s.Schema<Timeouts | undefined> = s.map(schema, ({ request = 0, backendRequest = 0 }) =>
  request === 0 && backendRequest === 0
    ? undefined
    : {
        ...(request === 0 ? {} : { requestMs: request }),
        ...(backendRequest === 0 ? {} : { backendRequestMs: backendRequest }),
      },
)
