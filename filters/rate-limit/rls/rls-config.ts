import { durationWithDefault, schema } from 'fairway/filter'

/** Counting by a service that speaks Envoy's RLS v3. */
export const rlsConfig = schema.object({
  type: schema.documented(
    schema.oneOf(['RLS']),
    'Local: each process for itself. Redis: all replicas together. RLS: a rate limit service.',
  ),
  service: schema.documented(
    schema.string({
      minLength: 3,
      maxLength: 260,
      pattern: /[a-z0-9]([-a-z0-9.]*[a-z0-9])?:[1-9][0-9]{0,4}/,
      describe: 'HOST:PORT of a Service',
    }),
    'HOST:PORT of a Service of the mesh, whose port is declared as gRPC or HTTP/2: ratelimit.infra:8081.',
  ),
  domain: schema.documented(
    schema.string({ minLength: 1, maxLength: 253 }),
    'Which of its configurations the service goes by.',
  ),
  timeout: schema.documented(
    durationWithDefault(20, { minMs: 1, maxMs: 900 }),
    'How long a request waits for a decision.',
  ),
  failureMode: schema.documented(
    schema.withDefault(schema.oneOf(['Open', 'Closed', 'Local']), 'Local'),
    'What holds while nobody decides in time: requests pass, are answered 503, or each process counts for itself.',
  ),
})

export type RlsConfig = schema.ValueOf<typeof rlsConfig>
