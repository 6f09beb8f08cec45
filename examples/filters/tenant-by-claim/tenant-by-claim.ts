import { claimValues, schema, type FilterDefinition } from 'fairway/filter'

const config = schema.object({
  claim: schema.documented(
    schema.withDefault(schema.string({ minLength: 1 }), 'tenant'),
    'The claim that names the tenant; dots lead into claims: org.tenant.',
  ),
  header: schema.documented(
    schema.withDefault(schema.string({ minLength: 1 }), 'x-tenant'),
    'The header that routes match on, and that applications may rely on.',
  ),
  fallback: schema.documented(
    schema.optional(schema.string({ minLength: 1 })),
    'The tenant of those who have no such claim; left out: they are refused.',
  ),
})

/**
 * Puts the tenant of a verified token into a header, before the route is chosen. What clients write there is never
 * believed.
 */
const tenantByClaim: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'TenantByClaim',
  stage: 'admit',
  config,
  create: ({ claim, header, fallback }, env) => {
    const names = claim.split('.')
    return {
      onRequest({ request }) {
        const [tenant = fallback, ...more] = request.token === undefined ? [] : claimValues(request.token, names)
        request.headers.remove(header)
        if (tenant === undefined || more.length > 0) {
          const body =
            more.length > 0 ? `the token names several tenants in ${claim}\n` : `the token names no ${claim}\n`
          return env.reply(403, { body, reason: 'no_tenant' })
        }
        request.headers.set(header, tenant)
        return undefined
      },
    }
  },
}

export default tenantByClaim
