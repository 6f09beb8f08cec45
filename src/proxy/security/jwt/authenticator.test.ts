import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { createFakeClock, type FakeClock } from '../../../../test/support/fake-clock.ts'
import { createTestKey, keySetOf, signToken } from '../../../../test/support/jwt/test-keys.ts'
import type { RequestView } from '../../../filter/index.ts'
import { HeaderList } from '../../../http/header-list.ts'
import type { JwtRule } from '../../../model/security/authentication.ts'
import {
  compileAuthentications,
  noAuthentications,
  type AuthenticationPlan,
} from '../../../snapshot/security/tokens/authentication-plan.ts'
import { Authenticator, type Judgement } from './authenticator.ts'
import { KeyRings } from './keys/key-rings.ts'
import type { PublicKey } from './keys/key-set.ts'
import { findSigner } from './keys/verify-signature.ts'
import { TokenCache } from './token-cache.ts'

const key = createTestKey('one', 'ES256')
const other = createTestKey('two', 'ES256')
const issuer = 'https://id.test'

const ruleOf = (parts: Partial<JwtRule> = {}): JwtRule => ({
  issuer,
  audiences: [],
  keys: { kind: 'inline', jwks: keySetOf(key) },
  places: [{ kind: 'header', name: 'authorization', prefix: 'Bearer ' }],
  forwardsToken: false,
  claimHeaders: [],
  spaceDelimitedClaims: ['scope'],
  ...parts,
})

const planOf = (...rules: readonly JwtRule[]): AuthenticationPlan => {
  const plan = compileAuthentications([{ key: 'shop/a', rules }], noAuthentications).planOf(['shop/a'])
  assert.ok(plan)
  return plan
}

const requestOf = (...headers: readonly string[]): RequestView => ({
  method: 'GET',
  scheme: 'http',
  authority: 'api',
  path: '/',
  query: '',
  headers: new HeaderList([...headers]),
})
const bearing = (token: string): RequestView => requestOf('authorization', `Bearer ${token}`)

let clock: FakeClock
let counters: { jwtCacheHits: number; jwtVerifications: number; jwksFetches: number; jwksFetchFailures: number }
let tried: PublicKey[]
let keySet: string
let authenticator: Authenticator

beforeEach(() => {
  clock = createFakeClock()
  counters = { jwtCacheHits: 0, jwtVerifications: 0, jwksFetches: 0, jwksFetchFailures: 0 }
  tried = []
  keySet = keySetOf(key)
  authenticator = new Authenticator({
    clock,
    counters,
    cache: new TokenCache(),
    keys: new KeyRings({
      clock,
      counters,
      random: () => 0,
      onNews: () => undefined,
      fetchText: () => Promise.resolve({ text: keySet, maxAgeMs: undefined }),
    }),
    findSigner: (token, alg, keys) => {
      tried.push(...keys)
      return findSigner(token, alg, keys)
    },
  })
})

const told = (judgement: Judgement): string =>
  judgement.kind === 'verified'
    ? judgement.view.token.subject
    : judgement.kind === 'refused'
      ? judgement.fault
      : judgement.kind

describe('a token that was verified', () => {
  it('is known the next time, and nobody waits', async () => {
    const plan = planOf(ruleOf())
    const token = signToken(key, { iss: issuer, sub: 'ann' })
    const first = await authenticator.judge(plan, bearing(token))
    const second = authenticator.judge(plan, bearing(token))
    assert.ok(!(second instanceof Promise))
    assert.deepEqual([told(first), told(second)], ['ann', 'ann'])
    assert.ok(first.kind === 'verified' && second.kind === 'verified')
    assert.equal(first.view, second.view)
    assert.deepEqual([counters.jwtVerifications, counters.jwtCacheHits], [1, 1])
  })

  it('is looked at again for its dates: it runs out after a minute of grace', async () => {
    const plan = planOf(ruleOf())
    const request = bearing(signToken(key, { iss: issuer, sub: 'ann', exp: clock.nowMs() / 1000 + 10 }))
    assert.equal(told(await authenticator.judge(plan, request)), 'ann')
    clock.advance(70_000)
    assert.equal(told(await authenticator.judge(plan, request)), 'ann')
    clock.advance(1)
    assert.equal(told(await authenticator.judge(plan, request)), 'expired')
  })

  it('is not known to a rule of the same issuer with other keys', async () => {
    const request = bearing(signToken(key, { iss: issuer, sub: 'ann' }))
    assert.equal(told(await authenticator.judge(planOf(ruleOf()), request)), 'ann')
    const strict = planOf(ruleOf({ keys: { kind: 'inline', jwks: keySetOf(other) } }))
    assert.equal(told(await authenticator.judge(strict, request)), 'noKey')
    const withoutIds = JSON.stringify({ keys: [{ ...other.jwk, kid: undefined }] })
    assert.equal(
      told(await authenticator.judge(planOf(ruleOf({ keys: { kind: 'inline', jwks: withoutIds } })), request)),
      'signature',
    )
  })

  it('is not known to a rule for another audience', async () => {
    const request = bearing(signToken(key, { iss: issuer, sub: 'ann', aud: 'a' }))
    assert.equal(told(await authenticator.judge(planOf(ruleOf({ audiences: ['a'] })), request)), 'ann')
    assert.equal(told(await authenticator.judge(planOf(ruleOf({ audiences: ['b'] })), request)), 'audience')
  })

  it('is not known any more when its issuer has retired the key', async () => {
    const plan = planOf(ruleOf({ keys: { kind: 'uri', uri: 'https://id.test/keys', timeoutMs: 1 } }))
    const request = bearing(signToken(key, { iss: issuer, sub: 'ann' }))
    assert.equal(told(await authenticator.judge(plan, request)), 'ann')
    keySet = keySetOf(other)
    clock.advance(20 * 60_000)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(told(await authenticator.judge(plan, request)), 'noKey')
  })
})

