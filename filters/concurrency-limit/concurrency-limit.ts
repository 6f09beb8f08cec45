import { durationWithDefault, schema } from 'fairway/filter'
import type { ExchangeRecord, FilterDefinition, RequestView } from 'fairway/filter'
import { GradientLimit } from './gradient-limit.ts'

const count = schema.integer({ min: 1, max: 1_000_000 })

const adaptive = schema.refine(
  schema.object({
    min: schema.documented(schema.withDefault(count, 4), 'The limit never falls below.'),
    max: schema.documented(schema.withDefault(count, 1000), 'The limit never rises above.'),
    initial: schema.documented(schema.withDefault(count, 20), 'The limit at the beginning.'),
    tolerance: schema.documented(
      schema.withDefault(schema.number({ min: 1, max: 100 }), 1.5),
      'How many times as long as without a queue an answer may take before the limit falls.',
    ),
    window: schema.documented(durationWithDefault(100, { maxMs: 60_000 }), 'How often the limit is thought over.'),
    probeInterval: schema.documented(
      durationWithDefault(30_000, { minMs: 1000, maxMs: 3_600_000 }),
      'How often the limit is a quarter for a moment, to see how long answers take without a queue.',
    ),
  }),
  ({ min, max, initial }, path) =>
    min <= initial && initial <= max
      ? []
      : [{ message: 'out of order', path, found: `${min}, ${initial}, ${max}`, expected: 'min ≤ initial ≤ max' }],
)

const config = schema.refine(
  schema.object({
    maxRequests: schema.documented(schema.optional(count), 'How many requests may be under way at once.'),
    adaptive: schema.documented(schema.optional(adaptive), 'The limit follows how long answers take.'),
    status: schema.documented(
      schema.withDefault(schema.integer({ min: 400, max: 599 }), 503),
      'What those are told that are too many.',
    ),
  }),
  (limits, path) =>
    (limits.maxRequests === undefined) === (limits.adaptive === undefined)
      ? [{ message: 'one limit is wanted', path, found: 'none, or both', expected: 'maxRequests or adaptive' }]
      : [],
)

type ConcurrencyLimitConfig = schema.ValueOf<typeof config>

/** Bounds how many requests are under way at once, by a number or by a gradient. */
const concurrencyLimit: FilterDefinition<ConcurrencyLimitConfig> = {
  kind: 'ConcurrencyLimit',
  stage: 'admit',
  config,
  create: ({ maxRequests = Infinity, adaptive: settings, status }, env) => {
    const limit =
      settings === undefined
        ? undefined
        : new GradientLimit({ ...settings, windowMs: settings.window, probeEveryMs: settings.probeInterval }, env.now())
    const refusal = env.reply(status, {
      headers: [['content-type', 'text/plain']],
      body: 'reached concurrency limit\n',
      reason: 'reached_concurrency_limit',
    })
    // Requests that a filter before this one answered are completed too, and were never counted.
    const counted = new WeakSet<RequestView>()
    let inFlight = 0
    return {
      onRequest: ({ request }) => {
        if (inFlight >= (limit === undefined ? maxRequests : limit.current)) return refusal
        inFlight++
        counted.add(request)
        return undefined
      },
      onComplete: (record, { request }) => {
        if (!counted.delete(request)) return
        const tookMs = limit === undefined ? -1 : latencyOf(record)
        if (tookMs >= 0) limit?.note(tookMs, inFlight, env.now())
        inFlight--
      },
    }
  },
}

/** Until the head of the answer: bodies may be streams. What got none in time took as long as it was waited for. */
const latencyOf = ({ upstreamMs, flags, durationMs }: ExchangeRecord): number =>
  upstreamMs >= 0 ? upstreamMs : flags.includes('UT') ? durationMs : -1

export default concurrencyLimit
