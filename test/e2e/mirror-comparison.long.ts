/** `npm run test:long`: a mirror that is compared, from processes on both sides: noise, a planted mistake, and what goes wrong. */
import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { after, before, describe, it } from 'node:test'
import type { ComparisonReading } from '../../src/proxy/comparison/comparison-reading.ts'
import type { Destination } from './support/destination.ts'
import { eventually } from './support/eventually.ts'
import { workerCounts, type RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { backend, gateway, httpRoute, service } from './support/objects.ts'

const [primaryAt, mirrorAt] = ['127.71.98.1', '127.71.98.2'] as const
const TO = '10.96.0.10:80'
const REQUESTS = 3000
const CLIENTS = 8
/** Fewer than may be under way. */
const WAVE = 60
/** Of each hundred orders one is wrong at the mirror. */
const isPlanted = (path: string): boolean => path.endsWith('00')

const comparison = (spec: object): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'MirrorComparison',
  metadata: { name: 'next', namespace: 'shop' },
  spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'api' }], ...spec },
})
const objects = (spec: object): readonly object[] => [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: primaryAt, port: 8080, transport: 'plain' }] }),
  ...service({ name: 'next', vip: '10.96.0.11', endpoints: [{ address: mirrorAt, port: 8080, transport: 'plain' }] }),
  httpRoute('api', [
    {
      filters: [{ type: 'RequestMirror', requestMirror: { backendRef: backend('next') } }],
      backendRefs: [backend('api')],
    },
  ]),
  comparison(spec),
]

/** Every answer has another time, name, order and last digit. */
const answer = (path: string, price: number): string => {
  const items = [1, 2, 3].map((id) => ({ id, price: price * id + Math.random() * 1e-13 }))
  const tags = Math.random() < 0.5 ? ['new', 'large'] : ['large', 'new']
  const traces = { [`t${Math.random()}`]: 1 }
  return JSON.stringify({ path, items, tags, traces, servedAt: new Date().toISOString(), requestId: Math.random() })
}

for (const workers of workerCounts(2)) {
  describe(`a mirror that is compared by ${workers} workers`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    const clients: HboneClient[] = []
    let mirror: Destination
    const spec = { unorderedLists: [{ path: '/tags' }], noise: { percent: 20, samples: 50 } }

    before(async () => {
      const respond =
        (isMirror: boolean): RequestListener =>
        (request, response) => {
          const path = request.url ?? ''
          response.setHeader('content-type', 'application/json')
          response.end(answer(path, isMirror && isPlanted(path) ? 2 : 1))
        }
      mesh = await createMesh(objects(spec))
      await mesh.startPod('api', { address: primaryAt, port: 8080, transport: 'plain', answer: respond(false) })
      mirror = await mesh.startPod('next', { address: mirrorAt, port: 8080, transport: 'plain', answer: respond(true) })
      fairway = await mesh.startFairway(workers)
      for (let i = 0; i < CLIENTS; i++) clients.push(await mesh.dial(fairway))
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    const read = async () => {
      // It is this version's own answer.
      const { comparisons } = (await fairway.admin('/comparisons')) as { comparisons: ComparisonReading[] }
      const [reading] = comparisons
      assert.ok(reading !== undefined)
      return reading
    }
    const pairs = ({ outcomes }: ComparisonReading): number =>
      outcomes.same + outcomes.different + outcomes.learning + outcomes.skipped + outcomes.unanswered

    const ask = async (from: number, to: number): Promise<void> => {
      await Promise.all(
        clients.map(async (client, lane) => {
          for (let i = from + lane; i < to; i += CLIENTS) {
            const { status, body } = await client.request(TO, { path: `/orders/${i}` })
            assert.equal(status, 200)
            assert.equal(JSON.parse(body).path, `/orders/${i}`)
          }
        }),
      )
    }
    /** A few at a time: what there is no time to compare would be skipped. */
    const askSlowly = async (count: number): Promise<ComparisonReading> => {
      for (let i = 0; i < count; i += WAVE) {
        await ask(i, i + WAVE)
        await eventually('all pairs', async () => pairs(await read()) === i + WAVE)
      }
      return read()
    }

    it('tells the mistake by its path, and nothing beside it', async (t) => {
      const reading = await askSlowly(REQUESTS)
      const { same, different, learning, skipped } = reading.outcomes
      t.diagnostic(`same ${same}, different ${different}, learning ${learning}, skipped ${skipped}`)
      assert.deepEqual([same > REQUESTS / 2, skipped], [true, 0])
      assert.deepEqual(
        reading.differences.map(({ path, count }) => [path, count]),
        [['body /items/*/price', different]],
      )
      assert.ok(different > 0 && different <= REQUESTS / 100)
      const labels = { comparison: 'shop/next', outcome: 'different' }
      assert.equal(await fairway.metric('fairway_mirror_comparisons_total', labels), different)
    })

    it('tells nothing any more when that is to be ignored, from then on', async () => {
      mesh.write(objects({ ...spec, ignore: ['/items/*/price'], noise: { percent: 0 } }))
      await eventually('the other rules', async () => pairs(await read()) === 0)
      const { differences } = await askSlowly(WAVE)
      // The rest is noise that nobody learns now.
      assert.deepEqual(
        differences
          .slice(0, 2)
          .map(({ path }) => path)
          .toSorted(),
        ['body /requestId', 'body /servedAt'],
      )
      assert.ok(differences.every(({ path }) => !path.includes('price')))
    })

    it('has no part in what clients get when it is gone, or hangs', async () => {
      const { unanswered } = (await read()).outcomes
      await mirror[Symbol.asyncDispose]()
      await ask(0, 50)
      await eventually('50 without an answer', async () => (await read()).outcomes.unanswered - unanswered === 50)
      await mesh.startPod('next', { address: mirrorAt, port: 8080, transport: 'plain', answer: () => {} })
      await ask(0, 50)
      assert.equal((await read()).outcomes.unanswered - unanswered, 50)
    })

    it('begins anew with a worker that takes the place of another', { skip: workers === 1 }, async () => {
      const [worker] = fairway.workers()
      assert.ok(worker !== undefined)
      process.kill(worker, 'SIGKILL')
      await eventually(
        'another worker',
        () => fairway.workers().length === workers && !fairway.workers().includes(worker),
      )
      await eventually('readiness', async () => (await fairway.readiness()).status === 200)
      const client = await mesh.dial(fairway)
      assert.equal((await client.request(TO, { path: '/orders/1' })).status, 200)
      await read()
    })
  })
}
