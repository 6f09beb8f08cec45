import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { eventually } from './support/eventually.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import { dialWaypoint, tlsOf, type HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { foundCa, issueTo } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.6'
const VIP = '10.96.0.10:80'

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ...service({
    name: 'foreign',
    vip: '10.96.0.11',
    endpoints: [{ address: `${network}.1`, port: 9080 }],
    isBound: false,
  }),
]

for (const workers of workerCounts(2)) {
  describe(`clients that ${workers} workers do not serve`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    let client: HboneClient
    before(async () => {
      mesh = await createMesh(objects)
      await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
      fairway = await mesh.startFairway(workers, ['--trust-domain', 'cluster.local,old.local'])
      client = await mesh.dial(fairway)
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    /** Runs `act`, which must raise the metric by one and write a warning, and harm nobody else. */
    const isCounted = async (
      {
        metric,
        warning,
        labels,
      }: { readonly metric: string; readonly warning?: RegExp; readonly labels?: Readonly<Record<string, string>> },
      act: () => Promise<unknown>,
    ): Promise<void> => {
      const known = await fairway.metric(metric, labels)
      const from = fairway.stderr().length
      await act()
      await eventually(metric, async () => (await fairway.metric(metric, labels)) === known + 1)
      if (warning !== undefined) {
        await eventually(`a warning ${String(warning)} in ${fairway.stderr().slice(from)}`, () =>
          warning.test(fairway.stderr().slice(from)),
        )
      }
      assert.equal((await client.request(VIP)).status, 200)
    }
    const isRefused = (tls: { readonly cert?: string; readonly key?: string; readonly ca: string }): Promise<void> =>
      assert.rejects(dialWaypoint(fairway.addresses.hbone, tls))

    const handshakes = 'fairway_tls_handshake_failures_total'

    it('one without a certificate', () =>
      isCounted({ metric: handshakes, warning: /HBONE handshake failed: .*(PEER_DID_NOT_RETURN|certificate)/ }, () =>
        isRefused({ ca: mesh.ca.rootPem }),
      ))

    it('one with an expired certificate', async () => {
      const expired = await issueTo(mesh.ca, 'shop/client', { notBeforeMs: Date.now() - 7_200_000, ttlMs: -3_600_000 })
      await isCounted({ metric: handshakes, warning: /refused: CERT_HAS_EXPIRED/ }, () => isRefused(tlsOf(expired)))
    })

    it('one of another authority', async () => {
      const other = await foundCa(join(mesh.dir, 'other-ca'))
      const stranger = { ...tlsOf(await issueTo(other, 'shop/client')), ca: mesh.ca.rootPem }
      await isCounted({ metric: handshakes, warning: /HBONE handshake failed/ }, () => isRefused(stranger))
    })

    it('one of a foreign trust domain, though not one of an alias', async () => {
      const foreign = await issueTo(mesh.ca, 'evil.local/shop/client')
      const warning = /spiffe:\/\/evil\.local\/ns\/shop\/sa\/client is of a foreign trust domain/
      await isCounted({ metric: 'fairway_untrusted_peers_total', warning }, () => isRefused(tlsOf(foreign)))
      using alias = await mesh.dial(fairway, 'old.local/shop/client')
      assert.equal((await alias.request(VIP)).status, 200)
    })

    it('one that speaks plain HTTP to the port', () =>
      isCounted({ metric: handshakes }, async () => {
        const [host = '', port] = fairway.addresses.hbone.split(':')
        const socket = connectTcp(Number(port), host)
        socket.on('error', () => {})
        socket.end('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
        socket.resume()
        await once(socket, 'close')
      }))

    for (const [what, garbage] of [
      ['HTTP/1.1 instead of the preface', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
      ['bytes before the preface', '\0\0PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['a preface with garbage behind it', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\u00ff'.repeat(64)}`],
    ] as const) {
      it(`${what}: the connection ends, no other`, async () => {
        const credentials = await issueTo(mesh.ca, 'shop/client')
        const [host = '', port] = fairway.addresses.hbone.split(':')
        const socket = connectTls({
          ...tlsOf(credentials),
          host,
          port: Number(port),
          ALPNProtocols: ['h2'],
          checkServerIdentity: () => undefined,
        })
        socket.on('error', () => {})
        await once(socket, 'secureConnect')
        socket.write(garbage, 'latin1')
        socket.resume()
        await once(socket, 'close')
        assert.equal((await client.request(VIP)).status, 200)
      })
    }

    const refusals: readonly (readonly [string, string, number, string])[] = [
      ['an address that nobody knows', '10.96.9.9:80', 404, 'unbound_authority'],
      ['a Service of no waypoint', '10.96.0.11:80', 404, 'unbound_authority'],
      ['a port that the Service does not have', '10.96.0.10:81', 404, 'unbound_authority'],
      ['a pod, since this waypoint is for services', `${network}.1:9080`, 404, 'unbound_authority'],
      ['no port', '10.96.0.10', 400, 'bad_authority'],
      ['the port of the tunnel itself', '10.96.0.10:15008', 400, 'self_call'],
    ]
    for (const [what, authority, status, reason] of refusals) {
      it(`CONNECT to ${what} is answered ${status}`, () =>
        isCounted({ metric: 'fairway_connect_refused_total', labels: { reason } }, async () => {
          assert.equal((await client.connect(authority)).status, status)
        }))
    }

    it('anything but CONNECT is answered 405', () =>
      isCounted({ metric: 'fairway_connect_refused_total', labels: { reason: 'not_connect' } }, async () => {
        const stream = client.session.request({ ':method': 'GET', ':path': '/', ':authority': VIP, ':scheme': 'https' })
        stream.on('error', () => {})
        const { promise, resolve } = Promise.withResolvers<unknown[]>()
        stream.once('response', (headers) => resolve([headers[':status'], headers['allow']]))
        assert.deepEqual(await promise, [405, 'CONNECT'])
      }))
  })
}
