import { hash } from 'node:crypto'
import type { RequestView } from '../../../../src/filter/index.ts'
import { HeaderList } from '../../../../src/http/header-list.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import type { JwtRule } from '../../../../src/model/security/authentication.ts'
import { Authenticator } from '../../../../src/proxy/security/jwt/authenticator.ts'
import { createTokenJudge } from '../../../../src/proxy/security/jwt/jwt-guard.ts'
import { KeyRings } from '../../../../src/proxy/security/jwt/keys/key-rings.ts'
import { findSigner } from '../../../../src/proxy/security/jwt/keys/verify-signature.ts'
import { parseToken } from '../../../../src/proxy/security/jwt/parse-token.ts'
import { TokenCache } from '../../../../src/proxy/security/jwt/token-cache.ts'
import {
  compileAuthentications,
  noAuthentications,
} from '../../../../src/snapshot/security/tokens/authentication-plan.ts'
import { createTestKey, keySetOf, signToken } from '../../../support/jwt/test-keys.ts'
import type { Operation } from './operation.ts'

/** About as long as those of real issuers: 900 bytes with RS256. */
const claims = {
  iss: 'https://id.example.com',
  sub: 'user-4711',
  aud: 'api',
  exp: 4_102_444_800,
  iat: 1_767_225_600,
  scope: 'read write',
  groups: ['a', 'b', 'c'],
  email: 'somebody@example.com',
  name: 'Some Body',
  jti: 'x'.repeat(36),
  session: 'y'.repeat(150),
}

/** What a token costs a request that was verified before, and taking apart one that was not. */
export const tokenOperations = (): readonly Operation[] => (['RS256', 'ES256'] as const).flatMap(operationsOf)

const operationsOf = (alg: 'RS256' | 'ES256'): readonly Operation[] => {
  const key = createTestKey('key', alg)
  const token = signToken(key, claims)
  return [
    { name: `token that was verified before, ${alg}`, run: judgeKnown(token, keySetOf(key)) },
    {
      name: `token taken apart, ${alg}`,
      run: (times) => {
        for (let i = 0; i < times; i++) if (typeof parseToken(token) === 'string') throw new Error('refused')
      },
    },
  ]
}

const judgeKnown = (token: string, jwks: string): Operation['run'] => {
  const rule: JwtRule = {
    issuer: claims.iss,
    audiences: ['api'],
    keys: { kind: 'inline', jwks },
    places: [
      { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
      { kind: 'param', name: 'access_token' },
    ],
    forwardsToken: false,
    claimHeaders: [{ header: 'x-user', claim: 'sub' }],
    spaceDelimitedClaims: ['scope', 'permission'],
  }
  const counters = { jwtCacheHits: 0, jwtVerifications: 0, jwtRefused: 0, jwksFetches: 0, jwksFetchFailures: 0 }
  const fetchText = () => Promise.reject(new Error('nobody is asked'))
  const keys = new KeyRings({ clock: systemClock, random: () => 0, counters, fetchText, onNews: () => undefined })
  const cache = new TokenCache()
  const parsed = parseToken(token)
  const ring = keys.of(rule.keys)
  const found = typeof parsed === 'string' ? undefined : ring.find(parsed)
  const [signer] = found === undefined || found instanceof Promise ? [] : found
  const plan = compileAuthentications([{ key: 'bench/bench', rules: [rule] }], noAuthentications).planOf([
    'bench/bench',
  ])
  if (typeof parsed === 'string' || signer === undefined || plan === undefined) throw new Error('a bad token')
  cache.set(hash('sha256', token, 'base64'), { parsed, keys: ring, signer, view: undefined })
  const judge = createTokenJudge(
    plan,
    new Authenticator({ clock: systemClock, keys, cache, counters, findSigner }),
    counters,
  )
  return repeatJudging(judge, token)
}

const repeatJudging = (judge: ReturnType<typeof createTokenJudge>, token: string): Operation['run'] => {
  const fields = ['host', 'api', 'user-agent', 'curl/8', 'accept', '*/*', 'authorization', '', 'x-request-id', 'a']
  const bytes = Buffer.from(`Bearer ${token}`)
  const request: RequestView = {
    method: 'GET',
    scheme: 'http',
    authority: 'api',
    path: '/',
    query: '',
    headers: new HeaderList(),
    token: undefined,
  }
  return (times) => {
    for (let i = 0; i < times; i++) {
      request.headers.fields = fields.slice()
      // A text of its own each time, as it comes from a reader.
      request.headers.fields[7] = bytes.toString('latin1')
      request.token = undefined
      if (judge(request) !== undefined || request.token === undefined) throw new Error('not known')
    }
  }
}
