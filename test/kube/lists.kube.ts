import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineKinds, gatewayApiKinds } from '../support/kube/kinds.ts'
import { startKubeServer } from '../support/kube/kube-server.ts'
import { listAt, objectAt, textAt, valueAt } from '../support/kube/stand-in/json.ts'
import { configMap, configMaps, createNamespace, gateway, gateways, namesOf, versionOf } from './support/objects.ts'

const server = await startKubeServer()
const { ask } = server
before(() => defineKinds(server, gatewayApiKinds))
after(() => server[Symbol.asyncDispose]())

const fill = async (namespace: string, count: number): Promise<void> => {
  await createNamespace(server, namespace)
  for (let i = 0; i < count; i++) {
    const labels = { parity: i % 2 === 0 ? 'even' : 'odd', ...(i < 2 ? { small: 'yes' } : {}) }
    await ask.good('POST', configMaps(namespace), { body: configMap(`c${i}`, { i: String(i) }, { labels }) })
  }
}

test('a list has the kind of its items, and items of own kinds of Kubernetes have none', async () => {
  await fill('kinds', 1)
  const list = await ask.good('GET', configMaps('kinds'))
  assert.deepEqual([list['kind'], list['apiVersion']], ['ConfigMapList', 'v1'])
  const [item] = listAt(list, 'items')
  assert.equal(valueAt(item, 'kind'), undefined)
  await ask.good('POST', gateways('kinds'), { body: gateway('g') })
  const gatewayList = await ask.good('GET', gateways('kinds'))
  assert.deepEqual([gatewayList['kind'], gatewayList['apiVersion']], ['GatewayList', 'gateway.networking.k8s.io/v1'])
  const [found] = listAt(gatewayList, 'items')
  assert.deepEqual([valueAt(found, 'kind'), valueAt(found, 'apiVersion')], ['Gateway', 'gateway.networking.k8s.io/v1'])
})

test('pages are of one moment', async () => {
  await fill('pages', 5)
  const first = await ask.good('GET', `${configMaps('pages')}?limit=2`)
  assert.deepEqual(namesOf(first), ['c0', 'c1'])
  assert.equal(valueAt(first, 'metadata', 'remainingItemCount'), 3)
  await ask.good('DELETE', configMaps('pages', 'c3'))
  await ask.good('POST', configMaps('pages'), { body: configMap('c22') })
  const next = encodeURIComponent(textAt(first, 'metadata', 'continue'))
  const second = await ask.good('GET', `${configMaps('pages')}?limit=2&continue=${next}`)
  assert.deepEqual(namesOf(second), ['c2', 'c3'])
  assert.equal(versionOf(second), versionOf(first))
  const last = await ask.good(
    'GET',
    `${configMaps('pages')}?limit=2&continue=${encodeURIComponent(textAt(second, 'metadata', 'continue'))}`,
  )
  assert.deepEqual(namesOf(last), ['c4'])
  assert.equal(textAt(last, 'metadata', 'continue'), '')
})

const selections: readonly { readonly query: string; readonly names: readonly string[] }[] = [
  { query: 'labelSelector=parity=even', names: ['c0', 'c2'] },
  { query: 'labelSelector=parity!=even', names: ['c1', 'c3'] },
  { query: 'labelSelector=parity%20in%20(even,odd),small', names: ['c0', 'c1'] },
  { query: 'labelSelector=parity%20notin%20(even),!small', names: ['c3'] },
  { query: 'fieldSelector=metadata.name=c2', names: ['c2'] },
  { query: 'fieldSelector=metadata.name!=c2,metadata.namespace=picks&labelSelector=parity=even', names: ['c0'] },
  { query: 'fieldSelector=metadata.name=nobody', names: [] },
]

test('selectors', async (t) => {
  await fill('picks', 4)
  for (const { query, names } of selections) {
    await t.test(decodeURIComponent(query), async () => {
      assert.deepEqual(namesOf(await ask.good('GET', `${configMaps('picks')}?${query}`)), names)
    })
  }
})

test('a kind is listed over all namespaces, in their order', async () => {
  await fill('all-b', 1)
  await fill('all-a', 2)
  const list = await ask.good('GET', '/api/v1/configmaps?labelSelector=parity')
  const found = listAt(list, 'items')
    .map((item) => `${textAt(item, 'metadata', 'namespace')}/${textAt(item, 'metadata', 'name')}`)
    .filter((name) => name.startsWith('all-'))
  assert.deepEqual(found, ['all-a/c0', 'all-a/c1', 'all-b/c0'])
})

test('discovery tells versions, scope and subresources', async () => {
  const groups = await ask.good('GET', '/apis')
  const group = listAt(groups, 'groups').find((entry) => textAt(entry, 'name') === 'gateway.networking.k8s.io')
  assert.equal(textAt(group, 'preferredVersion', 'version'), 'v1')
  const resources = await ask.good('GET', '/apis/gateway.networking.k8s.io/v1')
  const names = listAt(resources, 'resources').map((entry) => textAt(entry, 'name'))
  for (const name of ['gateways', 'gateways/status', 'gatewayclasses', 'httproutes'])
    assert.ok(names.includes(name), name)
  const described = listAt(resources, 'resources').find((entry) => textAt(entry, 'name') === 'gatewayclasses')
  assert.deepEqual([valueAt(described, 'namespaced'), textAt(described, 'kind')], [false, 'GatewayClass'])
})

const plain = /^404 page not found\n$/
const asStatus = /"message":"the server could not find the requested resource","reason":"NotFound"/

const nowhere: readonly { readonly path: string; readonly says: RegExp }[] = [
  { path: '/nobody', says: plain },
  { path: '/apis/nobody.example/v1', says: plain },
  { path: '/apis/nobody.example/v1/things', says: plain },
  { path: '/api/v1/things', says: asStatus },
  { path: '/apis/apps/v1/namespaces/default/things', says: asStatus },
  { path: '/apis/apps/v9/deployments', says: asStatus },
  { path: '/apis/gateway.networking.k8s.io/v1/things', says: plain },
  { path: '/apis/gateway.networking.k8s.io/v9/gateways', says: plain },
  { path: '/apis/gateway.networking.k8s.io/v9', says: plain },
]

test('what is nowhere is not found', async (t) => {
  for (const { path, says } of nowhere) {
    await t.test(path, async () => {
      const { code, text } = await ask('GET', path)
      assert.equal(code, 404)
      assert.match(text, says)
    })
  }
})

test('an object that is not there', async () => {
  const { code, body } = await ask('GET', gateways('default', 'nobody'))
  assert.equal(code, 404)
  assert.deepEqual(
    [body['reason'], body['message'], objectAt(body, 'details')],
    [
      'NotFound',
      'gateways.gateway.networking.k8s.io "nobody" not found',
      { name: 'nobody', group: 'gateway.networking.k8s.io', kind: 'gateways' },
    ],
  )
})

test('an object of another version of its kind', async () => {
  await createNamespace(server, 'versions')
  await ask.good('POST', gateways('versions'), { body: gateway('g') })
  const found = await ask.good('GET', gateways('versions', 'g').replace('/v1/', '/v1beta1/'))
  assert.equal(found['apiVersion'], 'gateway.networking.k8s.io/v1beta1')
})
