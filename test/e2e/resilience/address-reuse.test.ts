import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { service } from '../support/objects.ts'
import { createFleet, endpointOf, refusalsOf, type Fleet } from '../support/resilience/fleet.ts'
import { createWire, type Wire } from '../support/network/wire.ts'
import type { PodProcess } from '../support/resilience/pod-process.ts'
import { formatReport } from '../support/resilience/steady-load.ts'
import { workerCounts } from '../support/fairway-process.ts'

const OTHER = '10.96.0.20'
const otherHost = 'other.shop.svc.cluster.local'

/** The pod with another identity, as a Service of its own. */
const otherService = ({ name, address }: { readonly name: string; readonly address: string }): readonly object[] =>
  service({ name: 'other', vip: OTHER, endpoints: [{ ...endpointOf({ name, address }), serviceAccount: 'other' }] })

/** That it was dialled, and that not a byte was sent to it after TLS. */
const assertUntouched = async (stranger: PodProcess): Promise<void> => {
  const { connections, prefaces, tunnels, requests } = await stranger.counts()
  assert.deepEqual({ prefaces, tunnels, requests }, { prefaces: 0, tunnels: 0, requests: 0 })
  assert.ok(connections > 0, 'it was dialled at all')
}

for (const workers of workerCounts(1)) {
  it(`an address that another identity took over gets nothing that was not for it (${workers} workers)`, async (t) => {
    await using fleet = await createFleet()
    const [gone, kept, next] = [3, 4, 5].map((n) => ({ name: `api-${n}`, address: `127.71.33.${n}` }))
    assert.ok(gone !== undefined && kept !== undefined && next !== undefined)
    const victim = await fleet.startPod(gone)
    await fleet.startPod(kept)
    fleet.put([endpointOf(gone), endpointOf(kept)])
    const fairway = await fleet.startFairway(workers)
    const load = await fleet.startLoad(fairway, { ratePerSecond: 1000, connections: 16, tunnels: 5 })
    await eventually('requests at the first pod', async () => (await victim.counts()).requests > 400)
    await victim.kill('SIGKILL')
    const stranger = await fleet.startPod({ name: 'other-0', address: gone.address, who: 'shop/other' })
    await eventually('it is dialled', async () => (await stranger.counts()).connections > 0)
    // Some more dials, by which an endpoint on probation is tried.
    await delay(1200)
    await assertUntouched(stranger)
    assert.ok((await fairway.metric('fairway_upstream_identity_mismatches_total')) > 0)

    // The configuration learns of it: from now on it has requests of its own, at the same address and port.
    await fleet.startPod(next)
    fleet.put([endpointOf(kept), endpointOf(next)], otherService(stranger))
    const client = await fleet.mesh.dial(fairway)
    await eventually('its own requests', async () => {
      const answer = await client.request(`${OTHER}:80`, { host: otherHost }).catch(() => undefined)
      return answer?.headers['x-pod'] === 'other-0'
    })
    const report = await load.stop()
    const { hosts, requests } = await stranger.counts()
    assert.deepEqual(hosts, { [otherHost]: requests })
    t.diagnostic(formatReport(report))
    assert.deepEqual([report.failures, report.unanswered], [[], 0], await refusalsOf(fairway))
  })
}

/** The packets of the first pod are dropped, so that nobody hears of its end. */
const swapSilently = async (fleet: Fleet, network: Wire): Promise<void> => {
  const { namespace, addresses } = network
  const [gone, kept] = addresses.map((address, index) => ({ name: `api-${index}`, address }))
  assert.ok(gone !== undefined && kept !== undefined)
  const victim = await fleet.startPod({ ...gone, namespace })
  await fleet.startPod({ ...kept, namespace })
  fleet.put([endpointOf(gone), endpointOf(kept)])
  const fairway = await fleet.startFairway(1)
  const load = await fleet.startLoad(fairway, { ratePerSecond: 200, connections: 4, tunnels: 50 })
  await eventually('requests at the first pod', async () => (await victim.counts()).requests > 50)
  network.lose({ addresses: [gone.address] })
  await victim.kill('SIGKILL')
  const stranger = await fleet.startPod({ name: 'other-0', address: gone.address, who: 'shop/other', namespace })
  network.heal()
  await eventually('it is dialled', async () => (await stranger.counts()).connections > 0)
  await delay(1000)
  await assertUntouched(stranger)
  await load.stop()
}

it('a connection that was kept is of no use to the next one at its address', async (t) => {
  using network = createWire(73, 2)
  if (network === undefined) return t.skip('network namespaces are not to be had')
  await using fleet = await createFleet()
  await swapSilently(fleet, network)
  return undefined
})
