/** Whom a waypoint trusts changes in its files while there is load: who is not permitted any more goes, nobody else notices. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { it } from 'node:test'
import { formatSpiffeId } from '../../src/model/identity.ts'
import type { Credentials } from '../../src/identity/credentials.ts'
import { TestCa } from '../support/tls/test-ca.ts'
import { eventually } from './support/eventually.ts'
import { dialWaypoint, tlsOf } from './support/hbone-client.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { startLoad } from './support/load.ts'
import { createMesh } from './support/mesh.ts'
import { issueTo, replaceFile, writeCertificates } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.46'
const VIP = '10.96.0.10:80'

for (const workers of workerCounts(2)) {
  it(`a client is revoked, and a root removed, under load (${workers} workers)`, async (t) => {
    await using mesh = await createMesh([
      gateway,
      ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
    ])
    // Clients of two roots; the waypoint itself and its endpoints stay with the first.
    const other = new TestCa('Second Root')
    const client = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'client' })
    const own = await issueTo(mesh.ca, 'shop/waypoint')
    const trust = (...roots: readonly string[]): void =>
      void writeCertificates(mesh.certs, { ...own, trustRootsPem: roots.join('') })
    trust(mesh.ca.rootPem, other.pem)
    await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
    const fairway = await mesh.startFairway(workers, ['--distrusted-peer-timeout', '1s'])
    const load = startLoad({
      lanes: 6,
      lanesPerConnection: 2,
      dial: () => mesh.dial(fairway),
      authority: VIP,
      check: ({ status }) => (status === 200 ? undefined : `status ${status}`),
    })
    const dial = (credentials: Credentials): Promise<HboneClient> =>
      dialWaypoint(fairway.addresses.hbone, { ...tlsOf(credentials), ca: mesh.ca.rootPem })
    const counted = async (metric: string, reason: string, count: number): Promise<void> => {
      await eventually(`${metric} ${reason}`, async () => (await fairway.metric(metric, { reason })) === count)
    }
    /** Told to open nothing more; then, though a tunnel of it stays open, at its end. */
    const isEnded = async (gone: HboneClient, reason: string, count: number): Promise<void> => {
      await eventually('a GOAWAY', () => !gone.isOpen)
      await eventually('the end', () => gone.session.destroyed)
      await counted('fairway_connections_retired_total', reason, count)
    }

    const revoked = other.issue(client)
    const spared = other.issue(client)
    using bad = await dial(revoked)
    using good = await dial(spared)
    for (const one of [bad, good]) assert.equal((await one.connect(VIP)).status, 200)

    const goaway = once(bad.session, 'goaway')
    replaceFile(join(mesh.certs, 'ca-crl.pem'), other.revoke([revoked.certificateChainPem]))
    const [, lastStreamId]: number[] = await goaway
    assert.equal(lastStreamId, 1, 'the final one, not an announcement')
    await isEnded(bad, 'revoked', 1)
    await assert.rejects(dial(revoked))
    await counted('fairway_handshake_refusals_total', 'revoked', 1)
    assert.equal(good.isOpen, true)
    assert.equal((await good.request(VIP)).status, 200)

    // A list that its CA did not sign leaves the one before.
    const forged = other.revoke([spared.certificateChainPem], { signer: new TestCa('x').keys.privateKey })
    replaceFile(join(mesh.certs, 'ca-crl.pem'), forged)
    await fairway.waitForLog('its refusal', ({ message }) => /new revocation lists in .* refused/.test(String(message)))
    await assert.rejects(dial(revoked))
    assert.equal((await good.request(VIP)).status, 200)

    replaceFile(join(mesh.certs, 'ca-crl.pem'), '')
    trust(mesh.ca.rootPem)
    await isEnded(good, 'untrusted_root', 1)
    await assert.rejects(dial(spared))
    await counted('fairway_handshake_refusals_total', 'untrusted_root', 1)

    const report = await load.stop()
    t.diagnostic(`${report.requests} requests`)
    assert.deepEqual(report.failures, [])
    assert.equal(await fairway.metric('fairway_connections_retired_total', { reason: 'expired' }), 0)
  })
}
