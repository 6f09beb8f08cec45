import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../e2e/support/eventually.ts'
import { withValue, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { seededRandom } from '../../support/random.ts'
import { createCluster, type Cluster } from '../support/cluster.ts'
import { compareStates, readState } from '../support/cluster-state.ts'
import { createNamespace, gateway, gateways } from '../support/objects.ts'

const KILLS = Number(process.env['FAIRWAY_KILLS'] ?? 100)
const SEED = 7
const namespaces = ['shop', 'stock'] as const
const names = ['a', 'b', 'c', 'd'] as const

/** Something that users do, or that somebody does to what the controller made. */
type Deed = (cluster: Cluster) => Promise<unknown>

/** The deeds of a whole run; the same for the same seed. */
const planDeeds = (count: number): readonly Deed[] => {
  const random = seededRandom(SEED)
  return Array.from({ length: count }, (_, round): Deed => {
    const [namespace, name, backend] = [random.pick(namespaces), random.pick(names), random.pick(names)]
    const labels = { round: String(round) }
    const wanted: JsonObject = { ...withValue(gateway(name), ['spec', 'infrastructure'], { labels }) }
    return random.pick<Deed>([
      ({ server }) => server.ask.apply(gateways(namespace, name), wanted),
      ({ server }) => server.ask.apply(gateways(namespace, name), wanted),
      ({ server }) => server.ask('DELETE', gateways(namespace, name)),
      ({ apply }) => apply(route(namespace, name, backend)),
      ({ server }) => server.ask('DELETE', `${routes(namespace)}/${name}`),
    ])
  })
}

/** Somebody's hand in what is ours; without the controller it stays, so it is done in one of the clusters only. */
const meddle: readonly Deed[] = namespaces.flatMap((namespace) =>
  names.flatMap((name): readonly Deed[] => [
    ({ server }) => server.ask('DELETE', `/api/v1/namespaces/${namespace}/services/${name}`),
    ({ server }) =>
      server.ask('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}?fieldManager=hand`, {
        body: { spec: { strategy: { rollingUpdate: { maxUnavailable: 3 } } } },
        contentType: 'application/merge-patch+json',
      }),
  ]),
)

const routes = (namespace: string): string => `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes`

const route = (namespace: string, name: string, backend: string): JsonObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace, name },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name: 'api' }],
    // One path each: which of two routes wins depends on when they were made.
    rules: [
      { matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }], backendRefs: [{ name: backend, port: 80 }] },
    ],
  },
})

const prepare = async (cluster: Cluster): Promise<void> => {
  for (const namespace of namespaces) {
    await createNamespace(cluster.server, namespace)
    const metadata = { namespace, name: 'api', labels: { 'istio.io/use-waypoint': 'a' } }
    await cluster.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'http', port: 80 }] } })
  }
}

/** Another controller need not wait until the Lease of the killed one has run out. */
const freeLease = ({ server }: Cluster): Promise<unknown> =>
  server.ask('DELETE', '/apis/coordination.k8s.io/v1/namespaces/fairway-system/leases/fairway-controller')

test(`a controller that is killed ${KILLS} times comes to the same end`, async (t) => {
  await using cluster = await createCluster({ collectsGarbage: true })
  await using undisturbed = await createCluster({ collectsGarbage: true })
  const deeds = planDeeds(KILLS)
  const random = seededRandom(SEED + 1)
  await prepare(cluster)
  for (const [index, deed] of deeds.entries()) {
    const controller = await cluster.startController()
    await controller.waitForLog('that it leads', ({ message }) => message === 'this controller leads')
    await Promise.all([deed(cluster), meddle[index % meddle.length]?.(cluster)])
    await delay(random.below(500))
    controller.kill('SIGKILL')
    await controller.ended
    await freeLease(cluster)
  }
  await prepare(undisturbed)
  for (const deed of deeds) await deed(undisturbed)
  await Promise.all([cluster.startController(), undisturbed.startController()])
  let differences: readonly string[] = []
  await eventually(
    'the same state',
    async () => {
      differences = compareStates(await readState(cluster.server), await readState(undisturbed.server))
      return differences.length === 0
    },
    60_000,
  ).catch(() => assert.deepEqual(differences, []))
  const state = await readState(cluster.server)
  t.diagnostic(`${state.size} objects`)
  assert.ok(state.size > 20)
})
