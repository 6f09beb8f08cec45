import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import {
  listAt,
  objectAt,
  textAt,
  valueAt,
  withValue,
  type Json,
  type JsonObject,
} from '../../support/kube/stand-in/json.ts'
import {
  formatConditions,
  installRoles,
  setReady,
  startTestController,
  until,
  type TestController,
} from '../support/controller.ts'
import { condition, createNamespace, gateway, gateways } from '../support/objects.ts'

const server = await startKubeServer()
const { ask } = server
let controller: TestController

const OURS = 'fairway.dev/waypoint-controller'
const api = (group: string, version: string, plural: string): string =>
  `/apis/${group}/${version}/namespaces/shop/${plural}`
const httpRoutes = api('gateway.networking.k8s.io', 'v1', 'httproutes')
const transforms = api('fairway.dev', 'v1alpha1', 'headertransforms')
const policies = api('security.istio.io', 'v1', 'authorizationpolicies')
const telemetries = api('telemetry.istio.io', 'v1', 'telemetries')
const backendTls = api('gateway.networking.k8s.io', 'v1', 'backendtlspolicies')

const route = (name: string, backend: string): JsonObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name: 'api', port: 80 }],
    rules: [{ backendRefs: [{ name: backend, port: 80 }] }],
  },
})

before(async () => {
  await defineKinds(server)
  await installRoles(server)
  await createNamespace(server, 'shop')
  const metadata = { name: 'api', labels: { 'istio.io/use-waypoint': 'waypoint' } }
  const body = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'http', port: 80 }] } }
  await ask.good('POST', '/api/v1/namespaces/shop/services', { body })
  await ask.good('POST', gateways('shop'), { body: gateway('waypoint') })
  controller = await startTestController(server)
})
after(async () => {
  await controller[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** The status of an object as soon as it fits. */
const untilStatus = (path: string, fits: (status: JsonObject) => boolean): Promise<JsonObject> =>
  until(`a status of ${path}`, async () => {
    const status = objectAt(await ask.good('GET', path), 'status')
    return fits(status) ? status : undefined
  })

const ourEntry = (status: JsonObject, list: 'parents' | 'ancestors'): Json | undefined =>
  listAt(status, list).find((entry) => textAt(entry, 'controllerName') === OURS)

const claimsOf = (owner: Json | undefined): readonly string[] =>
  formatConditions(objectAt({ owner: owner ?? {} }, 'owner'))

test('a class', async () => {
  const path = '/apis/gateway.networking.k8s.io/v1/gatewayclasses/fairway-waypoint'
  const status = await until('an accepted class', async () => {
    const { body } = await ask('GET', path)
    return claimsOf(body['status']).includes('Accepted=True/Accepted') ? objectAt(body, 'status') : undefined
  })
  assert.deepEqual(
    claimsOf(status).map((claim) => claim.split('=')[0]),
    ['Accepted', 'SupportedVersion'],
  )
  const features = listAt(status, 'supportedFeatures').map((feature) => textAt(feature, 'name'))
  assert.deepEqual(features, features.toSorted())
  assert.ok(features.includes('HTTPRoute'))
})

test('a Gateway, its listener, and its address as soon as a replica is ready', async () => {
  const path = gateways('shop', 'waypoint')
  const pending = await untilStatus(path, (status) => claimsOf(status).includes('Accepted=True/Accepted'))
  assert.deepEqual(claimsOf(pending), ['Accepted=True/Accepted', 'Programmed=False/Pending'])
  assert.deepEqual(listAt(pending, 'addresses'), [])
  await setReady(server, 'shop', 'waypoint', 1)
  const status = await untilStatus(path, (found) => claimsOf(found).includes('Programmed=True/Programmed'))
  assert.deepEqual(status['addresses'], [{ type: 'Hostname', value: 'waypoint.shop.svc.cluster.local' }])
  const [listener] = listAt(status, 'listeners')
  assert.deepEqual(claimsOf(listener), [
    'Accepted=True/Accepted',
    'Conflicted=False/NoConflicts',
    'ResolvedRefs=True/ResolvedRefs',
    'Programmed=True/Programmed',
  ])
  assert.deepEqual(
    listAt(listener, 'supportedKinds').map((kind) => textAt(kind, 'kind')),
    ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'],
  )
  // Once given, an address stays: traffic would go past the waypoint without.
  await setReady(server, 'shop', 'waypoint', 0)
  await untilStatus(
    path,
    (found) => !claimsOf(found).includes('Programmed=True/Programmed') || listAt(found, 'addresses').length === 1,
  )
  assert.equal(listAt(await ask.good('GET', path), 'status', 'addresses').length, 1)
})

test('a route: of each of our parents, beside what others say', async () => {
  const path = `${httpRoutes}/api`
  await ask.good('POST', httpRoutes, { body: route('api', 'nobody') })
  const bad = await untilStatus(path, (status) => ourEntry(status, 'parents') !== undefined)
  const [parentRef] = listAt(await ask.good('GET', path), 'spec', 'parentRefs')
  assert.deepEqual(objectAt(ourEntry(bad, 'parents'), 'parentRef'), parentRef)
  assert.deepEqual(claimsOf(ourEntry(bad, 'parents')), ['Accepted=True/Accepted', 'ResolvedRefs=False/BackendNotFound'])

  const foreign = {
    parentRef: parentRef ?? {},
    controllerName: 'istio.io/gateway-controller',
    conditions: [condition('Accepted', 'Accepted')],
  }
  const now = await ask.good('GET', path)
  const parents = [foreign, ...listAt(now, 'status', 'parents')]
  await ask.good('PUT', `${path}/status`, { body: withValue(now, ['status', 'parents'], parents) })
  await ask.good('PATCH', path, {
    body: { spec: objectAt(route('api', 'api'), 'spec') },
    contentType: 'application/merge-patch+json',
  })
  const good = await untilStatus(path, (status) =>
    claimsOf(ourEntry(status, 'parents')).includes('ResolvedRefs=True/ResolvedRefs'),
  )
  assert.deepEqual(
    listAt(good, 'parents').map((entry) => textAt(entry, 'controllerName')),
    ['istio.io/gateway-controller', OURS],
  )
  const generation = valueAt(await ask.good('GET', path), 'metadata', 'generation')
  for (const one of listAt(ourEntry(good, 'parents'), 'conditions')) {
    assert.equal(valueAt(one, 'observedGeneration'), generation)
  }
  await untilStatus(
    gateways('shop', 'waypoint'),
    (status) => valueAt(listAt(status, 'listeners')[0], 'attachedRoutes') === 1,
  )

  const elsewhere = { spec: { parentRefs: [{ group: '', kind: 'Service', name: 'unbound' }] } }
  await ask.good('PATCH', path, { body: elsewhere, contentType: 'application/merge-patch+json' })
  const left = await untilStatus(path, (status) => ourEntry(status, 'parents') === undefined)
  assert.deepEqual(left['parents'], [foreign])
})

const others: readonly {
  readonly what: string
  readonly path: string
  readonly body: JsonObject
  readonly claims: readonly string[]
}[] = [
  {
    what: 'a BackendTLSPolicy without its certificates',
    path: backendTls,
    body: {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'BackendTLSPolicy',
      metadata: { name: 'tls' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
        validation: {
          hostname: 'api.example.org',
          caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'nobody' }],
        },
      },
    },
    claims: ['Accepted=False/NoValidCACertificate', 'ResolvedRefs=False/InvalidCACertificateRef'],
  },
  {
    what: 'one of our own kinds, while no replica is ready',
    path: transforms,
    body: {
      apiVersion: 'fairway.dev/v1alpha1',
      kind: 'HeaderTransform',
      metadata: { name: 'headers' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
        request: { set: [{ name: 'x-a', value: 'b' }] },
      },
    },
    claims: ['Accepted=True/Accepted', 'Programmed=False/NoResources'],
  },
  {
    what: 'a policy of Istio',
    path: policies,
    body: {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'none' },
      spec: { targetRefs: [{ group: '', kind: 'Service', name: 'api' }], action: 'DENY', rules: [{}] },
    },
    claims: ['Accepted=True/Accepted'],
  },
  {
    what: 'a Telemetry of which part has no effect',
    path: telemetries,
    body: {
      apiVersion: 'telemetry.istio.io/v1',
      kind: 'Telemetry',
      metadata: { name: 'api' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
        accessLogging: [{ disabled: true }],
        tracing: [{ providers: [{ name: 'nobody' }] }],
      },
    },
    claims: ['Accepted=True/Accepted', 'PartiallyInvalid=True/UnsupportedValue'],
  },
  {
    what: 'a Telemetry for the whole namespace',
    path: telemetries,
    body: {
      apiVersion: 'telemetry.istio.io/v1',
      kind: 'Telemetry',
      metadata: { name: 'all' },
      spec: { metrics: [{ overrides: [{ match: { metric: 'REQUEST_SIZE' }, disabled: true }] }] },
    },
    claims: ['Accepted=True/Accepted'],
  },
]

