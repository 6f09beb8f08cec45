/** Bodies and connections through users' filters in `fairway run`, in the thread of requests and in one of their own. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import path from 'node:path'
import { it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { createMesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const NETWORK = '127.71.97'
const CARD = 'card 4111 1111 1111 1111, '
const CARDS = 20_000

const capitals = `import { schema, type FilterDefinition } from 'fairway/filter'
const capitals: FilterDefinition<{}> = {
  kind: 'Capitals',
  stage: 'shape',
  config: schema.object({}),
  body: { request: 'buffer', limitBytes: 100, response: 'stream' },
  create: (_, env) => ({
    transformRequest: () => (bytes) => {
      const text = bytes.toString()
      return text === 'no' ? env.reply(422, { reason: 'unwanted' }) : text.toUpperCase()
    },
    transformResponse: () => (bytes) => bytes.toString('latin1').replaceAll('4111', '****'),
  }),
}
`.concat('export default capitals\n')

const services = [
  { name: 'api', vip: '10.96.0.10', address: `${NETWORK}.1`, isolation: 'None' },
  { name: 'apart', vip: '10.96.0.11', address: `${NETWORK}.2`, isolation: 'Thread' },
] as const

const filterOn = (name: string, isolation: string): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'Filter',
  metadata: { name: `on-${name}`, namespace: 'shop' },
  spec: { module: 'capitals.ts', isolation, targetRefs: [{ group: '', kind: 'Service', name }] },
})

it('bodies are changed, refused and limited, whichever thread the filter runs in', async () => {
  await using mesh = await createMesh([
    gateway,
    ...services.flatMap(({ name, vip, address }) => service({ name, vip, endpoints: [{ address, port: 8080 }] })),
    ...services.map(({ name, isolation }) => filterOn(name, isolation)),
  ])
  const answer: RequestListener = (request, response) => {
    if (request.url === '/cards') return void response.end(CARD.repeat(CARDS))
    request.pipe(response)
  }
  for (const { name, address } of services) await mesh.startPod(name, { address, port: 8080, answer })
  writeFileSync(path.join(mesh.dir, 'capitals.ts'), capitals)
  const fairway = await mesh.startFairway(2, ['--filters', mesh.dir])
  const client = await mesh.dial(fairway)
  for (const { vip, isolation } of services) {
    const to = `${vip}:80`
    const send = (body: string) => client.request(to, { method: 'POST', body })
    await eventually(`the filter is in force, ${isolation}`, async () => (await send('a')).body === 'A')
    assert.equal((await send('hello')).body, 'HELLO')
    assert.equal((await send('no')).status, 422)
    assert.equal((await send('x'.repeat(101))).status, 413)
    const { body } = await client.request(to, { path: '/cards' })
    // Where a piece ends inside a number, this filter misses it; all else is as it was.
    assert.equal(body.replaceAll('4111', '****'), CARD.replaceAll('4111', '****').repeat(CARDS))
    assert.ok(body.split('****').length > CARDS * 0.9)
  }
})
