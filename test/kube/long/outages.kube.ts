import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../e2e/support/eventually.ts'
import type { RunningFairway } from '../../e2e/support/fairway-process.ts'
import type { HboneClient } from '../../e2e/support/hbone-client.ts'
import { backend, gateway, httpRoute, service } from '../../e2e/support/objects.ts'
import { seededRandom } from '../../support/random.ts'
import { createCluster, whyNoNetwork, type Cluster } from '../support/cluster.ts'
import { reportReady } from '../support/kubelet.ts'
import { createNamespace } from '../support/objects.ts'

const CUTS = 100
const DOWN_MS = 60_000
const HEALTHY_MS = 1200
/** Shorter than the API server is gone, so that it has to be renewed meanwhile. */
const CERTIFICATE_MS = 50_000
/** Requests come so often all the time. */
const EACH_MS = 10
const VIP = '10.96.50.1'
const POD = '10.77.1.1'

/** A waypoint that serves out of a cluster, under load for as long as the tests run. */
interface Stage {
  readonly cluster: Cluster
  readonly replica: RunningFairway
  readonly client: HboneClient
  readonly load: { requests: number; readonly failures: string[] }
  readonly end: () => Promise<void>
}

const start = async (): Promise<Stage> => {
  const cluster = await createCluster({ certificateMs: CERTIFICATE_MS })
  await createNamespace(cluster.server, 'shop')
  await cluster.startController()
  await cluster.startApplication('shop/api', { address: POD, port: 8080 })
  await cluster.apply(gateway, ...service({ name: 'api', vip: VIP, endpoints: [{ address: POD, port: 8080 }] }))
  const replica = await cluster.startReplica('shop', 'waypoint', '10.77.0.1')
  await reportReady(cluster.server, (await cluster.find('Deployment', 'shop', 'waypoint')) ?? {}, 1)
  const client = await cluster.dial(replica, 'shop/client')
  const load = { requests: 0, failures: [] as string[] }
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      load.requests++
      const told = await client.request(`${VIP}:80`, { host: 'api' }).then(({ status }) => `${status}`, String)
      if (told !== '200') load.failures.push(told)
      await delay(EACH_MS)
    }
  }
  const running = loop()
  const end = async (): Promise<void> => {
    stop.abort()
    await running
    await cluster[Symbol.asyncDispose]()
  }
  return { cluster, replica, client, load, end }
}

/** Has the route answer with a mark. Whoever's change is cut off makes it again. */
const mark = async ({ cluster }: Stage, value: string): Promise<void> => {
  const filter = { type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: 'x-mark', value }] } }
  const route = httpRoute('api', [{ filters: [filter], backendRefs: [backend('api')] }])
  await eventually(`a route with mark ${value}`, () =>
    cluster.apply(route).then(
      () => true,
      () => false,
    ),
  )
}

const untilMarked = ({ client }: Stage, value: string, timeoutMs: number): Promise<true> =>
  eventually(
    `mark ${value}`,
    async () => (await client.request(`${VIP}:80`, { host: 'api' })).headers['x-mark'] === value,
    timeoutMs,
  )

let stage: Stage
const options = { skip: whyNoNetwork }
before(async () => {
  if (whyNoNetwork === false) stage = await start()
})
after(() => stage?.end())

test(`connections to the API server that are cut ${CUTS} times lose no change`, options, async (t) => {
  const { server } = stage.cluster
  const random = seededRandom(11)
  const waits: number[] = []
  for (let round = 0; round < CUTS; round++) {
    // Watches that are cut as soon as they are open are opened less and less often.
    await delay(HEALTHY_MS)
    const changed = mark(stage, `cut-${round}`)
    await delay(random.below(20))
    server.cut()
    await changed
    const startedMs = performance.now()
    await untilMarked(stage, `cut-${round}`, 60_000)
    waits.push(performance.now() - startedMs)
  }
  t.diagnostic(`in force after ${Math.round(Math.max(...waits))} ms at most`)
  assert.deepEqual(stage.load.failures, [])
})

test('an API server that has forgotten all history loses no change', options, async () => {
  const { server } = stage.cluster
  await mark(stage, 'before')
  await server.compact()
  await mark(stage, 'after')
  await untilMarked(stage, 'after', 60_000)
  assert.deepEqual(stage.load.failures, [])
})

test(`an API server that is not there for ${DOWN_MS} ms is not missed`, options, async (t) => {
  const { server } = stage.cluster
  const earlier = stage.load.requests
  await server.stop()
  const issued = stage.cluster.issued()
  await delay(DOWN_MS)
  assert.ok(stage.cluster.issued() > issued, 'a new certificate')
  const { status } = await stage.replica.readiness()
  assert.equal(status, 200)
  await server.start()
  await mark(stage, 'back')
  await untilMarked(stage, 'back', 60_000)
  t.diagnostic(`${stage.load.requests - earlier} requests meanwhile`)
  assert.ok(stage.load.requests - earlier > DOWN_MS / EACH_MS / 4)
  assert.deepEqual(stage.load.failures, [])
})
