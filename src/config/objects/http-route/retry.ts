import * as s from '../../../lib/schema.ts'
import type { Retry } from '../../../model/route.ts'
import { duration } from './timeouts.ts'

/** The API leaves it to implementations what a stanza means that does not say; these are Istio's figures. */
const defaultAttempts = 2
const defaultBackoffMs = 25

const codes = s.refine(s.array(s.integer({ min: 400, max: 599 })), (values, path) => {
  const twice = values.find((code, index) => values.indexOf(code) !== index)
  return twice === undefined
    ? []
    : [{ message: 'status is given twice', path, found: String(twice), expected: 'each status once' }]
})

const schema = s.object({
  codes: s.withDefault(codes, []),
  attempts: s.withDefault(s.integer({ min: 1, max: 2_147_483_647 }), defaultAttempts),
  backoff: s.withDefault(duration, defaultBackoffMs),
})

/** HTTPRouteRetry (GEP-1731), the codes in ascending order. */
export const retry: s.Schema<Retry> = s.map(schema, ({ codes: written, attempts, backoff }) => ({
  codes: written.toSorted((a, b) => a - b),
  attempts,
  backoffMs: backoff,
}))
