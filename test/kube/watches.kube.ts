import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { defineKinds, gatewayApiKinds } from '../support/kube/kinds.ts'
import type { RunningWatch } from '../support/kube/ask.ts'
import { startKubeServer } from '../support/kube/kube-server.ts'
import { listAt, objectAt, textAt, valueAt, type JsonObject } from '../support/kube/stand-in/json.ts'
import { configMap, configMaps, createNamespace, gateway, gateways, nameOf, versionOf } from './support/objects.ts'

const server = await startKubeServer()
const { ask } = server
before(() => defineKinds(server, gatewayApiKinds))
after(() => server[Symbol.asyncDispose]())

const tell = (event: JsonObject | undefined): string =>
  event === undefined ? 'end' : `${textAt(event, 'type')} ${nameOf(objectAt(event, 'object'))}`

test('a watch from a list on misses nothing and repeats nothing', async () => {
  await createNamespace(server, 'on')
  await ask.good('POST', configMaps('on'), { body: configMap('before') })
  const version = versionOf(await ask.good('GET', configMaps('on')))
  await ask.good('POST', configMaps('on'), { body: configMap('a') })
  using watch = await ask.watch(`${configMaps('on')}?watch=1&resourceVersion=${version}`)
  await ask.good('PUT', configMaps('on', 'a'), { body: configMap('a', { x: '1' }) })
  await ask.good('DELETE', configMaps('on', 'a'))
  await ask.good('DELETE', configMaps('on', 'before'))
  const events = [await watch.next(), await watch.next(), await watch.next(), await watch.next()]
  assert.deepEqual(events.map(tell), ['ADDED a', 'MODIFIED a', 'DELETED a', 'DELETED before'])
  const versions = events.map((event) => Number(versionOf(objectAt(event, 'object'))))
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  )
  assert.equal(textAt(events[0], 'object', 'kind'), 'ConfigMap')
  assert.equal(valueAt(events[1], 'object', 'data', 'x'), '1')
})

test('a watch without a version begins with what there is', async () => {
  await createNamespace(server, 'begin')
  await ask.good('POST', configMaps('begin'), { body: configMap('a') })
  for (const version of ['', '&resourceVersion=0']) {
    using watch = await ask.watch(`${configMaps('begin')}?watch=1${version}`)
    assert.equal(tell(await watch.next()), 'ADDED a')
  }
})

test('what comes into a selection is added, what leaves it is deleted', async () => {
  await createNamespace(server, 'select')
  using watch = await ask.watch(`${configMaps('select')}?watch=1&labelSelector=on=yes`)
  await ask.good('POST', configMaps('select'), { body: configMap('a') })
  await ask.good('PUT', configMaps('select', 'a'), { body: configMap('a', {}, { labels: { on: 'yes' } }) })
  await ask.good('PUT', configMaps('select', 'a'), { body: configMap('a', { x: '1' }, { labels: { on: 'yes' } }) })
  await ask.good('PUT', configMaps('select', 'a'), { body: configMap('a') })
  const events = [await watch.next(), await watch.next(), await watch.next()]
  assert.deepEqual(events.map(tell), ['ADDED a', 'MODIFIED a', 'DELETED a'])
})

test('one object is watched by its name', async () => {
  await createNamespace(server, 'single')
  using watch = await ask.watch(`${configMaps('single')}?watch=1&fieldSelector=metadata.name=b`)
  await ask.good('POST', configMaps('single'), { body: configMap('a') })
  await ask.good('POST', configMaps('single'), { body: configMap('b') })
  assert.equal(tell(await watch.next()), 'ADDED b')
})

test('a watch ends by itself after timeoutSeconds', async () => {
  using watch = await ask.watch(`${configMaps('default')}?watch=1&timeoutSeconds=1`)
  for (let event: JsonObject | undefined = {}; event !== undefined; event = await watch.next()) continue
})

test('a watch from before the history is told so in an event', async () => {
  using watch = await ask.watch(`${gateways('default')}?watch=1&resourceVersion=1`)
  assert.equal(watch.code, 200)
  const event = await watch.next()
  assert.equal(textAt(event, 'type'), 'ERROR')
  const status = objectAt(event, 'object')
  assert.deepEqual([status['code'], status['reason']], [410, 'Expired'])
  assert.match(textAt(status, 'message'), /^too old resource version: 1 \(\d+\)$/)
  assert.equal(await watch.next(), undefined)
})

test('cut connections are cut, and a watch goes on where it was', async () => {
  await createNamespace(server, 'cut')
  const version = versionOf(await ask.good('GET', configMaps('cut')))
  const path = `${configMaps('cut')}?watch=1&resourceVersion=`
  using first = await ask.watch(path + version)
  await ask.good('POST', configMaps('cut'), { body: configMap('a') })
  const event = await first.next()
  server.cut()
  await assert.rejects(async () => assert.equal(await first.next(), 'never'))
  await ask.good('POST', configMaps('cut'), { body: configMap('b') })
  using second = await ask.watch(path + versionOf(objectAt(event, 'object')))
  assert.equal(tell(await second.next()), 'ADDED b')
})

test('after a stop and a compaction everything is there, and what was before is gone', async () => {
  await createNamespace(server, 'compact')
  await ask.good('POST', gateways('compact'), { body: gateway('a') })
  const old = versionOf(await ask.good('GET', gateways('compact')))
  await ask.good('POST', gateways('compact'), { body: gateway('b') })
  await server.stop()
  await assert.rejects(ask('GET', '/version'))
  await server.start()
  await server.compact()
  const list = await ask.good('GET', gateways('compact'))
  assert.equal(listAt(list, 'items').length, 2)
  using watch = await ask.watch(`${gateways('compact')}?watch=1&resourceVersion=${old}`)
  assert.equal(valueAt(await watch.next(), 'object', 'code'), 410)
})

test('a kind that goes ends its watches or says that they are to be opened again', async () => {
  const name = 'grpcroutes.gateway.networking.k8s.io'
  const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`
  const routes = '/apis/gateway.networking.k8s.io/v1/grpcroutes'
  const watch = await watchOnceServed(routes)
  await ask.good('DELETE', definition)
  assert.equal(await watch.next(), undefined)
  for (;;) if ((await ask('GET', routes)).code === 404) break
})

/** A kind that has just come has to be asked for again, as the answer says. */
const watchOnceServed = async (path: string): Promise<RunningWatch> => {
  for (;;) {
    const watch = await ask.watch(`${path}?watch=1`)
    if (watch.code === 200) return watch
    assert.equal(watch.code, 429)
  }
}
