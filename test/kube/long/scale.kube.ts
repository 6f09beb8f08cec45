/** A waypoint on as many objects as a large namespace has, while endpoints and routes change. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { kubeResources } from '../../../src/kube/resources.ts'
import { eventually } from '../../e2e/support/eventually.ts'
import type { RunningFairway } from '../../e2e/support/fairway-process.ts'
import type { HboneClient } from '../../e2e/support/hbone-client.ts'
import { gateway, NAMESPACE, service } from '../../e2e/support/objects.ts'
import { createCluster, pathOf, whyNoNetwork, type Cluster } from '../support/cluster.ts'
import { createNamespace } from '../support/objects.ts'
import { scaleObjects, scaleRoute, scaleSlice, scaleVip, type Scale } from '../support/scale-objects.ts'

const scale: Scale = { services: 2000, routes: 5000, endpoints: 5 }
const STORM_MS = 30_000
/** EndpointSlices that change in a second. */
const PER_SECOND = 50
const READY_MS = 20_000
/** On a machine at rest it is a quarter and half of the goal, which is 200 for the p99. */
const MEDIAN_MS = 150
const P99_MS = 400
/** The goal is 120; without compiled code from an earlier start it is 20 more than with it. */
const RSS_MB = 145
/** For the thread to clean up behind itself. */
const SETTLE_MS = 10_000
/** So many are written at a time. */
const AT_ONCE = 16
const [VIP, POD] = ['10.96.50.1', '10.77.1.1']

interface Stage {
  readonly cluster: Cluster
  readonly replica: RunningFairway
  readonly readyMs: number
  readonly client: HboneClient
}

const start = async (): Promise<Stage> => {
  // What runs would keep the test from ending when something does not.
  await using started = new AsyncDisposableStack()
  const cluster = started.use(await createCluster())
  await createNamespace(cluster.server, NAMESPACE)
  const controller = await cluster.startController()
  await cluster.startApplication('shop/api', { address: POD, port: 8080 })
  await cluster.apply(gateway, ...service({ name: 'api', vip: VIP, endpoints: [{ address: POD, port: 8080 }] }))
  await eventually('a Deployment', () => cluster.find('Deployment', NAMESPACE, 'waypoint'))
  await eventually('leave to read', async () => {
    const found = await cluster.server.ask('GET', bindings)
    return found.text.includes('fairway-waypoint-services')
  })
  // Thousands of statuses are another matter.
  controller.kill('SIGKILL')
  await controller.ended
  const todo = [...scaleObjects(scale)].values()
  const write = async (): Promise<void> => {
    for (const { collection, body } of todo) await cluster.server.ask.good('POST', collection, { body })
  }
  await Promise.all(Array.from({ length: AT_ONCE }, write))
  const startedMs = performance.now()
  const replica = await cluster.startReplica(NAMESPACE, 'waypoint', '10.77.0.1')
  const readyMs = performance.now() - startedMs
  const client = await cluster.dial(replica, 'shop/client')
  started.move()
  return { cluster, replica, readyMs, client }
}

const bindings = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`
const slicePath = (index: number): string => pathOf(kubeResources.EndpointSlice, NAMESPACE, `s${index}-x`)
const routePath = (index: number): string => pathOf(kubeResources.HTTPRoute, NAMESPACE, `r${index}`)

let stage: Stage
const options = { skip: whyNoNetwork }
before(async () => {
  if (whyNoNetwork === false) stage = await start()
})
after(() => stage?.cluster[Symbol.asyncDispose]())

test('it is ready soon, and is not large', options, async (t) => {
  await delay(SETTLE_MS)
  const rssMb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${stage.replica.pid}/status`, 'utf8'))?.[1]) / 1000
  t.diagnostic(`ready after ${Math.round(stage.readyMs)} ms, RSS ${rssMb.toFixed(1)} MB`)
  assert.ok(stage.readyMs <= READY_MS)
  assert.ok(rssMb <= RSS_MB)
})

test(`a route is in force soon, while ${PER_SECOND} EndpointSlices change each second`, options, async (t) => {
  const stop = new AbortController()
  const running = Promise.all([storm(stage, stop.signal), load(stage, stop.signal)])
  const waits = await changeRoutes(stage)
  stop.abort()
  const [slices, { requests, failures }] = await running
  const sorted = waits.toSorted((a, b) => a - b)
  const at = (ratio: number): number => Math.round(sorted[Math.ceil(ratio * sorted.length) - 1] ?? Infinity)
  t.diagnostic(`${waits.length} routes in force after ${at(0.5)} (p50), ${at(0.9)} (p90), ${at(0.99)} ms (p99)`)
  t.diagnostic(`${slices} EndpointSlices and ${requests} requests meanwhile`)
  assert.deepEqual(failures, [])
  assert.ok(slices > (STORM_MS / 1000) * PER_SECOND * 0.8)
  assert.ok(at(0.5) <= MEDIAN_MS && at(0.99) <= P99_MS)
})

/** Moves endpoints about; how often. */
const storm = async ({ cluster: { server } }: Stage, signal: AbortSignal): Promise<number> => {
  const startedMs = performance.now()
  const underWay: Promise<unknown>[] = []
  while (!signal.aborted) {
    while (underWay.length < ((performance.now() - startedMs) / 1000) * PER_SECOND) {
      const [index, version] = [(underWay.length * 37) % scale.services, underWay.length + 1]
      const { body } = scaleSlice(index, scale.endpoints, version)
      underWay.push(server.ask.good('PUT', slicePath(index), { body }))
    }
    await delay(5)
  }
  return (await Promise.all(underWay)).length
}

const load = async (
  { client }: Stage,
  signal: AbortSignal,
): Promise<{ readonly requests: number; readonly failures: readonly string[] }> => {
  const failures: string[] = []
  let requests = 0
  for (; !signal.aborted; requests++) {
    const told = await client.request(`${VIP}:80`, { host: 'api' }).then(({ status }) => `${status}`, String)
    if (told !== '200') failures.push(told)
    await delay(10)
  }
  return { requests, failures }
}

/** Changes one route after the other; how long each took from the answer of the API server until it was in force. */
const changeRoutes = async ({ cluster: { server }, client }: Stage): Promise<readonly number[]> => {
  const waits: number[] = []
  for (const endMs = performance.now() + STORM_MS; performance.now() < endMs;) {
    const [index, mark] = [(waits.length * 7) % 60, `m${waits.length}`]
    const { body } = scaleRoute(index, scale, mark)
    await server.ask.apply(routePath(index), body)
    const startedMs = performance.now()
    await eventually(`mark ${mark}`, async () => {
      const { headers } = await client.request(`${scaleVip(index)}:80`, { path: `/r${index}`, host: `s${index}` })
      return String(headers.location).includes(`//${mark}.`)
    })
    waits.push(performance.now() - startedMs)
    await delay(100)
  }
  return waits
}
