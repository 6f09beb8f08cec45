import type { Limit, Standing } from './counting/limit.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): `"per-tenant";q=100;w=60` and
 * `"per-tenant";r=0;t=7`. A limit in shadow is nobody's business.
 */
export const rateLimitFields = (standings: readonly Standing[]): Fields => {
  const told = standings.filter(({ limit }) => !limit.isShadow)
  if (told.length === 0) return []
  return [
    ['ratelimit-policy', told.map(({ limit }) => policyOf(limit)).join(', ')],
    ['ratelimit', told.map((standing) => formatStanding(standing)).join(', ')],
  ]
}

/** What a refusal says: when to come again (RFC 9110, section 10.2.3), at least in a second. */
export const retryAfter = (standings: readonly Standing[]): readonly [string, string] => {
  const waits = standings.flatMap(({ limit, waitMs }) => (limit.isShadow ? [] : [waitMs]))
  return ['retry-after', String(Math.max(1, secondsOf(Math.max(0, ...waits))))]
}

/** A window of less than a second cannot be told: `w` is whole seconds. */
const policyOf = ({ name, requests, periodMs }: Limit): string =>
  `"${name}";q=${requests}${periodMs % 1000 === 0 ? `;w=${periodMs / 1000}` : ''}`

const formatStanding = ({ limit, remaining, waitMs, resetMs }: Standing): string =>
  `"${limit.name}";r=${remaining};t=${secondsOf(waitMs > 0 ? waitMs : resetMs)}`

const secondsOf = (ms: number): number => Math.ceil(ms / 1000 - 1e-9)
