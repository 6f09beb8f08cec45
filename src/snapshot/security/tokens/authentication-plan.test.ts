import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JwtRule, RequestAuthentication } from '../../../model/security/authentication.ts'
import { comparableAudience, compileAuthentications, noAuthentications } from './authentication-plan.ts'

const policyOf = (key: string, issuer: string, parts: Partial<JwtRule> = {}): RequestAuthentication => ({
  key,
  rules: [
    {
      issuer,
      audiences: [],
      keys: { kind: 'inline', jwks: '{}' },
      places: [],
      forwardsToken: false,
      claimHeaders: [],
      spaceDelimitedClaims: [],
      ...parts,
    },
  ],
})
const a = policyOf('shop/a', 'https://b', { payloadHeader: 'x-p', claimHeaders: [{ header: 'x-c', claim: 'c' }] })
const b = policyOf('shop/b', 'https://a', { claimHeaders: [{ header: 'x-c', claim: 'd' }] })

it('rules of several policies are in order of their issuers, and clear the headers of all', () => {
  const plan = compileAuthentications([a, b], noAuthentications).planOf(['shop/a', 'shop/b'])
  assert.deepEqual(
    plan?.rules.map(({ issuer, policy }) => [issuer, policy]),
    [
      ['https://a', 'RequestAuthentication shop/b'],
      ['https://b', 'RequestAuthentication shop/a'],
    ],
  )
  assert.deepEqual(plan?.outputs, ['x-p', 'x-c'])
})

describe('from one snapshot to the next', () => {
  const before = compileAuthentications([a, b], noAuthentications)
  const plans = { both: before.planOf(['shop/a', 'shop/b']), one: before.planOf(['shop/a']) }

  it('the same policies are the same object', () => {
    assert.equal(compileAuthentications([a, structuredClone(b)], before), before)
  })
  it('a plan is kept unless one of its policies changed', () => {
    const after = compileAuthentications([a, policyOf('shop/b', 'https://c')], before)
    assert.equal(after.planOf(['shop/a']), plans.one)
    assert.notEqual(after.planOf(['shop/a', 'shop/b']), plans.both)
  })
  it('one of them gone is a change too', () => {
    const after = compileAuthentications([a], before)
    assert.notEqual(after, before)
    assert.equal(after.planOf(['shop/a']), plans.one)
  })
})

it('nothing applies where nothing is said', () => {
  assert.equal(compileAuthentications([a], noAuthentications).planOf(undefined), undefined)
})

for (const [written, compared] of [
  ['api', 'api'],
  ['https://api.test/', 'api.test'],
  ['http://api.test', 'api.test'],
  ['/', '/'],
  ['https://', ''],
  ['ftp://a/', 'ftp://a'],
] as const) {
  it(`audience ${written} is compared as ${compared}`, () => assert.equal(comparableAudience(written), compared))
}
