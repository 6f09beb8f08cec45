import { DURATION_FORM, parseDuration } from '../../../lib/duration.ts'
import * as s from '../../../lib/schema.ts'
import type { Timeouts } from '../../../model/route.ts'

/** A Duration (GEP-2257) in milliseconds. */
export const duration: s.Schema<number> = {
  decode: (value, path) => {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    if (ms !== undefined) return { ok: true, value: ms }
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
            found: `${backendRequest} ms`,
            expected: `at most the request timeout of ${request} ms`,
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
