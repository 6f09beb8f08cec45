import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountOfToken } from './token.ts'

const tokenOf = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`

const cases: readonly (readonly [what: string, token: string, expected: object | undefined])[] = [
  [
    'an account',
    tokenOf({ sub: 'system:serviceaccount:shop:way-point' }),
    { namespace: 'shop', serviceAccount: 'way-point' },
  ],
  ['a person', tokenOf({ sub: 'alice' }), undefined],
  ['an account with more to it', tokenOf({ sub: 'system:serviceaccount:shop:a:b' }), undefined],
  ['an account that is no path segment', tokenOf({ sub: 'system:serviceaccount:shop:a/b' }), undefined],
  ['nobody', tokenOf({}), undefined],
  ['nothing that is an object', tokenOf(null), undefined],
  ['claims that are no JSON', 'e30.bm8.c2ln', undefined],
  ['an opaque text', 'secret', undefined],
]
for (const [what, token, expected] of cases) {
  test(`a token for ${what}`, () => assert.deepEqual(accountOfToken(token), expected))
}