for (const { what, path, body, claims } of others) {
  test(what, async () => {
    await ask.good('POST', path, { body })
    const name = textAt(body, 'metadata', 'name')
    const status = await untilStatus(`${path}/${name}`, (found) => Object.keys(found).length > 0)
    assert.deepEqual(claimsOf(ourEntry(status, 'ancestors') ?? status), claims)
  })
}

test('one of our own kinds, once a replica is ready', async () => {
  await setReady(server, 'shop', 'waypoint', 1)
  await untilStatus(`${transforms}/headers`, (found) => claimsOf(found).includes('Programmed=True/Programmed'))
})

test('where nothing changes nothing is written', async () => {
  const isStill = async (): Promise<true | undefined> => {
    const count = controller.writes.length
    await delay(1000)
    return controller.writes.length === count ? true : undefined
  }
  await until('a second without a write', isStill)
  const { length } = controller.writes
  const { passes } = controller.read()
  await ask.good('PATCH', `${httpRoutes}/api`, {
    body: { metadata: { labels: { touched: 'yes' } } },
    contentType: 'application/merge-patch+json',
  })
  await until('another look', () => Promise.resolve(controller.read().passes > passes ? true : undefined))
  await delay(300)
  assert.deepEqual(controller.writes.slice(length), [])
})

test('what ends by itself says so when the time has come, although nothing changes', async () => {
  const faults = api('fairway.dev', 'v1alpha1', 'faultinjections')
  const untilTime = new Date(Date.now() + 4000).toISOString()
  const spec = { targetRefs: [{ group: '', kind: 'Service', name: 'api' }], abort: {}, until: untilTime }
  const body = { apiVersion: 'fairway.dev/v1alpha1', kind: 'FaultInjection', metadata: { name: 'ends' }, spec }
  await setReady(server, 'shop', 'waypoint', 1)
  await ask.good('POST', faults, { body })
  await untilStatus(`${faults}/ends`, (found) => claimsOf(found).includes('Programmed=True/Programmed'))
  await untilStatus(`${faults}/ends`, (found) => claimsOf(found).includes('Programmed=False/Expired'))
  assert.ok(Date.now() >= Date.parse(untilTime))
})
