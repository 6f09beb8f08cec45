/** The chart against an API server: its objects are what Kubernetes takes, and what they let the controller do is enough. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { roleManifests } from '../../../src/controller/roles/manifests.ts'
import type { LiveObject } from '../../../src/controller/manifest.ts'
import { startProcess } from '../../e2e/support/fairway-process.ts'
import {
  chartCaseNames,
  chartCases,
  findHelm,
  parseObjects,
  readChartCase,
  renderChart,
  whyNoHelm,
} from '../../support/chart/chart.ts'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import {
  isObject,
  listAt,
  objectAt,
  textAt,
  valueAt,
  type Json,
  type JsonObject,
} from '../../support/kube/stand-in/json.ts'
import { formatConditions, setReady, SYSTEM, until } from '../support/controller.ts'
import { createNamespace, gateway, gateways } from '../support/objects.ts'

const server = await startKubeServer()
const { ask } = server
const helm = findHelm()

before(async () => {
  await defineKinds(server)
  await createNamespace(server, SYSTEM)
  await createNamespace(server, 'shop')
})
after(() => server[Symbol.asyncDispose]())

/** With roles, dashboards and alerts where there is a Helm; without, what it made last, and the roles that the chart has. */
const objectsOf = (name: string): readonly JsonObject[] => {
  if (helm === undefined || whyNoHelm(helm) !== false) return [...roles, ...readChartCase(name)].map(toJson)
  const rendered = renderChart(helm, ['--values', join(chartCases, name, 'values.yaml')])
  assert.ok(rendered.isGood, rendered.text)
  return parseObjects(rendered.text).map(toJson)
}

const roles = roleManifests().map((role) =>
  role.kind === 'Role' ? { ...role, metadata: { ...role.metadata, namespace: SYSTEM } } : role,
)

const toJson = (object: LiveObject | JsonObject): JsonObject => {
  const value: Json = JSON.parse(JSON.stringify(object))
  assert.ok(isObject(value))
  return value
}

/** Where objects of its kind stand; `undefined` where the server has no such kind. */
const pathOf = async (object: JsonObject): Promise<string | undefined> => {
  const [apiVersion, kind, name] = [
    textAt(object, 'apiVersion'),
    textAt(object, 'kind'),
    textAt(object, 'metadata', 'name'),
  ]
  const group = `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}`
  const { code, body } = await ask('GET', group)
  const found = listAt(body, 'resources').find(
    (one) => textAt(one, 'kind') === kind && !textAt(one, 'name').includes('/'),
  )
  if (code !== 200 || found === undefined) return undefined
  const isNamespaced = objectAt(found)['namespaced'] === true
  return `${group}${isNamespaced ? `/namespaces/${SYSTEM}` : ''}/${textAt(found, 'name')}/${name}`
}

/** Kinds of others, whose definitions are not those of Kubernetes, and what the stand-in has no use for. */
const isOfOthers = ({ apiVersion }: JsonObject): boolean => apiVersion === 'monitoring.coreos.com/v1'

const put = async (object: JsonObject, query = ''): Promise<void> => {
  const path = await pathOf(object)
  if (path === undefined) {
    assert.ok(isOfOthers(object) || server.kind === 'stand-in', `no kind ${textAt(object, 'kind')}`)
    return
  }
  const { code, text } = await ask('PATCH', `${path}?fieldManager=helm&fieldValidation=Strict${query}`, {
    body: object,
    contentType: 'application/apply-patch+yaml',
  })
  assert.ok(code < 300, `${textAt(object, 'kind')} ${textAt(object, 'metadata', 'name')}: ${code} ${text}`)
}

describe('Kubernetes takes each object, and knows all of its fields, with the values of', () => {
  for (const name of chartCaseNames) {
    test(name, async () => {
      const objects = objectsOf(name)
      assert.ok(objects.length > 3)
      for (const object of objects) await put(object, '&dryRun=All')
    })
  }
})

test('what is wrong is not taken', { skip: server.kind === 'stand-in' && 'the stand-in has no schemas' }, async () => {
  const deployment = objectsOf('defaults').find(({ kind }) => kind === 'Deployment')
  assert.ok(deployment !== undefined)
  const spec = objectAt(deployment['spec'])
  await assert.rejects(put({ ...deployment, spec: { ...spec, replica: 1 } }, '&dryRun=All'), /replica/)
})

test('as the account of the chart the controller makes a Gateway programmed, with the chart’s defaults', async (t) => {
  const objects = objectsOf('defaults')
  // Pods are not for an API server alone to run.
  for (const object of objects) if (object['kind'] !== 'Pod') await put(object)
  const deployment = objects.find(({ kind }) => kind === 'Deployment')
  const pod = valueAt(deployment, 'spec', 'template', 'spec')
  const account = textAt(pod, 'serviceAccountName')
  const { status } = await ask.good('POST', `/api/v1/namespaces/${SYSTEM}/serviceaccounts/${account}/token`, {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } },
  })
  const [container] = listAt(pod, 'containers')
  const args = listAt(container, 'args').map(String)
  const here = ['--kubeconfig', server.kubeconfigWith(textAt(status, 'token'))]
  const ports = ['--bind', '127.0.0.1', '--ready-port', '0', '--metrics-port', '0']
  const env = { POD_NAME: 'fairway-controller-1', POD_NAMESPACE: SYSTEM }
  await using controller = startProcess([...args, ...here, ...ports], { env })
  await controller.waitForLog('ready', ({ event }) => event === 'ready')
  await until('a class that is accepted', async () => {
    const found = await ask.good('GET', '/apis/gateway.networking.k8s.io/v1/gatewayclasses/fairway-waypoint')
    return formatConditions(objectAt(found['status'])).includes('Accepted=True/Accepted') || undefined
  })
  await ask.good('POST', gateways('shop'), { body: gateway('waypoint') })
  await setReady(server, 'shop', 'waypoint', 2)
  await until('a Gateway that is programmed', async () => {
    const found = await ask.good('GET', gateways('shop', 'waypoint'))
    return formatConditions(objectAt(found['status'])).includes('Programmed=True/Programmed') || undefined
  })
  const made = await ask.good('GET', '/apis/apps/v1/namespaces/shop/deployments/waypoint')
  const [waypoint] = listAt(made, 'spec', 'template', 'spec', 'containers')
  assert.equal(textAt(waypoint, 'image'), textAt(container, 'image'))

  // A value that changes reaches waypoints that are there already.
  const defaults = objects.find((one) => textAt(one, 'metadata', 'name') === 'fairway-waypoint-1-defaults')
  assert.ok(defaults !== undefined)
  const data = { ...objectAt(defaults['data']), horizontalPodAutoscaler: 'spec: { maxReplicas: 33 }' }
  await put({ ...defaults, data })
  await until('another limit of replicas', async () => {
    const found = await ask.good('GET', '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/waypoint')
    return valueAt(found, 'spec', 'maxReplicas') === 33 || undefined
  })
  await t.test('and helm test would find it', async () => {
    const [tester] = listAt(objects.find(({ kind }) => kind === 'Pod')?.['spec'], 'containers')
    await using versions = startProcess([...listAt(tester, 'args').map(String), ...here])
    assert.equal((await versions.ended).code, 0, versions.stderr())
    assert.match(versions.stdout(), /fairway-controller/)
  })
  const complaints = controller.log().filter(({ level }) => level === 'error' || level === 'warn')
  assert.deepEqual(complaints, [])
})
