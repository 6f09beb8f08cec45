import { durationWithDefault, schema } from 'fairway/filter'

/** The field that says who counts. */
export const enforcementType = <const T extends string>(type: T) =>
  schema.documented(
    schema.oneOf([type]),
    'Local: each replica for itself. Redis: all replicas together. RLS: a rate limit service.',
  )

/** What is told besides, where somebody outside of the process counts. */
export const remoteFields = {
  timeout: schema.documented(
    durationWithDefault(20, { minMs: 1, maxMs: 900 }),
    'How long a request waits for a decision.',
  ),
  failureMode: schema.documented(
    schema.withDefault(schema.oneOf(['Open', 'Closed', 'Local']), 'Local'),
    'What holds while nobody decides in time: requests pass, are answered 503, or each replica counts for itself.',
  ),
}
