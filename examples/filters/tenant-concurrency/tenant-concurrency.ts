import { schema, type Exchange, type FilterDefinition } from 'fairway/filter'

const limit = schema.integer({ min: 1, max: 1_000_000 })

const config = schema.object({
  header: schema.documented(
    schema.optional(schema.string({ minLength: 1 })),
    "The header that names the tenant; left out: the client's namespace is the tenant.",
  ),
  limit: schema.documented(limit, 'How many requests of one tenant may be under way at once, in each worker.'),
  limits: schema.documented(schema.withDefault(schema.record(limit), {}), 'Other limits, by tenant.'),
})

/** Lets each tenant have so many requests under way at once, so that none can take the room of all. */
const tenantConcurrency: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'TenantConcurrency',
  stage: 'admit',
  config,
  create: ({ header, limit: usual, limits }, env) => {
    const others = new Map(Object.entries(limits))
    /** Only tenants with something under way are in it, so that it cannot grow for ever. */
    const underWay = new Map<string, number>()
    const admitted = new WeakMap<Exchange['request'], string>()
    const refused = env.counter('tenant_refused_total', {
      help: 'Requests refused because their tenant has too many under way.',
      labels: ['tenant'],
    })
    return {
      onRequest({ request, source }) {
        const tenant = (header === undefined ? source.namespace : request.headers.get(header)) ?? ''
        const count = underWay.get(tenant) ?? 0
        if (count < (others.get(tenant) ?? usual)) {
          underWay.set(tenant, count + 1)
          admitted.set(request, tenant)
          return undefined
        }
        refused.inc({ tenant })
        return env.reply(429, {
          headers: [['retry-after', '1']],
          body: `too many requests of ${tenant === '' ? 'nobody in particular' : tenant} at once\n`,
          reason: 'tenant_busy',
        })
      },
      // Also told of requests that were refused, here or before: only what was let in is taken out.
      onComplete(_, { request }) {
        const tenant = admitted.get(request)
        if (tenant === undefined) return
        const left = (underWay.get(tenant) ?? 1) - 1
        if (left === 0) underWay.delete(tenant)
        else underWay.set(tenant, left)
      },
    }
  },
}

export default tenantConcurrency
