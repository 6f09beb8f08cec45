import { positiveDuration, schema } from 'fairway/filter'
import { fieldName } from '../field-name.ts'

const DAY_MS = 86_400_000
const MIB = 1024 * 1024

const seconds = (most: number): schema.Schema<number> => positiveDuration({ minMs: 1000, maxMs: most })
const names = schema.array(fieldName, { maxItems: 16 })

const fields = schema.object({
  sharing: schema.documented(
    schema.withDefault(schema.oneOf(['Identity', 'Namespace', 'Everyone']), 'Identity'),
    'Who may get what has been stored for another request: clients of the same identity, of the same namespace, or all.',
  ),
  maxBytes: schema.documented(
    schema.withDefault(schema.integer({ min: 65_536, max: 4096 * MIB }), 32 * MIB),
    'What responses may take in memory, in each process; what has not been asked for longest makes room.',
  ),
  maxResponseBytes: schema.documented(
    schema.withDefault(schema.integer({ min: 1024, max: 256 * MIB }), MIB),
    'Longer bodies are not stored.',
  ),
  keyHeaders: schema.documented(
    schema.withDefault(names, []),
    'Request headers that responses depend on, beside those that they name in Vary.',
  ),
  ignoreQuery: schema.documented(
    schema.withDefault(schema.array(schema.string({ minLength: 1, maxLength: 128 }), { maxItems: 64 }), []),
    'Parameters of the query that responses do not depend on. The backend does not see them.',
  ),
  credentialHeaders: schema.documented(
    schema.withDefault(names, []),
    'Request headers that say who the user is, beside Authorization and Cookie.',
  ),
  heuristicFreshness: schema.documented(
    schema.optional(seconds(DAY_MS)),
    'How long a response may be used at most that only says when it was last changed: a tenth of the time since then. Left out: not at all.',
  ),
  staleWhileRevalidate: schema.documented(
    schema.optional(seconds(30 * DAY_MS)),
    'How long a stale response is used while it is asked for again, where it does not say so itself.',
  ),
  staleIfError: schema.documented(
    schema.optional(seconds(30 * DAY_MS)),
    'How long a stale response is used when the backend fails, where it does not say so itself.',
  ),
  maxWait: schema.documented(
    schema.withDefault(positiveDuration({ minMs: 10, maxMs: 60_000 }), 3000, '3s'),
    'How long a request waits at most for the answer to another one for the same; then it goes to the backend by itself.',
  ),
  cacheStatus: schema.documented(
    schema.withDefault(schema.boolean(), true),
    'Say in Cache-Status what was done (RFC 9211).',
  ),
})

/** What a ResponseCache is told. */
export const responseCacheConfig = schema.refine(fields, ({ maxBytes, maxResponseBytes }, path) =>
  maxResponseBytes <= maxBytes / 2
    ? []
    : [
        {
          message: 'leaves no room for others',
          path: `${path}.maxResponseBytes`,
          found: String(maxResponseBytes),
          expected: `at most half of maxBytes, which is ${maxBytes}`,
        },
      ],
)

export type ResponseCacheConfig = schema.ValueOf<typeof responseCacheConfig>
