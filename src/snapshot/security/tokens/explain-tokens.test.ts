import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { JwtRule } from '../../../model/security/authentication.ts'
import { compileAuthentications, noAuthentications } from './authentication-plan.ts'
import { explainTokens } from './explain-tokens.ts'

const ruleOf = (issuer: string): JwtRule => ({
  issuer,
  audiences: [],
  keys: { kind: 'inline', jwks: '{}' },
  places: [],
  forwardsToken: false,
  claimHeaders: [],
  spaceDelimitedClaims: [],
})
const plan = compileAuthentications(
  [
    { key: 'shop/a', rules: [ruleOf('https://b')] },
    { key: 'shop/b', rules: [ruleOf('https://a')] },
  ],
  noAuthentications,
).planOf(['shop/a', 'shop/b'])
const open = compileAuthentications(
  [
    { key: 'shop/b', rules: [ruleOf('https://a')] },
    { key: 'shop/c', rules: [ruleOf('')] },
  ],
  noAuthentications,
).planOf(['shop/b', 'shop/c'])
const wanted = 'https://a (RequestAuthentication shop/b) or https://b (RequestAuthentication shop/a)'

const cases: readonly (readonly [what: string, told: readonly string[], lines: readonly string[]])[] = [
  ['no policy', explainTokens(undefined, undefined), []],
  [
    'claims without a policy',
    explainTokens(undefined, {}),
    ['no RequestAuthentication applies: nobody looks at tokens'],
  ],
  ['no token', explainTokens(plan, undefined), [`a token would have to be of ${wanted}; this is without one`]],
  [
    'a token of an issuer',
    explainTokens(plan, { iss: 'https://b' }),
    ['the claims are taken for those of a token that RequestAuthentication shop/a has verified'],
  ],
  [
    'a token of nobody',
    explainTokens(plan, {}),
    [`a token of issuer undefined is refused with 401; it would have to be of ${wanted}`],
  ],
  [
    'a token of nobody, where any will do',
    explainTokens(open, {}),
    ['the claims are taken for those of a token that RequestAuthentication shop/c has verified'],
  ],
  [
    'a token of an issuer that has a rule of its own',
    explainTokens(open, { iss: 'https://a' }),
    ['the claims are taken for those of a token that RequestAuthentication shop/b has verified'],
  ],
  [
    'no token, where any will do',
    explainTokens(open, undefined),
    [
      'a token would have to be of any issuer (RequestAuthentication shop/c) or https://a (RequestAuthentication shop/b); this is without one',
    ],
  ],
]
for (const [what, told, lines] of cases) it(what, () => assert.deepEqual(told, lines))
