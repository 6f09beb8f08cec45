import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { createMesh } from './support/mesh.ts'
import { writeCertificates } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'
import { replaceUnderLoad, shownCertificate } from './support/identity/certificate-changes.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.8'
const VIP = '10.96.0.10:80'

for (const workers of workerCounts(1)) {
  it(`certificates are replaced under load without a failed request (${workers} workers)`, async (t) => {
    await using mesh = await createMesh([
      gateway,
      ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
    ])
    const pod = await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
    const fairway = await mesh.startFairway(workers)
    const parts = { mesh, fairway, workers, authority: VIP, peers: pod.peers }
    const load = await replaceUnderLoad(parts, (next) => writeCertificates(mesh.certs, next))

    const before = await shownCertificate(parts)
    writeFileSync(join(mesh.certs, 'cert-chain.pem'), 'no certificate at all')
    await fairway.waitForLog('its refusal', ({ message }) => /new certificates in .* refused: /.test(String(message)))
    assert.equal(await shownCertificate(parts), before, 'what cannot be used leaves the old one in force')
    assert.equal((await fairway.readiness()).status, 200)

    const document = JSON.stringify(await fairway.admin('/certs'))
    assert.partialDeepStrictEqual(JSON.parse(document), {
      identity: 'spiffe://cluster.local/ns/shop/sa/waypoint',
      source: { kind: 'files', place: mesh.certs, rotations: 3, failures: 1 },
      chain: [{ sha256: before.replaceAll(':', '').toLowerCase() }],
    })
    assert.match(document, /"troubles":\["the next certificate cannot be had, or not all of it: new certificates in /)
    assert.doesNotMatch(document, /PRIVATE|BEGIN/)
    const told = ['rotations_total', 'failures_total', 'info'].map((name) =>
      fairway.metric(`fairway_certificate_${name}`),
    )
    assert.deepEqual(await Promise.all(told), [3, 1, 1], 'once, however many workers there are')

    const report = await load.stop()
    t.diagnostic(`${report.requests} requests`)
    assert.deepEqual(report.failures, [])
  })
}
