import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExchange } from './testing.ts'
import { claimValues, readClaims } from './verified-token.ts'

describe('the texts of a claim', () => {
  const token = readClaims({
    sub: 'ann',
    scope: 'read  write',
    groups: ['a', 5, 'b', null],
    org: { unit: 'books', roles: ['x'] },
    level: 7,
    admin: true,
    none: null,
    __proto__: { polluted: 'yes' },
    'a.b': 'dotted',
  })
  const cases: readonly (readonly [names: readonly string[], texts: readonly string[]])[] = [
    [['sub'], ['ann']],
    [['scope'], ['read', 'write']],
    [['groups'], ['a', 'b']],
    [['org', 'unit'], ['books']],
    [['org', 'roles'], ['x']],
    [['org'], []],
    [['a.b'], ['dotted']],
    [['a', 'b'], []],
    [['level'], []],
    [['admin'], []],
    [['none'], []],
    [['sub', 'length'], []],
    [['groups', 'length'], []],
    [['groups', '0'], ['a']],
    [['polluted'], []],
    [['toString'], []],
    [['__proto__', 'toString'], []],
    [[], []],
  ]
  for (const [names, texts] of cases) {
    it(names.join('.') || 'of all of them', () => assert.deepEqual(claimValues(token, names), texts))
  }
})

it('who a token is of, about and for', () => {
  const { principal, issuer, subject, audiences, presenter } = readClaims({
    iss: 'i',
    sub: 's',
    aud: ['a', 1],
    azp: 'p',
  })
  assert.deepEqual(
    { principal, issuer, subject, audiences, presenter },
    {
      principal: 'i/s',
      issuer: 'i',
      subject: 's',
      audiences: ['a'],
      presenter: 'p',
    },
  )
})

it('a test of a filter may have one', () => {
  assert.equal(createExchange().request.token, undefined)
  assert.equal(createExchange({ claims: { iss: 'i', sub: 's' } }).request.token?.principal, 'i/s')
})
