import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { formatSpiffeId } from '../../src/model/identity.ts'
import { derOf, encodeSvidResponse, startSpiffeAgent, svidOf, type SvidFields } from '../support/mesh/spiffe-agent.ts'
import { TestCa } from '../support/tls/test-ca.ts'
import { eventually } from './support/eventually.ts'
import { runArguments, startFairway, startProcess, workerCounts } from './support/fairway-process.ts'
import { dialWaypoint, tlsOf } from './support/hbone-client.ts'
import { createMesh } from './support/mesh.ts'
import { issueTo } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'
import { replaceUnderLoad, shownCertificate } from './support/identity/certificate-changes.ts'

const network = '127.71.72'
const VIP = '10.96.0.10:80'
const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
]

const responseOf = (...svids: readonly SvidFields[]): Buffer => encodeSvidResponse({ svids })

for (const workers of workerCounts(2)) {
  it(`identities that an agent sends are followed under load (${workers} workers)`, async (t) => {
    await using mesh = await createMesh(objects)
    const socket = join(mesh.dir, 'agent.sock')
    const agent = await startSpiffeAgent(socket)
    t.after(agent.close)
    const other = svidOf(await issueTo(mesh.ca, 'shop/other'), 'other')
    agent.send(responseOf(other, svidOf(await issueTo(mesh.ca, 'shop/waypoint'), 'waypoint')))
    const pod = await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
    await using fairway = await startFairway({
      files: [mesh.objectsFile],
      certs: '/nowhere',
      workers,
      flags: ['--ca', 'spire', '--spire-hint', 'waypoint'],
      process: { env: { SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` } },
    })
    const parts = { mesh, fairway, workers, authority: VIP, peers: pod.peers }
    const load = await replaceUnderLoad(parts, (next) => agent.send(responseOf(other, svidOf(next, 'waypoint'))))

    const before = await shownCertificate(parts)
    agent.send(responseOf(other))
    await fairway.waitForLog('that it was taken back', ({ message }) => /what it sent is refused/.test(String(message)))
    await agent.close()
    await fairway.waitForLog('that the agent is gone', ({ message }) => /no identity from/.test(String(message)))
    assert.equal(await shownCertificate(parts), before, 'what was sent last is in force while it is valid')
    assert.equal((await fairway.readiness()).status, 200)
    const report = await load.stop()
    t.diagnostic(`${report.requests} requests`)
    assert.deepEqual(report.failures, [])
  })

  it(`an identity that is not there yet is waited for (${workers} workers)`, async (t) => {
    await using mesh = await createMesh(objects)
    const socket = join(mesh.dir, 'agent.sock')
    const agent = await startSpiffeAgent(socket)
    t.after(agent.close)
    const flags = ['--ca', 'spire']
    const args = runArguments({ files: [mesh.objectsFile], certs: '/nowhere', workers, flags })
    await using child = startProcess(args, { env: { SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` } })
    const line = await child.waitForLog('that it waits', ({ message }) => String(message).startsWith('waiting for '))
    const response = await fetch(`http://${String(line['ready'])}/healthz/ready`)
    assert.equal(response.status, 503)
    assert.equal(await response.text(), `waiting for an identity from the SPIFFE Workload API at ${socket}\n`)
    agent.send(responseOf(svidOf(await issueTo(mesh.ca, 'shop/waypoint'))))
    await child.waitForLog('ready', ({ event }) => event === 'ready')
    child.kill('SIGTERM')
    assert.deepEqual(await child.ended, { code: 0, signal: null })
  })
}

it('roots of another trust domain let in its clients, and nobody who says that it is one of ours', async (t) => {
  await using mesh = await createMesh(objects)
  const socket = join(mesh.dir, 'agent.sock')
  const agent = await startSpiffeAgent(socket)
  t.after(agent.close)
  const other = new TestCa('the CA of another trust domain')
  const svids = [svidOf(await issueTo(mesh.ca, 'shop/waypoint'))]
  agent.send(encodeSvidResponse({ svids, federated_bundles: { 'spiffe://old.example': derOf(other.pem) } }))
  await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
  await using fairway = await startFairway({
    files: [mesh.objectsFile],
    certs: '/nowhere',
    workers: 2,
    flags: ['--ca', 'spire', '--trust-domain', 'cluster.local,old.example'],
    process: { env: { SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` } },
  })
  const dialAs = (trustDomain: string) => {
    const identity = formatSpiffeId({ trustDomain, namespace: 'shop', serviceAccount: 'client' })
    const ca = mesh.ca.rootPem
    return dialWaypoint(fairway.addresses.hbone, { ...tlsOf(other.issue(identity)), ca })
  }
  using client = await dialAs('old.example')
  assert.equal((await client.request(VIP)).status, 200)
  await assert.rejects(dialAs('cluster.local'))
  await eventually(
    'the refusal to be counted',
    async () => (await fairway.metric('fairway_handshake_refusals_total', { reason: 'untrusted_root' })) === 1,
  )
  // What is taken back counts no more, for new clients and for those that are there.
  agent.send(responseOf(...svids))
  await eventually('the client to be told', () => !client.isOpen)
  await assert.rejects(dialAs('old.example'))
})
