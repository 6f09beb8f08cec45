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
]
for (const [what, told, lines] of cases) it(what, () => assert.deepEqual(told, lines))
