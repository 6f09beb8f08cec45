import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeClient } from '../../../src/kube/client.ts'
import { defineKinds } from '../../support/kube/kinds.ts'
import { startKubeServer } from '../../support/kube/kube-server.ts'
import { listAt, textAt } from '../../support/kube/stand-in/json.ts'
import { CONTROLLER, installRoles, openClient, startTestController, until } from '../support/controller.ts'
import { createNamespace, gateway, gateways } from '../support/objects.ts'

const server = await startKubeServer()
const { ask } = server
const deployment = '/apis/apps/v1/namespaces/shop/deployments/waypoint'

before(async () => {
  await defineKinds(server)
  await installRoles(server)
  await createNamespace(server, 'shop')
})
after(() => server[Symbol.asyncDispose]())

/** As of an API server that has not heard of any Gateway yet, unless it is asked for the newest. */
const withoutGateways = (client: KubeClient): KubeClient => ({
  ...client,
  list: (resource, query) => {
    const isStale = resource.kind === 'Gateway' && query.notOlderThan !== undefined
    return client.list(resource, isStale ? { ...query, onItem: () => {} } : query)
  },
})

test('a Gateway that an old list does not have loses nothing; one that is gone does', async () => {
  await ask.good('POST', gateways('shop'), { body: gateway('waypoint') })
  const found = async (): Promise<boolean> => (await ask('GET', deployment)).code === 200
  {
    await using _ = await startTestController(server)
    await until('a Deployment', async () => (await found()) || undefined)
  }
  {
    const client = await openClient(server.kubeconfigOf(CONTROLLER))
    await using controller = await startTestController(server, withoutGateways(client))
    await until('a look', async () => controller.read().passes > 1 || undefined)
    await delay(500)
    assert.equal(controller.read().gateways, 0)
    assert.ok(await found())
    assert.deepEqual(
      controller.writes.filter(({ verb }) => verb === 'delete'),
      [],
    )
  }
  await using _ = await startTestController(server)
  await ask.good('DELETE', gateways('shop', 'waypoint'))
  await until('no Deployment', async () => !(await found()) || undefined)
})

test('a Gateway that is deleted and made anew keeps what it takes over from the one before it', async () => {
  const uidOf = async (path: string): Promise<string> => textAt((await ask('GET', path)).body, 'metadata', 'uid')
  const gatewayOf = async (path: string): Promise<string> =>
    textAt(listAt((await ask('GET', path)).body, 'metadata', 'ownerReferences')[0], 'uid')
  const again = deployment.replace(/waypoint$/, 'again')
  const service = '/api/v1/namespaces/shop/services/again'
  await using controller = await startTestController(server)
  await ask.good('POST', gateways('shop'), { body: gateway('again') })
  await until('a Deployment', async () => (await uidOf(again)) !== '' || undefined)
  const uids = [await uidOf(again), await uidOf(service)]
  // Sooner than garbage is collected, as `kubectl replace --force` has it.
  await ask.good('DELETE', gateways('shop', 'again'))
  const { body } = await ask('POST', gateways('shop'), { body: gateway('again') })
  const uid = textAt(body, 'metadata', 'uid')
  await until('an owner', async () => (await gatewayOf(again)) === uid || undefined)
  await delay(1000)
  assert.deepEqual([await uidOf(again), await uidOf(service)], uids)
  assert.deepEqual([await gatewayOf(again), await gatewayOf(service)], [uid, uid])
  assert.ok(controller.read().failures.length === 0)
})
