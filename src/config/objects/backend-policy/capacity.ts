/** How much of a backend may be taken, and how its connections are kept: `spec.limits` and `spec.pool`. */
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { BackendLimits, PoolPolicy } from '../../../model/backend/backend-policy.ts'
import { positiveDuration } from '../../../lib/schemas/positive-duration.ts'

/** A part in which nothing stands asks for nothing. */
const notEmpty = <T extends object>(schema: s.Schema<T>): s.Schema<T> => ({
  ...s.refine(schema, (value, path) =>
    Object.keys(value).length > 0
      ? []
      : [{ message: 'asks for nothing', path, found: '{}', expected: `one of ${propertiesOf(schema)}` }],
  ),
  json: { ...schema.json, minProperties: 1 },
})

const propertiesOf = ({ json }: s.Schema<unknown>): string =>
  Object.keys(s.isPlainObject(json['properties']) ? json['properties'] : {}).join(', ')

const limit = s.optional(s.integer({ min: 1, max: 1_000_000_000 }))
const capacity = s.object({
  maxConnections: s.documented(limit, 'Connections and tunnels that are open.'),
  maxRequests: s.documented(limit, 'Requests under way, their answers included.'),
  maxPendingRequests: s.documented(limit, 'Requests that may wait until there is room; needs maxRequests.'),
})

/** `spec.limits` */
export const limits: s.Schema<BackendLimits> = s.refine(
  s.ruled(notEmpty(capacity), [
    { rule: '!has(self.maxPendingRequests) || has(self.maxRequests)', message: 'maxPendingRequests needs maxRequests' },
  ]),
  ({ maxRequests, maxPendingRequests }, path): readonly Issue[] =>
    maxPendingRequests === undefined || maxRequests !== undefined
      ? []
      : [
          {
            message: 'nothing waits where requests are not limited',
            path: `${path}.maxPendingRequests`,
            found: String(maxPendingRequests),
            expected: 'maxRequests beside it',
          },
        ],
)

/** `spec.pool` */
export const pool: s.Schema<PoolPolicy> = s.map(
  notEmpty(
    s.object({
      connectTimeout: s.documented(
        s.optional(positiveDuration()),
        'How long a connection may take to be made; left out: what --connect-timeout says.',
      ),
      idleTimeout: s.documented(
        s.optional(positiveDuration()),
        'A connection that nobody uses is closed after this long.',
      ),
    }),
  ),
  ({ connectTimeout, idleTimeout }) => ({
    ...(connectTimeout === undefined ? {} : { connectMs: connectTimeout }),
    ...(idleTimeout === undefined ? {} : { idleMs: idleTimeout }),
  }),
)
