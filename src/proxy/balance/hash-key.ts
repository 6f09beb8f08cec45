import { findCookie } from '../../http/cookies.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { claimValue, type VerifiedToken } from '../../filter/verified-token.ts'
import type { HashKey } from '../../model/backend/backend-policy.ts'
import { findQueryParam } from '../../snapshot/match.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import { hashText } from '../../lib/hash/hash-text.ts'

/** What a request or a connection has that could be hashed. */
export interface Hashable {
  /** Absent: a connection. */
  readonly headers?: HeaderList
  /** Path and query. */
  readonly target?: string
  readonly token?: VerifiedToken | undefined
  readonly principal: string | undefined
  readonly address: string
}

/**
 * The hash of what the group's policy tells requests apart by; `undefined` when it does not hash, and for those that have
 * nothing of the kind: they go to a random endpoint. An empty value is nothing, or all who have none would go to one
 * endpoint.
 */
export const hashOf = ({ policy }: EndpointGroup, from: Hashable): number | undefined => {
  const { loadBalancing } = policy ?? {}
  if (loadBalancing?.algorithm !== 'ConsistentHash') return undefined
  const value = valueOf(loadBalancing.key, from)
  return value === undefined || value === '' ? undefined : hashText(value)
}

const valueOf = (key: HashKey, { headers, target, token, principal, address }: Hashable): string | undefined => {
  switch (key.type) {
    case 'Header':
      return headers?.getLower(key.name)
    case 'Cookie':
      return headers === undefined ? undefined : findCookie(headers, key.name, (text) => text)
    case 'QueryParameter':
      return target === undefined ? undefined : findQueryParam(queryOf(target), key.name)
    case 'SourcePrincipal':
      return principal
    case 'SourceAddress':
      return address
    case 'JWTClaim':
      return token === undefined ? undefined : textOfClaim(token, key.name)
  }
}

/** A text or a number, also of a claim in others, with dots between names; several texts are one with all of them. */
const textOfClaim = (token: VerifiedToken, name: string): string | undefined => {
  const value = claimValue(token.claims, [name]) ?? claimValue(token.claims, name.split('.'))
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string').join(' ') : undefined
}

const queryOf = (target: string): string => {
  const mark = target.indexOf('?')
  return mark === -1 ? '' : target.slice(mark)
}
