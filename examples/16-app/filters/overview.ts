import proxy from '@fastify/http-proxy'
import type { AppPlugin } from 'fairway/app'
import { schema } from 'fairway/filter'

/** What `spec.config` of the App has to look like. */
export const config = schema.object({
  orders: schema.documented(schema.string(), 'Where orders are known: http://orders'),
  customers: schema.documented(schema.string(), 'Where customers are known: http://customers'),
})

const order = {
  type: 'object',
  required: ['id', 'customer'],
  properties: { id: { type: 'string' }, customer: { type: 'string' }, total: { type: 'number' } },
} as const
const overviewOf = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    total: { type: 'number' },
    customer: { type: 'object', properties: { name: { type: 'string' } } },
    askedBy: { type: 'string' },
  },
} as const
const problem = { type: 'object', properties: { message: { type: 'string' } } } as const

/** An order with who has made it, which two Services know: one request of the client's, two in the mesh. */
const overview: AppPlugin<schema.ValueOf<typeof config>> = async (app, { orders, customers }) => {
  const ask = async (url: string): Promise<unknown> => {
    const response = await app.env.fetch(url, { headers: { accept: 'application/json' } })
    if (response.ok) return response.json()
    await response.body?.cancel()
    throw Object.assign(new Error(`${new URL(url).hostname} said ${response.status}`), {
      statusCode: response.status === 404 ? 404 : 502,
    })
  }

  app.get<{ Params: { readonly id: string } }>(
    '/orders/:id/overview',
    {
      schema: {
        summary: 'An order with its customer',
        params: { type: 'object', properties: { id: { type: 'string', pattern: '^[0-9]{1,9}$' } } },
        response: {
          200: { description: 'What is known of it', ...overviewOf },
          '4xx': { description: 'There is no such order', ...problem },
        },
      },
    },
    async (request) => {
      const found = (await ask(`${orders}/orders/${request.params.id}`)) as { readonly customer: string }
      const customer = await ask(`${customers}/customers/${encodeURIComponent(found.customer)}`)
      return { ...found, customer, askedBy: request.exchange.source.principal }
    },
  )

  app.post<{ Body: object }>(
    '/orders',
    {
      schema: {
        summary: 'A new order, looked at before Service orders gets it',
        body: order,
        response: { 201: { description: 'It is taken', ...order } },
      },
    },
    async (request, reply) => {
      const response = await app.env.fetch(`${orders}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request.body),
      })
      return reply.code(response.status).send(await response.json())
    },
  )

  // Another Service below a path of this one, over the same connections and with the same identity.
  await app.register(proxy, {
    upstream: customers,
    prefix: '/customers',
    rewritePrefix: '/customers',
    undici: app.mesh,
  })
}

export default overview
