import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExchange, createFakeEnv } from '../testing.ts'
import { buildApp, type AppPlugin } from './build-app.ts'
import { renderOpenApi } from './render-open-api.ts'

const overview: AppPlugin<{ readonly orders: string }> = async (app, { orders }) => {
  app.get<{ Params: { readonly id: string } }>('/orders/:id', async (request) => {
    const response = await app.env.fetch(`${orders}/orders/${request.params.id}`)
    return { order: await response.json(), askedBy: request.exchange.source.principal }
  })
}

it('an App is tested as any plugin, with calls and a client of the test', async () => {
  const exchange = createExchange({ source: { principal: 'spiffe://cluster.local/ns/shop/sa/web' as never } })
  const env = createFakeEnv({ fetch: ({ url }) => Response.json({ from: url }) })
  const app = buildApp(overview, { config: { orders: 'http://orders' }, env, exchange })
  const answer = await app.inject('/orders/7')
  const order = { from: 'http://orders/orders/7' }
  assert.deepEqual(answer.json(), { order, askedBy: 'spiffe://cluster.local/ns/shop/sa/web' })
  assert.equal((await app.inject('/none')).statusCode, 404)
})

it('without a waypoint nothing can be forwarded, and nobody listens; the log says why an answer is 500', async () => {
  const env = createFakeEnv()
  const app = buildApp(
    async (instance) => {
      instance.get('/left', (_request, reply) => reply.forward())
      instance.get('/who', async (request) => request.exchange.source.address)
      instance.post('/', async () => 'posted')
    },
    { config: {}, env, bodyBytes: 3 },
  )
  assert.match((await app.inject('/left')).body, /only a waypoint can forward/)
  assert.match((await app.inject('/who')).body, /only if buildApp was given one/)
  const headers = { 'content-type': 'application/json' }
  assert.equal((await app.inject({ method: 'POST', url: '/', headers, payload: '1234' })).statusCode, 413)
  assert.deepEqual(
    env.logged.map((line) => line.split('\n')[0]),
    [
      'error: GET /left: Error: only a waypoint can forward a request, and `inject` is none',
      'error: GET /who: Error: `inject` has an exchange only if buildApp was given one',
    ],
  )
  await assert.rejects(async () => app.listen({ port: 0 }), /does not listen/)
})

it('plugins log as they are used to, without what may be secret', async () => {
  const env = createFakeEnv()
  const app = buildApp(
    async ({ log }) => {
      log.info('a %s', 'b')
      log.warn({ user: 'ann', headers: { authorization: 'Bearer x' } }, 'seen')
      log.child({ part: 'cache' }).debug({ size: 3 })
      log.error({ err: new Error('bad') }, 'went wrong')
      log.fatal(new Error('worse'))
    },
    { config: {}, env },
  )
  await app.ready()
  assert.deepEqual(
    env.logged.map((line) => line.split('\n')[0]),
    [
      'info: a %s b',
      'warn: seen: user=ann',
      'debug: size=3 part=cache',
      'error: went wrong: Error: bad',
      'error: Error: worse',
    ],
  )
})

describe('what routes say of themselves', () => {
  const plugin: AppPlugin = async (app) => {
    const schema = {
      summary: 'One <order>',
      params: { type: 'object', properties: { id: { type: 'string', description: 'a "number"' } } },
      body: { type: 'object', properties: { n: { type: 'integer' } } },
      response: { 200: { description: 'It & more', type: 'object', properties: { id: { type: 'string' } } } },
    }
    app.put('/orders/:id', { schema }, async () => ({}))
  }
  const openapi = { title: 'A <b>', version: '2', document: '/openapi.json', page: '/docs' }
  const app = buildApp(plugin, { config: {}, env: createFakeEnv(), prefix: '/api', openapi })

  it('is published as OpenAPI, below the prefix, without the routes that publish it', async () => {
    const document = (await app.inject('/api/openapi.json')).json() as {
      readonly openapi: string
      readonly info: object
      readonly paths: object
    }
    assert.equal(document.openapi, '3.1.0')
    assert.deepEqual(document.info, { title: 'A <b>', version: '2' })
    assert.deepEqual(Object.keys(document.paths), ['/api/orders/{id}'])
  })

  it('is a page for people, in which nothing of it is markup', async () => {
    const { body, headers } = await app.inject('/api/docs')
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    for (const part of [
      'A &lt;b&gt;',
      'One &lt;order&gt;',
      'a &quot;number&quot;',
      'It &amp; more',
      '/api/openapi.json',
    ])
      assert.ok(body.includes(part), part)
    assert.ok(!body.includes('<order>'))
  })

  it('is a page even of a document that is none', () => {
    for (const document of [{}, { paths: 7 }, { paths: { '/a': { get: null } } }, { info: { title: ['x'] } }])
      assert.match(renderOpenApi(document, '/'), /^<!doctype html>/)
  })
})
