import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../e2e/support/eventually.ts'
import { backend, gateway, httpRoute, service } from '../../e2e/support/objects.ts'
import { listAt, objectAt, textAt, valueAt, type Json } from '../../support/kube/stand-in/json.ts'
import { createCluster, whyNoNetwork, type Cluster, type KubeKind } from '../support/cluster.ts'
import { reportReady } from '../support/kubelet.ts'
import { createNamespace } from '../support/objects.ts'

const VIP = '10.96.50.1'
const [stable, canary] = ['10.77.1.1', '10.77.1.2']

const objects = [
  gateway,
  ...service({ name: 'api', vip: VIP, endpoints: [{ address: stable, port: 8080 }] }),
  ...service({ name: 'canary', vip: '10.96.50.2', endpoints: [{ address: canary, port: 8080 }], isBound: false }),
]

const statusOf = async ({ find }: Cluster, kind: KubeKind, name: string): Promise<Json | undefined> =>
  (await find(kind, 'shop', name))?.['status']

/** `TYPE=STATUS` of conditions. */
const claims = (owner: Json | undefined): readonly string[] =>
  listAt(owner, 'conditions').map((one) => `${textAt(one, 'type')}=${textAt(one, 'status')}`)

const made: readonly KubeKind[] = [
  'ServiceAccount',
  'Service',
  'Deployment',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
]

test('from nothing to a waypoint that serves, and back', { skip: whyNoNetwork }, async (t) => {
  await using cluster = await createCluster({ collectsGarbage: true })
  const { server, apply, find } = cluster
  await createNamespace(server, 'shop')
  await Promise.all([
    cluster.startController(),
    cluster.startApplication('shop/api', { address: stable, port: 8080 }),
    cluster.startApplication('shop/canary', { address: canary, port: 8080 }),
  ])

  await t.test('the class is there and accepted', async () => {
    await eventually('a class that is accepted', async () =>
      claims((await find('GatewayClass', '', 'fairway-waypoint'))?.['status']).includes('Accepted=True'),
    )
  })

  await apply(...objects)
  const replica = await cluster.startReplica('shop', 'waypoint', '10.77.0.1')

  await t.test('until a replica is ready there is no address', async () => {
    const status = await statusOf(cluster, 'Gateway', 'waypoint')
    assert.deepEqual(listAt(status, 'addresses'), [])
    assert.ok(claims(status).includes('Accepted=True'))
    assert.ok(claims(status).includes('Programmed=False'))
  })

  await t.test('a ready replica makes the Gateway programmed, and gives it its address', async () => {
    const deployment = await find('Deployment', 'shop', 'waypoint')
    await reportReady(server, deployment ?? {}, 1)
    const status = await eventually('a programmed Gateway', async () => {
      const found = await statusOf(cluster, 'Gateway', 'waypoint')
      return claims(found).includes('Programmed=True') && found
    })
    assert.deepEqual(valueAt(status, 'addresses'), [{ type: 'Hostname', value: 'waypoint.shop.svc.cluster.local' }])
  })

  const client = await cluster.dial(replica, 'shop/client')
  const backendOf = async (): Promise<string> => {
    const answer = await client.request(`${VIP}:80`, { host: 'api' })
    assert.equal(answer.status, 200, answer.body)
    return String(answer.headers['x-backend'])
  }

  await t.test('it serves', async () => assert.equal(await backendOf(), 'shop/api'))

  await t.test('a route is in force, and says so', async () => {
    await apply(httpRoute('api', [{ backendRefs: [backend('canary')] }]))
    await eventually('the other backend', async () => (await backendOf()) === 'shop/canary')
    const parents = await eventually('a status', async () => {
      const list = listAt(await statusOf(cluster, 'HTTPRoute', 'api'), 'parents')
      return list.length > 0 && list
    })
    assert.deepEqual(
      parents.map((parent) => [
        textAt(parent, 'controllerName'),
        textAt(objectAt(parent, 'parentRef'), 'name'),
        claims(parent),
      ]),
      [['fairway.dev/waypoint-controller', 'api', ['Accepted=True', 'ResolvedRefs=True']]],
    )
  })

  await t.test('endpoints that go and come', async () => {
    const slice = service({
      name: 'canary',
      vip: '10.96.50.2',
      endpoints: [{ address: stable, port: 8080, pod: 'api-0' }],
    })[1]
    await cluster.remove('EndpointSlice', 'shop', 'canary-0')
    assert.equal(
      (
        await eventually('no endpoint', async () => {
          const answer = await client.request(`${VIP}:80`, { host: 'api' })
          return answer.status !== 200 && answer
        })
      ).status,
      503,
    )
    await apply({
      ...slice,
      metadata: { name: 'canary-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'canary' } },
    })
    await eventually('an endpoint', async () => (await client.request(`${VIP}:80`, { host: 'api' })).status === 200)
  })

  await t.test('a deleted Gateway takes along what was made for it', async () => {
    for (const kind of made) assert.ok(await find(kind, 'shop', 'waypoint'), kind)
    await cluster.remove('Gateway', 'shop', 'waypoint')
    if (!server.collectsGarbage) return
    for (const kind of made)
      await eventually(`no ${kind}`, async () => (await find(kind, 'shop', 'waypoint')) === undefined)
    await eventually('no bindings', async () => {
      const all = await server.ask.good('GET', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings')
      return !JSON.stringify(all).includes(':shop:waypoint')
    })
  })
})
