import * as s from '../../../lib/schema.ts'
import { defaultSlowStartPercent } from '../../../model/backend/backend-defaults.ts'
import type { HashKey, LoadBalancing } from '../../../model/backend/backend-policy.ts'
import { positiveDuration } from '../../../lib/schemas/positive-duration.ts'
import { token } from '../token.ts'

const slowStart = s.map(
  s.object({
    duration: s.documented(positiveDuration(), 'How long until an endpoint that is new has its whole share.'),
    minimumPercent: s.documented(
      s.withDefault(s.integer({ min: 1, max: 100 }), defaultSlowStartPercent),
      'Of its share, to begin with.',
    ),
  }),
  ({ duration: durationMs, minimumPercent }) => ({ durationMs, minimumPercent }),
)

const named = <S extends s.Schema<string>>(name: S): S =>
  s.documented(name, 'Of the header, cookie, query parameter or claim.')

const names = {
  Header: named(token('an HTTP header name')),
  Cookie: named(token('the name of a cookie')),
  QueryParameter: named(s.string({ minLength: 1, maxLength: 256 })),
  JWTClaim: named(s.string({ minLength: 1, maxLength: 256 })),
}

const hashOnType = <const Type extends string>(type: Type): s.Schema<Type> =>
  s.documented(s.oneOf([type]), 'JWTClaim: of a verified token; SourcePrincipal and SourceAddress: of the client.')

/** Called so because the value of a field called `key` would be taken for a secret and not be shown. */
const hashOn: s.Schema<HashKey> = s.union('type', {
  // Names of headers are looked up in lower case.
  Header: s.map(s.object({ type: hashOnType('Header'), name: names.Header }), ({ type, name }) => ({
    type,
    name: name.toLowerCase(),
  })),
  Cookie: s.object({ type: hashOnType('Cookie'), name: names.Cookie }),
  QueryParameter: s.object({ type: hashOnType('QueryParameter'), name: names.QueryParameter }),
  JWTClaim: s.object({ type: hashOnType('JWTClaim'), name: names.JWTClaim }),
  SourcePrincipal: s.object({ type: hashOnType('SourcePrincipal') }),
  SourceAddress: s.object({ type: hashOnType('SourceAddress') }),
})

const consistentHash = s.object({
  hashOn: s.documented(hashOn, 'What requests are told apart by; those with the same value go to one endpoint.'),
  maxLoadPercent: s.documented(
    s.optional(s.integer({ min: 101, max: 10_000 })),
    'An endpoint with more than this share of the mean passes the request on to the next; left out: no bound.',
  ),
})

const schema = s.ruled(
  s.object({
    algorithm: s.documented(
      s.oneOf(['RoundRobin', 'LeastRequest', 'Random', 'ConsistentHash']),
      'LeastRequest: of two by chance the one with fewer requests under way.',
    ),
    slowStart: s.documented(s.optional(slowStart), 'Lets new endpoints warm up; not for ConsistentHash.'),
    consistentHash: s.documented(s.optional(consistentHash), 'Has to be there for ConsistentHash, and only then.'),
  }),
  [
    {
      rule: "has(self.consistentHash) == (self.algorithm == 'ConsistentHash')",
      message: 'consistentHash belongs to algorithm ConsistentHash, and to no other',
    },
    {
      rule: "!has(self.slowStart) || self.algorithm != 'ConsistentHash'",
      message: 'slowStart has no effect with algorithm ConsistentHash',
    },
  ],
)

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
