import * as s from '../../../lib/schema.ts'
import { defaultSlowStartPercent } from '../../../model/backend/backend-defaults.ts'
import type { HashKey, LoadBalancing } from '../../../model/backend/backend-policy.ts'
import { positiveDuration } from './positive-duration.ts'
import { token } from './token.ts'

const slowStart = s.map(
  s.object({
    duration: positiveDuration(),
    minimumPercent: s.withDefault(s.integer({ min: 1, max: 100 }), defaultSlowStartPercent),
  }),
  ({ duration: durationMs, minimumPercent }) => ({ durationMs, minimumPercent }),
)

const names = {
  Header: token('an HTTP header name'),
  Cookie: token('the name of a cookie'),
  QueryParameter: s.string({ minLength: 1, maxLength: 256 }),
  JWTClaim: s.string({ minLength: 1, maxLength: 256 }),
}

/** Called so because the value of a field called `key` would be taken for a secret and not be shown. */
const hashOn: s.Schema<HashKey> = s.union('type', {
  // Names of headers are looked up in lower case.
  Header: s.map(s.object({ type: s.oneOf(['Header']), name: names.Header }), ({ type, name }) => ({
    type,
    name: name.toLowerCase(),
  })),
  Cookie: s.object({ type: s.oneOf(['Cookie']), name: names.Cookie }),
  QueryParameter: s.object({ type: s.oneOf(['QueryParameter']), name: names.QueryParameter }),
  JWTClaim: s.object({ type: s.oneOf(['JWTClaim']), name: names.JWTClaim }),
  SourcePrincipal: s.object({ type: s.oneOf(['SourcePrincipal']) }),
  SourceAddress: s.object({ type: s.oneOf(['SourceAddress']) }),
})

const schema = s.object({
  algorithm: s.oneOf(['RoundRobin', 'LeastRequest', 'Random', 'ConsistentHash']),
  slowStart: s.optional(slowStart),
  consistentHash: s.optional(s.object({ hashOn, maxLoadPercent: s.optional(s.integer({ min: 101, max: 10_000 })) })),
})

/** `spec.loadBalancing` */
export const loadBalancing: s.Schema<LoadBalancing> = {
  decode: (value, path) => {
    const decoded = schema.decode(value, path)
    if (!decoded.ok) return decoded
    const { algorithm, slowStart: slow, consistentHash: hash } = decoded.value
    if (algorithm !== 'ConsistentHash') {
      return hash === undefined
        ? { ok: true, value: { algorithm, ...(slow === undefined ? {} : { slowStart: slow }) } }
        : misplaced(`${path}.consistentHash`, algorithm, 'algorithm ConsistentHash')
    }
    // Keys would move to an endpoint and, as its share grows, more of them: the opposite of what is asked for.
    if (slow !== undefined) return misplaced(`${path}.slowStart`, algorithm, 'RoundRobin, LeastRequest or Random')
    const expected = 'hashOn, which says what requests are told apart by'
    return hash === undefined
      ? s.failure({ message: 'is missing', path: `${path}.consistentHash`, found: 'nothing', expected })
      : { ok: true, value: { algorithm, key: hash.hashOn, ...boundOf(hash) } }
  },
  json: schema.json,
}

const boundOf = ({ maxLoadPercent }: { readonly maxLoadPercent?: number }): { readonly maxLoadPercent?: number } =>
  maxLoadPercent === undefined ? {} : { maxLoadPercent }

const misplaced = (path: string, algorithm: string, expected: string) =>
  s.failure({ message: 'has no effect with this algorithm', path, found: algorithm, expected })
