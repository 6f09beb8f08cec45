import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { TLSSocket } from 'node:tls'
import { eventually } from './support/eventually.ts'
import { startLoad } from './support/load.ts'
import { createMesh } from './support/mesh.ts'
import { issueTo, writeCertificates } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'

const network = '127.71.8'
const VIP = '10.96.0.10:80'

for (const workers of [1, 2]) {
  it(`certificates are replaced under load without a failed request (${workers} workers)`, async (t) => {
    await using mesh = await createMesh([
      gateway,
      ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
    ])
    const pod = await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
    const fairway = await mesh.startFairway(workers)
    const load = startLoad({
      lanes: 6,
      lanesPerConnection: 2,
      dial: () => mesh.dial(fairway),
      authority: VIP,
      check: ({ status }) => (status === 200 ? undefined : `status ${status}`),
    })
    await eventually('load', () => load.requests() > 50)

    /** The fingerprint that a new client is shown. */
    const shown = async (): Promise<string> => {
      using client = await mesh.dial(fairway)
      assert.equal((await client.request(VIP)).status, 200)
      const { socket } = client.session
      assert.ok(socket instanceof TLSSocket)
      return socket.getPeerCertificate().fingerprint256
    }

    for (let round = 0; round < 3; round++) {
      const next = await issueTo(mesh.ca, 'shop/waypoint')
      const { fingerprint256 } = new X509Certificate(next.certificateChainPem)
      writeCertificates(mesh.certs, next)
      // Several, since each is served by one worker or the other.
      await eventually('new clients to be shown it', async () => {
        const seen = await Promise.all(Array.from({ length: 4 * workers }, shown))
        return seen.every((fingerprint) => fingerprint === fingerprint256)
      })
      await eventually('destinations to be shown it', () => pod.peers.includes(fingerprint256))
    }

    const before = await shown()
    writeFileSync(join(mesh.certs, 'cert-chain.pem'), 'no certificate at all')
    await fairway.waitForLog('its refusal', ({ message }) => /new certificates in .* refused: /.test(String(message)))
    assert.equal(await shown(), before, 'what cannot be used leaves the old one in force')
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
