import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { listAt, textAt, withValue, type Json, type JsonObject } from '../../support/kube/stand-in/json.ts'
import { installRoles, startTestController, until, type TestController } from '../support/controller.ts'
import { createNamespace, gateway, gateways } from '../support/objects.ts'

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

const deployments = '/apis/apps/v1/namespaces/shop/deployments'

/** Reason and message of a condition that is false. */
const untilFalse = (name: string, type: string, reason: string): Promise<string> =>
  until(`${type}=False/${reason} of ${name}`, async () => {
    const found = await ask.good('GET', gateways('shop', name))
    const conditions = listAt(found, 'status', 'conditions')
    const one = conditions.find((condition) => textAt(condition, 'type') === type)
    return textAt(one, 'status') === 'False' && textAt(one, 'reason') === reason ? textAt(one, 'message') : undefined
  })

const untilDeployed = (name: string): Promise<JsonObject> =>
  until(`Deployment ${name}`, async () => {
    const { code, body } = await ask('GET', `${deployments}/${name}`)
    return code === 200 ? body : undefined
  })

interface Case {
  readonly what: string
  readonly wanted: JsonObject
  readonly reason: string
  readonly says: RegExp
}

const withSpec = (name: string, spec: Record<string, Json>): JsonObject => ({
  ...gateway(name),
  spec: { gatewayClassName: 'fairway-waypoint', ...spec },
})

const refused: readonly Case[] = [
  {
    what: 'a Gateway without a listener for HBONE',
    wanted: withSpec('plain', { listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] }),
    reason: 'ListenersNotValid',
    says: /HBONE/,
  },
  {
    what: 'a Gateway that asks for an address',
    wanted: withValue(gateway('addressed'), ['spec', 'addresses'], [{ type: 'IPAddress', value: '10.0.0.1' }]),
    reason: 'UnsupportedAddress',
    says: /spec\.addresses/,
  },
  {
    what: 'a Gateway whose parameters are nowhere',
    wanted: withValue(gateway('lost'), ['spec', 'infrastructure'], {
      parametersRef: { group: '', kind: 'ConfigMap', name: 'nobody' },
    }),
    reason: 'InvalidParameters',
    says: /ConfigMap shop\/nobody|nobody/,
  },
]

for (const { what, wanted, reason, says } of refused) {
  test(`${what} is told why, and its neighbours are made`, async () => {
    const name = textAt(wanted, 'metadata', 'name')
    await ask.good('POST', gateways('shop'), { body: wanted })
    await ask.good('POST', gateways('shop'), { body: gateway(`by-${name}`) })
    assert.match(await untilFalse(name, 'Accepted', reason), says)
    await untilDeployed(`by-${name}`)
    assert.equal((await ask('GET', `${deployments}/${name}`)).code, 404)
  })
}

test('of two Gateways that want the same objects the second is told whose they are', async () => {
  const named = (name: string): JsonObject =>
    withValue(gateway(name), ['metadata', 'annotations'], { 'gateway.istio.io/name-override': 'shared' })
  await ask.good('POST', gateways('shop'), { body: named('first') })
  const owner = await untilDeployed('shared')
  await ask.good('POST', gateways('shop'), { body: named('second') })
  const message = await untilFalse('second', 'Programmed', 'Invalid')
  assert.match(message, /shared/)
  const now = await untilDeployed('shared')
  const owners = (object: JsonObject): readonly string[] =>
    listAt(object, 'metadata', 'ownerReferences').map((reference) => textAt(reference, 'name'))
  assert.deepEqual([owners(owner), owners(now)], [['first'], ['first']])
})

test('what another applies as well is left to it, and both are named', async () => {
  await ask.good('POST', gateways('shop'), { body: gateway('contested') })
  await untilDeployed('contested')
  const strategy = { rollingUpdate: { maxUnavailable: 3 } }
  const theirs = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'contested' }, spec: { strategy } }
  const contentType = 'application/apply-patch+yaml'
  await ask.good('PATCH', `${deployments}/contested?fieldManager=argocd&force=true`, { body: theirs, contentType })
  const message = await untilFalse('contested', 'Programmed', 'Invalid')
  assert.match(message, /Deployment shop\/contested: argocd applies spec\.strategy\.rollingUpdate\.maxUnavailable/)
  await ask.good('POST', gateways('shop'), { body: gateway('peaceful') })
  await untilDeployed('peaceful')
})

test('what somebody edits is put back', async () => {
  await ask.good('POST', gateways('shop'), { body: gateway('edited') })
  await untilDeployed('edited')
  const body = { spec: { strategy: { rollingUpdate: { maxUnavailable: 3 } } } }
  const contentType = 'application/merge-patch+json'
  await ask.good('PATCH', `${deployments}/edited?fieldManager=kubectl-edit`, { body, contentType })
  await until('the strategy that is wanted', async () => {
    const { spec } = await untilDeployed('edited')
    return JSON.stringify(spec).includes('"maxUnavailable":0') ? true : undefined
  })
})
