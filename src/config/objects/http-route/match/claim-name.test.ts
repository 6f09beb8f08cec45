import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseClaimName } from './claim-name.ts'

const cases: readonly (readonly [name: string, names: readonly string[] | undefined])[] = [
  ['@request.auth.claims.sub', ['sub']],
  ['@request.auth.claims.org.Unit', ['org', 'Unit']],
  ['@Request.Auth.Claims.sub', ['sub']],
  ['@request.auth.claims.a-b', ['a-b']],
  ['@request.auth.claims[sub]', ['sub']],
  ['@request.auth.claims[org.id][unit]', ['org.id', 'unit']],
  ['@request.auth.claims.[a]', ['[a]']],
  ['@request.auth.claims', undefined],
  ['@request.auth.claims.', undefined],
  ['@request.auth.claims..a', undefined],
  ['@request.auth.claims[]', undefined],
  ['@request.auth.claims[a', undefined],
  ['@request.auth.claimsa', undefined],
  ['@request.auth.principal', undefined],
  ['request.auth.claims.sub', undefined],
  ['x-user', undefined],
]
for (const [name, names] of cases) it(name, () => assert.deepEqual(parseClaimName(name), names))
