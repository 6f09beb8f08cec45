import { positiveDuration, schema } from 'fairway/filter'
import { requestMatch } from '../matching/request-match.ts'

const percent = schema.documented(
  schema.withDefault(schema.number({ min: 0, max: 100 }), 100),
  'How many of the requests, from 0 to 100, fractions included.',
)

const timestamp = schema.refine(
  schema.string({
    pattern: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})/,
    describe: 'a time with its zone (RFC 3339): 2026-05-04T12:00:00Z',
  }),
  (text, path) =>
    Number.isNaN(Date.parse(text))
      ? [{ message: 'no such time', path, found: text, expected: 'a time that there is: 2026-05-04T12:00:00Z' }]
      : [],
)

const fields = schema.object({
  when: schema.documented(schema.optional(requestMatch), 'Which requests are meant. Left out: all.'),
  delay: schema.documented(
    schema.optional(
      schema.object({
        fixed: schema.documented(positiveDuration({ maxMs: 3_600_000 }), 'How long a request is held: 150ms.'),
        percent,
      }),
    ),
    'Holds requests before they are forwarded, or aborted.',
  ),
  abort: schema.documented(
    schema.optional(
      schema.object({
        httpStatus: schema.documented(
          schema.withDefault(schema.integer({ min: 400, max: 599 }), 503),
          'What a client is told.',
        ),
        grpcStatus: schema.documented(
          schema.optional(schema.integer({ min: 1, max: 16 })),
          'What a client of gRPC is told. Left out: what goes with the HTTP status.',
        ),
        percent,
      }),
    ),
    'Answers requests in place of the backend.',
  ),
  reset: schema.documented(
    schema.optional(schema.object({ percent })),
    'Resets the stream of a request, or its connection, without an answer.',
  ),
  bandwidth: schema.documented(
    schema.optional(
      schema.object({
        bytesPerSecond: schema.documented(
          schema.integer({ min: 1, max: 1_000_000_000 }),
          'How fast the body of a response goes out.',
        ),
        percent,
      }),
    ),
    'Lets the bodies of responses drip.',
  ),
  until: schema.documented(
    schema.optional(schema.map(timestamp, (text) => Date.parse(text))),
    'When it is off by itself, with its zone: 2026-05-04T12:00:00Z. Left out: never.',
  ),
})

/** What a FaultInjection is told. */
export const faultConfig = schema.refine(fields, ({ delay, abort, reset, bandwidth }, path) =>
  (delay ?? abort ?? reset ?? bandwidth) === undefined
    ? [{ message: 'no fault', path, found: 'none', expected: 'delay, abort, reset or bandwidth' }]
    : [],
)

export type FaultConfig = schema.ValueOf<typeof faultConfig>
