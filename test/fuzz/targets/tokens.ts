import assert from 'node:assert/strict'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { RequestView } from '../../../src/filter/index.ts'
import { HeaderList } from '../../../src/http/header-list.ts'
import type { TokenPlace } from '../../../src/model/security/authentication.ts'
import { parseToken } from '../../../src/proxy/security/jwt/parse-token.ts'
import { findTokens, isTooMany, removeToken } from '../../../src/proxy/security/jwt/token-places.ts'
import { textMutator } from '../mutate/text.ts'
import type { FuzzTarget } from '../engine/target.ts'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (header: unknown, claims: unknown): string => `${encode(header)}.${encode(claims)}.c2lnbmF0dXJl`
const token = tokenOf({ alg: 'RS256', kid: 'a' }, { iss: 'https://id.test', sub: 'ann', aud: ['a', 'b'], exp: 2e9 })
const NAME = 'access_token'
const places: readonly TokenPlace[] = [
  { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  { kind: 'param', name: NAME },
  { kind: 'cookie', name: NAME },
]

/**
 * A token is taken apart as another library does it, or refused; in a query it is found wherever the URL standard finds it;
 * and where one was found nothing of it is left when it was taken out.
 */
export const tokensTarget: FuzzTarget = {
  name: 'tokens',
  format: 'text',
  maxInputBytes: 8192,
  shortRounds: 500,
  seeds: () =>
    [
      ...[token, tokenOf({ alg: 'none' }, {}), tokenOf({ alg: 'ES256', crit: ['b64'], b64: false }, { exp: '1' })],
      ...[`${NAME}=${token}`, `a=b&${NAME}=${token}&c`, `%61ccess_token=a+b&${NAME}`, `a=b; ${NAME}=${token}; c="d"`],
      `Basic x, Bearer ${token}`,
    ].map((text) => Buffer.from(text)),
  mutate: textMutator([
    ...[
      `${NAME}=`,
      NAME,
      'Bearer ',
      token,
      '&',
      '=',
      ';',
      '; ',
      '.',
      '%',
      '%5F',
      '%61',
      '+',
      '"',
      '?',
      '#',
      '\t',
      '==',
    ],
    ...[
      'eyJhbGciOiJub25lIn0',
      'e30',
      encode({ alg: 'RS256' }),
      encode([]),
      encode({ iss: [] }),
      encode({ exp: 1e300 }),
    ],
  ]),
  check: (input) => {
    const text = input.toString('latin1')
    return `${checkParts(text)} ${checkPlaces(text)}`
  },
}

const checkParts = (text: string): string => {
  const parsed = parseToken(text)
  if (typeof parsed === 'string') return parsed
  assert.deepEqual(parsed.claims, decodeJwt(text))
  assert.equal(parsed.alg, decodeProtectedHeader(text).alg)
  assert.match(parsed.alg, /^(?:[RPE]S(?:256|384|512)|EdDSA|Ed25519)$/)
  return 'token'
}

const checkPlaces = (text: string): string => {
  const request: RequestView = {
    method: 'GET',
    scheme: 'http',
    authority: 'api',
    path: '/',
    query: `?${text}`,
    headers: new HeaderList(['authorization', text, 'x-other', text, 'cookie', text, 'cookie', 'a=b']),
  }
  const found = findTokens(places, request)
  const inQuery = found.filter(({ place }) => place.kind === 'param').length
  // With so many it is refused, whatever they are.
  if (isTooMany(found)) return 'many'
  assert.equal(inQuery, countInQuery(text), 'tokens in the query')
  for (const { place } of found) removeToken(place, request)
  assert.deepEqual(findTokens(places, request), [], 'tokens that are left')
  assert.equal(request.headers.get('x-other'), text)
  if (inQuery === 0) assert.equal(request.query, `?${text}`)
  return found.map(({ place }) => place.kind).join()
}

/** By the URL standard; a name without `=` has no value that could be a token. */
const countInQuery = (query: string): number =>
  query
    .split('&')
    .filter((part) => part.includes('='))
    .filter((part) => new URLSearchParams(`a&${part}`).has(NAME)).length
