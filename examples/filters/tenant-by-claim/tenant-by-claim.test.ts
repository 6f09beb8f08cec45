import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import tenantByClaim from './tenant-by-claim.ts'

const tenantOf = async (
  config: unknown,
  claims: Readonly<Record<string, unknown>> | undefined,
): Promise<string | undefined> => {
  const { kind, request, reply } = await runFilter(tenantByClaim, config, {
    exchange: { headers: [['X-Tenant', 'what-the-client-says']], ...(claims === undefined ? {} : { claims }) },
  })
  return kind === 'replied' ? `${reply?.status} ${reply?.reason}` : request.headers.get('x-tenant')
}

const cases: readonly (readonly [
  what: string,
  config: unknown,
  claims: Readonly<Record<string, unknown>> | undefined,
  tenant: string,
])[] = [
  ['the claim decides', {}, { tenant: 'acme' }, 'acme'],
  ['a claim inside of another', { claim: 'org.tenant' }, { org: { tenant: 'acme' } }, 'acme'],
  ['no token', {}, undefined, '403 no_tenant'],
  ['no claim', {}, { sub: 'ann' }, '403 no_tenant'],
  ['several', {}, { tenant: ['acme', 'globex'] }, '403 no_tenant'],
  ['no token, with a fallback', { fallback: 'public' }, undefined, 'public'],
  ['a number is no tenant', { fallback: 'public' }, { tenant: 7 }, 'public'],
]
for (const [what, config, claims, tenant] of cases) {
  test(`${what}: ${tenant}`, async () => assert.equal(await tenantOf(config, claims), tenant))
}
