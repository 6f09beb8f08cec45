import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { waypointRoles } from '../../../src/controller/roles/waypoint-roles.ts'
import { kubeResources } from '../../../src/kube/resources.ts'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { textAt, valueAt, type JsonObject } from '../../support/kube/stand-in/json.ts'
import {
  formatConditions,
  installRoles,
  openClient,
  setReady,
  startTestController,
  until,
} from '../support/controller.ts'
import { createNamespace, gateway, gateways, namesOf } from '../support/objects.ts'

const server = await startKubeServer()
const { ask } = server
const gatewayApi = '/apis/gateway.networking.k8s.io/v1'
const ours = '/apis/fairway.dev/v1alpha1'

before(async () => {
  await defineKinds(server)
  await installRoles(server)
  for (const name of ['shop', 'stock', 'idle']) await createNamespace(server, name)
})
after(() => server[Symbol.asyncDispose]())

const service = (name: string, labels: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, labels },
  spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }], selector: { app: name } },
})

const route: JsonObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'api' },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name: 'api' }],
    rules: [{ backendRefs: [{ name: 'items', namespace: 'stock', port: 80 }] }],
  },
}

const apiKey: JsonObject = {
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'ApiKey',
  metadata: { name: 'keys' },
  spec: { targetRefs: [{ kind: 'Service', name: 'api' }], secretRefs: [{ name: 'keys' }] },
}

/** Asks as a waypoint for all that it may list: which kinds it is refused where. */
const findRefusals = async (token: string): Promise<readonly string[]> => {
  const client = await openClient(server.kubeconfigWith(token))
  const refused: string[] = []
  for (const resource of [kubeResources.Pod, kubeResources.Service, kubeResources.Secret, kubeResources.ConfigMap]) {
    for (const namespace of ['shop', 'stock', 'idle', undefined]) {
      const listed = await client.list(resource, { namespace, onItem: () => {} })
      if (!listed.ok) {
        assert.equal(listed.failure.reason, 'Forbidden')
        refused.push(`${resource.plural} ${namespace ?? 'everywhere'}`)
      }
    }
  }
  for (const resource of [kubeResources.HTTPRoute, kubeResources.Namespace, kubeResources.GatewayClass]) {
    const listed = await client.list(resource, { onItem: () => {} })
    if (!listed.ok) refused.push(`${resource.plural} everywhere`)
  }
  client.close()
  return refused
}

test('the roles of the chart are enough for the controller, and what it gives to waypoints is what they need', async () => {
  await using controller = await startTestController(server)
  await ask.good('POST', '/api/v1/namespaces/shop/services', {
    body: service('api', { 'istio.io/use-waypoint': 'waypoint' }),
  })
  await ask.good('POST', '/api/v1/namespaces/stock/services', { body: service('items') })
  await ask.good('POST', gateways('shop'), { body: gateway('waypoint') })
  await ask.good('POST', `${gatewayApi}/namespaces/shop/httproutes`, { body: route })
  await ask.good('POST', `${ours}/namespaces/shop/apikeys`, { body: apiKey })
  await setReady(server, 'shop', 'waypoint', 2)
  await until('a Gateway that is programmed', async () => {
    const { status } = await ask.good('GET', gateways('shop', 'waypoint'))
    return formatConditions(status as JsonObject).includes('Programmed=True/Programmed') || undefined
  })
  await until('a binding for Secrets', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings'
    return namesOf(await ask.good('GET', path)).some((name) => name.includes('secrets')) || undefined
  })
  const mesh = await until('a mesh that says what it can', async () => {
    const found = await ask.good('GET', '/apis/gateway.networking.x-k8s.io/v1alpha1/xmeshes/fairway')
    return formatConditions(found['status'] as JsonObject).includes('Accepted=True/Accepted') ? found : undefined
  })
  assert.ok(JSON.stringify(valueAt(mesh, 'status', 'supportedFeatures')).includes('"MeshConsumerRoute"'))
  const failures = controller.writes.flatMap(({ kind, verb, failure }) =>
    failure === undefined || failure.reason === 'Conflict' ? [] : [`${verb} ${kind}: ${failure.message}`],
  )
  assert.deepEqual(failures, [])
  assert.deepEqual(controller.read().troubles, [])

  const answer = await ask.good('POST', '/api/v1/namespaces/shop/serviceaccounts/waypoint/token', {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } },
  })
  const refused = await findRefusals(textAt(answer, 'status', 'token'))
  assert.deepEqual(refused, [
    ...['pods idle', 'pods everywhere', 'services idle', 'services everywhere'],
    ...['secrets stock', 'secrets idle', 'secrets everywhere'],
    ...['configmaps shop', 'configmaps stock', 'configmaps idle', 'configmaps everywhere'],
  ])

  await ask.good('DELETE', gateways('shop', 'waypoint'))
  await until('nothing that is left', async () => {
    const left = [
      ...namesOf(await ask.good('GET', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings')),
      ...namesOf(await ask.good('GET', '/apis/rbac.authorization.k8s.io/v1/rolebindings')),
    ].filter((name) => waypointRoles.some((role) => name.startsWith(`${role.name}:`)))
    return left.length === 0 || undefined
  })
})

test('a controller that may do nothing says what it lacks, and writes nothing', async () => {
  const client = await openClient(server.kubeconfigOf('nobody'))
  await using controller = await startTestController(server, client)
  const troubles = await until('troubles', async () => {
    const found = controller.read().troubles.filter((trouble) => trouble.includes('Forbidden'))
    return found.length > 10 ? found : undefined
  })
  assert.ok(
    troubles.some((trouble) => /v1\/gateways: 403 Forbidden: .*nobody/.test(trouble)),
    troubles.join('\n'),
  )
  assert.deepEqual(controller.writes, [])
  const found = valueAt(await ask.good('GET', `${gatewayApi}/gatewayclasses/fairway-waypoint`), 'kind')
  assert.equal(found, 'GatewayClass')
})
