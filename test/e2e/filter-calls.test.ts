/** Filters that call others, through `fairway run`: the example of a legacy session, with a pod of the mesh that knows them. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { createMesh } from './support/mesh.ts'
import type { Echo } from './support/destination.ts'
import { gateway, service } from './support/objects.ts'

const NETWORK = '127.71.96'
const VIP = '10.96.0.10'
const TO = `${VIP}:80`
const filters = path.join(import.meta.dirname, '../../examples/filters/legacy-auth')

const filterIn =
  (isolation: string) =>
  (config: object): object => ({
    apiVersion: 'fairway.dev/v1alpha1',
    kind: 'Filter',
    metadata: { name: 'legacy', namespace: 'shop' },
    spec: {
      module: 'legacy-auth.ts',
      config: { ...config, timeoutMs: 10_000 },
      isolation,
      // A busy machine is slow, and its threads are slow to start.
      budget: { hook: '1s', wait: '20s' },
      targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
    },
  })

const services = [
  gateway,
  ...service({ name: 'api', vip: VIP, endpoints: [{ address: `${NETWORK}.1`, port: 8080 }] }),
  // Nobody routes to it, and it is another waypoint's, or none's.
  ...service({ name: 'auth', vip: '10.96.0.11', endpoints: [{ address: `${NETWORK}.2`, port: 8080 }], isBound: false }),
]

for (const [workers, isolation] of [
  [1, 'Thread'],
  [2, 'None'],
] as const) {
  const filter = filterIn(isolation)

  describe(`a filter that calls, with ${workers} workers and isolation ${isolation}`, () => {
    it('reaches a Service by its short name and the identity of the waypoint, and is counted', async () => {
      await using mesh = await createMesh([...services, filter({ url: 'http://auth/whoami', cookie: 'SID' })])
      await mesh.startPod('api', { address: `${NETWORK}.1`, port: 8080 })
      let isWell = true
      const auth = await mesh.startPod('auth', {
        address: `${NETWORK}.2`,
        port: 8080,
        answer: ({ url, headers }, response) => {
          const isAnn = url === '/whoami' && headers.cookie === 'SID=ann'
          response.statusCode = isWell ? (isAnn ? 200 : 401) : 500
          response.end(isAnn ? '{"user":"ann","roles":["buyer"]}' : '{}')
        },
      })
      const fairway = await mesh.startFairway(workers, ['--filters', filters])
      const client = await mesh.dial(fairway)
      const ask = async (cookie: string): Promise<{ status: number; user: string | undefined }> => {
        const { status, body } = await client.request(TO, { headers: { cookie, 'x-user': 'root' } })
        return { status, user: status === 200 ? (JSON.parse(body) as Echo).headers['x-user'] : undefined }
      }
      for (let i = 0; i < 3; i++) assert.deepEqual(await ask('SID=ann'), { status: 200, user: 'ann' })
      assert.deepEqual(await ask('SID=bob'), { status: 401, user: undefined })
      assert.deepEqual(await ask(''), { status: 401, user: undefined })
      // One connection of a client is one worker's.
      assert.equal(auth.requests(), 2)
      assert.equal(auth.peers.length, 1)
      const called = (outcome: string): Promise<number> =>
        fairway.metric('fairway_filter_fetch_total', { filter: 'shop/legacy', destination: 'shop/auth', outcome })
      const looked = (outcome: string): Promise<number> =>
        fairway.metric('fairway_filter_session_lookups_total', { filter: 'shop/legacy', outcome })
      assert.deepEqual([await called('2xx'), await called('4xx')], [1, 1])
      assert.deepEqual([await looked('hit'), await looked('miss')], [2, 2])

      // Another configuration knows nothing of what the one before had learnt, and counts on.
      mesh.write([...services, filter({ url: 'http://auth.shop.svc.cluster.local/whoami', cookie: 'SID' })])
      isWell = false
      await eventually('the new one asks, in vain', async () => (await ask('SID=ann')).status === 503)
      assert.ok((await called('5xx')) >= 1)
      assert.equal(await called('2xx'), 1)
      isWell = true
      assert.deepEqual(await ask('SID=ann'), { status: 200, user: 'ann' })
      assert.equal(await called('2xx'), 2)

      mesh.write([...services, filter({ url: 'http://gone/whoami', cookie: 'SID' })])
      await eventually('nobody is there to be asked', async () => (await ask('SID=ann')).status === 503)
      await eventually('that is said', () =>
        fairway.stderr().includes('no Service of that name in the configuration: shop/gone (gone:80)'),
      )
    })
  })
}
