import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { valueAt, withValue, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { installRoles, startTestController, until, type TestController } from '../support/controller.ts'
import { configMap, configMaps, createNamespace, gateway, gateways } from '../support/objects.ts'

const server = await startKubeServer()
const { ask } = server
let controller: TestController

before(async () => {
  await defineKinds(server)
  await installRoles(server)
  await createNamespace(server, 'shop')
  controller = await startTestController(server)
})
after(async () => {
  await controller[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const deployment = '/apis/apps/v1/namespaces/shop/deployments/waypoint'
const autoscaler = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/waypoint'

const untilThere = async (path: string, isThere: boolean): Promise<JsonObject> =>
  until(`${path}: ${isThere}`, async () => {
    const { code, body } = await ask('GET', path)
    return (code === 200) === isThere ? body : undefined
  })

const replicas = async (): Promise<unknown> => valueAt(await ask.good('GET', deployment), 'spec', 'replicas')

test('a fixed number of replicas stays until the autoscaler changes it, and can be fixed again', async () => {
  const fixed = { deployment: 'spec: { replicas: 20 }', horizontalPodAutoscaler: 'null' }
  await ask.good('POST', configMaps('shop'), { body: configMap('sizes', fixed) })
  const parametersRef = { group: '', kind: 'ConfigMap', name: 'sizes' }
  const body = withValue(gateway('waypoint'), ['spec', 'infrastructure'], { parametersRef })
  await ask.good('POST', gateways('shop'), { body })
  await untilThere(deployment, true)
  assert.equal(await replicas(), 20)
  await ask.good('PUT', configMaps('shop', 'sizes'), { body: configMap('sizes') })
  await untilThere(autoscaler, true)
  assert.equal(await replicas(), 20)
  const fewer = { ...fixed, deployment: 'spec: { replicas: 5 }' }
  await ask.good('PUT', configMaps('shop', 'sizes'), { body: configMap('sizes', fewer) })
  await untilThere(autoscaler, false)
  await until('five replicas', async () => (await replicas()) === 5 || undefined)
})