it('a rule without an issuer takes tokens of any that its keys have signed, and those of none', async () => {
  const plan = planOf(ruleOf({ issuer: '' }))
  for (const claims of [{ iss: issuer, sub: 'ann' }, { iss: 'https://tenant-7.test', sub: 'ann' }, { sub: 'ann' }]) {
    assert.equal(told(await authenticator.judge(plan, bearing(signToken(key, claims)))), 'ann')
    assert.equal(told(await authenticator.judge(plan, bearing(signToken(other, claims)))), 'noKey')
  }
})

it('every cookie of the name is looked at, however it is written', async () => {
  const plan = planOf(ruleOf({ places: [{ kind: 'cookie', name: 'id' }] }))
  const good = signToken(key, { iss: issuer, sub: 'ann' })
  for (const cookie of [`id=${good}`, `a=b;id="${good}"`, `a=b;\tid = ${good} ; c=d`]) {
    assert.equal(told(await authenticator.judge(plan, requestOf('cookie', cookie))), 'ann', cookie)
  }
  for (const others of [
    ['cookie', 'id=x'],
    ['cookie', 'a=b; id =x'],
    ['cookie', 'id="x"'],
  ]) {
    assert.equal(told(await authenticator.judge(plan, requestOf('cookie', `id=${good}`, ...others))), 'badForm')
    assert.equal(told(await authenticator.judge(plan, requestOf(...others, 'cookie', `id=${good}`))), 'badForm')
  }
  const many = Array.from({ length: 9 }, () => `id=${good}`).join(';')
  assert.equal(told(await authenticator.judge(plan, requestOf('cookie', many))), 'badForm')
  assert.equal(told(await authenticator.judge(plan, requestOf('cookie', 'xid=x; id; id2=x'))), 'none')
})

it('a burst of requests with one token has its signature checked once', async () => {
  const plan = planOf(ruleOf())
  const token = signToken(key, { iss: issuer, sub: 'ann' })
  const judgements = await Promise.all(
    Array.from({ length: 20 }, async () => authenticator.judge(plan, bearing(token))),
  )
  assert.deepEqual(new Set(judgements.map(told)), new Set(['ann']))
  assert.equal(counters.jwtVerifications, 1)
})

it('no key is tried for a token that is of no use anyway', async () => {
  const now = clock.nowMs() / 1000
  const plan = planOf(ruleOf({ audiences: ['a'] }))
  const claims = { iss: issuer, aud: 'a' }
  const faults = [{ iss: 'x' }, { exp: now - 100 }, { nbf: now + 100 }, { aud: 'b' }].map((part) =>
    authenticator.judge(plan, bearing(signToken(key, { ...claims, ...part }))),
  )
  assert.deepEqual(
    faults.map((fault) => (fault instanceof Promise ? 'waits' : told(fault))),
    ['unknownIssuer', 'expired', 'notYetValid', 'audience'],
  )
  assert.deepEqual(tried, [])
})

it('a token in which one character is another is refused', async () => {
  const plan = planOf(ruleOf())
  const token = signToken(key, { iss: issuer, sub: 'ann' })
  assert.equal(told(await authenticator.judge(plan, bearing(token))), 'ann')
  // The last one has bits that are no part of the signature.
  for (let i = 0; i < token.length - 1; i++) {
    const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
    const judgement = await authenticator.judge(plan, bearing(changed))
    assert.equal(judgement.kind, 'refused', changed)
  }
})

it('only keys with the right kind are tried, in whatever order they stand', async () => {
  const rsa = createTestKey('', 'RS256')
  const jwks = JSON.stringify({ keys: [rsa, other, key].map(({ jwk }) => ({ ...jwk, kid: undefined })) })
  const plan = planOf(ruleOf({ keys: { kind: 'inline', jwks } }))
  assert.equal(told(await authenticator.judge(plan, bearing(signToken(key, { iss: issuer, sub: 'ann' })))), 'ann')
  assert.deepEqual(
    tried.map(({ kty }) => kty),
    ['EC', 'EC'],
  )
})

describe('of several tokens for one rule', () => {
  const places = [
    { kind: 'header', name: 'x-a', prefix: '' },
    { kind: 'header', name: 'x-b', prefix: '' },
  ] as const
  const [ann, bob] = ['ann', 'bob'].map((sub) => signToken(key, { iss: issuer, sub })) as [string, string]
  const bad = `${ann.slice(0, -6)}aaaaaa`
  const cases: readonly (readonly [what: string, headers: readonly string[], wanted: string])[] = [
    ['both are good: the first place counts', ['x-b', bob, 'x-a', ann], 'ann'],
    ['one of them is bad', ['x-a', ann, 'x-b', bad], 'signature'],
    ['one of them is bad, the first', ['x-a', bad, 'x-b', bob], 'signature'],
    ['two stand in fields of one name', ['x-a', ann, 'x-a', bad], 'signature'],
    ['there are nine', Array.from({ length: 9 }, () => ['x-a', ann]).flat(), 'badForm'],
  ]
  for (const [what, headers, wanted] of cases) {
    it(what, async () => {
      const judgement = await authenticator.judge(planOf(ruleOf({ places })), requestOf(...headers))
      assert.equal(told(judgement), wanted)
    })
  }
})
