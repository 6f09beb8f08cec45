import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../e2e/support/eventually.ts'
import type { FairwayProcess } from '../../e2e/support/fairway-process.ts'
import { textAt } from '../../support/kube/stand-in/json.ts'
import { createCluster, type Cluster } from '../support/cluster.ts'
import { createNamespace, gateway, gateways } from '../support/objects.ts'

/** The Lease lasts 15 s. */
const TAKEOVER_MS = 30_000

const leads = (controller: FairwayProcess): boolean =>
  controller.log().some(({ message }) => message === 'this controller leads')

const holderOf = async ({ find }: Cluster): Promise<string> =>
  textAt(await find('Lease', 'fairway-system', 'fairway-controller'), 'spec', 'holderIdentity')

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`of two controllers one leads, and the other one after ${signal}`, async () => {
    await using cluster = await createCluster()
    const { server, find } = cluster
    const all = [await cluster.startController(), await cluster.startController()] as const
    const first = await eventually('a leader', () => all.find(leads))
    const second = first === all[0] ? all[1] : all[0]
    await createNamespace(server, 'shop')
    await server.ask.good('POST', gateways('shop'), { body: gateway('a') })
    await eventually('a Deployment', () => find('Deployment', 'shop', 'a'))
    assert.equal(leads(second), false)
    const before = await holderOf(cluster)
    assert.notEqual(before, '')

    first.kill(signal)
    await first.ended
    await eventually('another leader', () => leads(second), TAKEOVER_MS)
    await server.ask.good('POST', gateways('shop'), { body: gateway('b') })
    await eventually('a Deployment', () => find('Deployment', 'shop', 'b'))
    assert.notEqual(await holderOf(cluster), before)
  })
}
