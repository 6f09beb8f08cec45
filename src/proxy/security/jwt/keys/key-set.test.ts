import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findKeys, readKeySet } from './key-set.ts'

const set = (...keys: readonly unknown[]): string => JSON.stringify({ keys })
const rsa = { kty: 'RSA', kid: 'r', n: 'aa', e: 'AQAB' }
const ec = { kty: 'EC', crv: 'P-256', kid: 'e', x: 'aa', y: 'bb' }
const okp = { kty: 'OKP', crv: 'Ed25519', kid: 'o', x: 'aa' }

describe('keys are found by', () => {
  const all = readKeySet(set(rsa, ec, okp, { ...rsa, kid: undefined }, { ...ec, kid: 'bound', alg: 'ES256' }), []) ?? []
  const cases: readonly (readonly [kid: string | undefined, alg: string, found: readonly (string | undefined)[]])[] = [
    ['r', 'RS256', ['r', undefined]],
    ['r', 'PS512', ['r', undefined]],
    // The kind of key decides, whatever a token says of itself.
    ['r', 'ES256', []],
    ['e', 'RS256', [undefined]],
    ['e', 'ES256', ['e']],
    ['e', 'ES384', []],
    ['o', 'EdDSA', ['o']],
    ['o', 'Ed25519', ['o']],
    ['bound', 'ES256', ['bound']],
    [undefined, 'ES256', ['e', 'bound']],
    [undefined, 'RS256', ['r', undefined]],
    ['x', 'ES256', []],
  ]
  for (const [kid, alg, found] of cases) {
    it(`kid ${kid ?? 'unknown'}, alg ${alg}`, () => {
      assert.deepEqual(
        findKeys(all, { kid, alg }).map((key) => key.kid),
        found,
      )
    })
  }
})

describe('left out is', () => {
  const cases: readonly (readonly [what: string, jwk: unknown])[] = [
    ['a shared secret', { kty: 'oct', k: 'aa' }],
    ['a key to encrypt with', { ...rsa, use: 'enc' }],
    ['a key that may only sign', { ...rsa, key_ops: ['sign'] }],
    ['a key without kty', { ...rsa, kty: undefined }],
    ['what is no object', 'x'],
  ]
  for (const [what, jwk] of cases) it(what, () => assert.equal(readKeySet(set(jwk, rsa), [])?.length, 1))
})

it('a key bound to another algorithm is not tried', () => {
  const keys = readKeySet(set({ ...rsa, alg: 'RS512' }), []) ?? []
  assert.equal(findKeys(keys, { kid: 'r', alg: 'RS256' }).length, 0)
  assert.equal(findKeys(keys, { kid: 'r', alg: 'RS512' }).length, 1)
})

it('of many keys without an id only some are tried', () => {
  const keys =
    readKeySet(set(...Array.from({ length: 300 }, (_, n) => ({ ...rsa, kid: undefined, n: `a${n}` }))), []) ?? []
  assert.equal(keys.length, 256)
  assert.equal(findKeys(keys, { kid: 'r', alg: 'RS256' }).length, 8)
})

it('keys that are known keep their objects', () => {
  const before = readKeySet(set(rsa, ec), []) ?? []
  const after = readKeySet(set(ec, okp), before) ?? []
  assert.equal(after[0], before[1])
  assert.notEqual(after[1], before[0])
})
