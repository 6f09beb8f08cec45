import { positiveDuration, schema, type Issue } from 'fairway/filter'
import { fieldName } from '../field-name.ts'
import { enforcementConfig } from './enforcement.ts'
import { keyPart } from './keys/key-config.ts'
import { requestMatch } from './keys/match-config.ts'

const DAY_MS = 86_400_000

const rate = schema.object({
  requests: schema.documented(schema.integer({ min: 1, max: 1_000_000_000 }), 'How many.'),
  per: schema.documented(
    positiveDuration({ minMs: 10, maxMs: 24 * DAY_MS }),
    'In how long: a duration such as 1s, 1m or 24h.',
  ),
})

const requestCost = schema.object({
  number: schema.documented(
    schema.withDefault(schema.integer({ min: 0, max: 1_000_000 }), 1),
    'What a request costs; 0: it must find something left, and takes nothing.',
  ),
  header: schema.documented(
    schema.optional(fieldName),
    'A request header whose number is the cost instead, where it is there and a number from 0 to 1000000.',
  ),
})

const responseCost = schema.object({
  header: schema.documented(
    fieldName,
    'A response header whose number is taken when the answer is there, even if not so much is left.',
  ),
})

const limit = schema.object({
  name: schema.documented(
    schema.string({
      minLength: 1,
      maxLength: 63,
      pattern: /[a-z0-9]([-a-z0-9]*[a-z0-9])?/,
      describe: 'a lower-case name',
    }),
    'Its name in metrics, in the log and towards clients.',
  ),
  rate: schema.documented(rate, 'How many requests in how long.'),
  burst: schema.documented(
    schema.optional(schema.integer({ min: 1, max: 1_000_000_000 })),
    'TokenBucket: how many may come at once. Default: rate.requests.',
  ),
  algorithm: schema.documented(
    schema.withDefault(schema.oneOf(['TokenBucket', 'SlidingWindow']), 'TokenBucket'),
    'TokenBucket refills steadily. SlidingWindow counts those of the last period, weighing the one before by how much of it is still in view.',
  ),
  key: schema.documented(
    schema.withDefault(schema.array(keyPart, { maxItems: 8 }), []),
    'What is counted apart: each combination of values has the whole rate for itself. Without any, all requests share it.',
  ),
  matches: schema.documented(
    schema.withDefault(schema.array(requestMatch, { maxItems: 16 }), []),
    'Which requests it is for: those that fit one of these. Without any, all.',
  ),
  cost: schema.documented(
    schema.optional(
      schema.object({
        request: schema.documented(schema.optional(requestCost), 'What is taken before a request is forwarded.'),
        response: schema.documented(schema.optional(responseCost), 'What is taken once it is answered.'),
      }),
    ),
    'What a request takes; default 1.',
  ),
  shadow: schema.documented(
    schema.withDefault(schema.boolean(), false),
    'Counts what it would refuse, and refuses nothing.',
  ),
})

const spec = schema.object({
  limits: schema.documented(
    schema.array(limit, { minItems: 1, maxItems: 16 }),
    'All of them must let a request pass; when one refuses, nothing is taken from the others.',
  ),
  enforcement: schema.documented(schema.withDefault(enforcementConfig, { type: 'Local' }), 'Who counts.'),
  maxKeys: schema.documented(
    schema.withDefault(schema.integer({ min: 2, max: 1_000_000 }), 10_000),
    'How many combinations of values a process remembers for each limit. Beyond it those that were not seen for longest are forgotten, and begin anew.',
  ),
  headers: schema.documented(
    schema.withDefault(schema.oneOf(['OnRefusal', 'Always', 'Never']), 'OnRefusal'),
    'Which answers tell clients of their limits, by RateLimit and RateLimit-Policy.',
  ),
  grpcStatus: schema.documented(
    schema.withDefault(schema.oneOf(['Unavailable', 'ResourceExhausted']), 'Unavailable'),
    'What a gRPC client is told that is refused. Libraries try again on Unavailable.',
  ),
})

export type RateLimitConfig = schema.ValueOf<typeof spec>
export type LimitConfig = RateLimitConfig['limits'][number]

/** RateLimit. */
export const rateLimitConfig = schema.documented(
  schema.refine(spec, ({ limits }, path) => limits.flatMap((one, i) => check(one, limits, `${path}.limits[${i}]`))),
  'How many requests may pass, who counts, and what clients are told.',
)

const check = (
  { name, rate: { requests }, burst = requests, algorithm, cost }: LimitConfig,
  limits: readonly LimitConfig[],
  path: string,
): readonly Issue[] => {
  const found: Issue[] = []
  if (limits.filter((other) => other.name === name).length > 1) {
    found.push({ message: 'is given twice', path: `${path}.name`, found: name, expected: 'each name once' })
  }
  if (burst !== requests && algorithm === 'SlidingWindow') {
    const expected = 'none: a SlidingWindow lets rate.requests come at once'
    found.push({ message: 'cannot have an effect', path: `${path}.burst`, found: String(burst), expected })
  }
  const number = cost?.request?.number ?? 1
  if (number > burst) {
    const expected = `at most ${burst}, which is all that there ever is`
    found.push({ message: 'wrong value', path: `${path}.cost.request.number`, found: String(number), expected })
  }
  return found
}
