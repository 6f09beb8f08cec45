import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import Fastify from 'fastify'
import { seededRandom } from '../../../test/support/random.ts'
import { RoutePrefixes } from './route-prefixes.ts'

const routes = [
  '/',
  '/orders',
  '/orders/:id',
  '/orders/:id/lines/:line?',
  '/files/*',
  '/at/:h(^\\d{2}$)h',
  '/a::b/c',
  '/ü/x',
]
const parts = ['orders', 'order', '7', 'lines', 'files', 'at', '08h', 'a:b', 'c', '%C3%BC', 'x', 'o%72ders', '']

describe('a path that begins as no route does', () => {
  it('is none that the router knows, whatever routes there are', async () => {
    const random = seededRandom(7)
    let passed = 0
    for (let round = 0; round < 20; round++) {
      const prefixes = new RoutePrefixes()
      const app = Fastify()
      app.addHook('onRoute', ({ url }) => prefixes.add(url))
      for (const url of routes) if (random.chance(0.4)) app.get(url, async () => 'ok')
      await app.ready()
      for (let i = 0; i < 60; i++) {
        const path = Array.from({ length: 1 + random.below(4) }, () => `/${random.pick(parts)}`).join('')
        if (prefixes.mayMatch(path)) continue
        passed++
        assert.equal((await app.inject(path)).statusCode, 404, path)
      }
    }
    assert.ok(passed > 200, `only ${passed} paths were told apart`)
  })
})

it('routes that begin as others do add nothing to look at', () => {
  const prefixes = new RoutePrefixes()
  for (const url of ['/orders/:id', '/orders', '/orders/:id/lines']) prefixes.add(url)
  assert.deepEqual([prefixes.mayMatch('/orders/7'), prefixes.mayMatch('/order')], [true, false])
  prefixes.add('/*')
  assert.equal(prefixes.mayMatch('/order'), true)
})
