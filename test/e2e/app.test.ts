/** The example of an App, through `fairway run`: it puts Services together, and its versions replace each other. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { createMesh } from './support/mesh.ts'
import { replaceFile } from './support/mesh-certificates.ts'

const example = path.join(import.meta.dirname, '../../examples/16-app')
const SHOP = '10.96.0.90:80'
const ADDRESS = '127.71.98.1'

const text = (file: string): string => readFileSync(path.join(example, file), 'utf8')

it('an App answers from two Services, leaves the rest, and ends what it began on the version that it began with', async () => {
  await using mesh = await createMesh(text('objects.yaml').replaceAll('127.0.0.2', ADDRESS))
  const folder = path.join(mesh.dir, 'filters')
  cpSync(path.join(example, 'filters'), folder, { recursive: true })
  const file = path.join(folder, 'overview.ts')
  const plain = { transport: 'plain', address: ADDRESS } as const
  await mesh.startPod('shop', { ...plain, port: 8080 })
  const held: (() => void)[] = []
  let isHolding = false
  const orders = await mesh.startPod('orders', {
    ...plain,
    port: 8081,
    answer: ({ url = '' }, response) => {
      const id = url.split('/')[2]
      const answer = (): void =>
        void response
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify({ id, customer: 'c1', total: 12.5 }))
      if (isHolding) held.push(answer)
      else answer()
    },
  })
  await mesh.startPod('customers', {
    ...plain,
    port: 8082,
    answer: ({ url }, response) => void response.end(JSON.stringify({ name: 'Ann', url })),
  })
  // A busy machine is slow.
  mesh.write(text('objects.yaml').replaceAll('127.0.0.2', ADDRESS).replace('wait: 5s', 'wait: 60s'))
  const fairway = await mesh.startFairway(1, ['--filters', folder])
  const client = await mesh.dial(fairway, 'shop/web')
  const get = async (url: string): Promise<{ status: number; body: unknown }> => {
    const { status, body } = await client.request(SHOP, { path: url })
    return { status, body: body.startsWith('{') ? JSON.parse(body) : body }
  }
  const overview = (id: string): object => ({
    ...{ id, total: 12.5, customer: { name: 'Ann' } },
    askedBy: 'spiffe://cluster.local/ns/shop/sa/web',
  })
  assert.deepEqual(await get('/api/orders/7/overview'), { status: 200, body: overview('7') })
  const wrong = await get('/api/orders/seven/overview')
  assert.equal(wrong.status, 400)
  assert.equal(orders.requests(), 1)
  for (const url of ['/about', '/api/none']) {
    const { body } = (await get(url)) as { body: { readonly name: string; readonly url: string } }
    assert.deepEqual([body.name, body.url], ['shop', url])
  }
  assert.deepEqual(await get('/api/customers/9?x=1'), { status: 200, body: { name: 'Ann', url: '/customers/9?x=1' } })
  const document = (await get('/api/openapi.json')) as { body: { readonly paths: object } }
  assert.ok('/api/orders/{id}/overview' in document.body.paths)
  const called = { filter: 'demo/overview', destination: 'demo/orders', outcome: '2xx' }
  assert.equal(await fairway.metric('fairway_filter_fetch_total', called), 1)

  // Under way while another version takes over.
  isHolding = true
  const slow = get('/api/orders/8/overview')
  await eventually('the request is held', () => Promise.resolve(held.length === 1))
  const next = text('filters/overview.ts')
    .replace('return { ...found, customer,', 'return { ...found, id: `new ${found.id}`, customer,')
    .replace('{ readonly customer: string }', '{ readonly id: string; readonly customer: string }')
  isHolding = false
  replaceFile(file, next)
  await eventually('the new version answers', async () => {
    const { body } = await get('/api/orders/7/overview')
    return typeof body === 'object' && (body as { readonly id: string }).id === 'new 7'
  })
  for (const answer of held) answer()
  assert.deepEqual(await slow, { status: 200, body: overview('8') })

  // One that is no good changes nothing.
  replaceFile(file, next.replace('export default overview', 'export default { overview }'))
  await fairway.waitForLog('the refusal', ({ message }) => String(message).includes('expected a plugin of Fastify'))
  assert.deepEqual((await get('/api/orders/7/overview')).body, overview('new 7'))
  await client.request(SHOP, { path: '/about' })
})
