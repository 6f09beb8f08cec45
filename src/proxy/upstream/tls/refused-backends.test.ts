import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { TlsOptions } from 'node:tls'
import { advanceInSteps, createFakeClock } from '../../../../test/support/fake-clock.ts'
import { TlsMesh, TRANSPORTS } from '../../../../test/support/tls/tls-mesh.ts'
import { createBackendCa } from '../../../../test/support/tls/backend-ca.ts'
import { answerEach, serveTcp, serveTls } from '../../../../test/support/tls/tls-app.ts'
import { until } from '../../../../test/support/mesh/mesh.ts'
import type { BackendTls } from '../../../model/endpoint.ts'

const HOST = 'orders.shop.svc'
const SPIFFE = 'spiffe://other.org/ns/shop/sa/orders'
const HOUR_MS = 3_600_000
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

const ca = createBackendCa()
const good = ca.issue([HOST])
const stranger = createBackendCa('somebody else')

let setting: TlsMesh
afterEach(() => setting.close())

const sans = (type: 'Hostname' | 'URI', value: string): Partial<BackendTls> => ({ subjectAltNames: [{ type, value }] })

interface Case {
  readonly name: string
  readonly server?: TlsOptions
  readonly policy?: Partial<BackendTls>
  /** What the log says; absent: the request is answered. */
  readonly why?: RegExp
}

const cases: readonly Case[] = [
  { name: 'a certificate of the CA for the hostname' },
  { name: 'TLS 1.2', server: { maxVersion: 'TLSv1.2' } },
  { name: 'no ALPN', server: { ALPNProtocols: [] } },
  { name: 'a listed name', server: ca.issue(['other.shop']), policy: sans('Hostname', 'other.shop') },
  { name: 'a listed URI', server: ca.issue([SPIFFE]), policy: sans('URI', SPIFFE) },
  { name: 'the second of two roots', policy: { ca: [stranger.pem, ca.pem] } },
  { name: 'a root in a bundle', policy: { ca: [`# first\n${stranger.pem}\n# second\n${ca.pem}`] } },
  { name: 'a certificate of another CA', server: stranger.issue([HOST]), why: /does not lead to a CA of the policy/ },
  { name: 'another hostname', server: ca.issue(['carts.shop']), why: /is refused: its certificate is for DNS:carts/ },
  { name: 'a hostname that is not listed', policy: sans('Hostname', 'other.shop'), why: /and not for other\.shop$/ },
  {
    name: 'a URI that is not listed',
    server: ca.issue([`${SPIFFE}2`]),
    policy: sans('URI', SPIFFE),
    why: /is refused/,
  },
  { name: 'no names', server: ca.issue([], { commonName: HOST }), why: /is for no name at all/ },
  {
    name: 'an expired certificate',
    server: ca.issue([HOST], { notAfterMs: Date.now() - 1000 }),
    why: /not valid at this/,
  },
  {
    name: 'one of the future',
    server: ca.issue([HOST], { notBeforeMs: Date.now() + HOUR_MS / 2 }),
    why: /not valid at this/,
  },
  {
    name: 'one for clients',
    server: ca.issue([HOST], { purposes: ['clientAuth'] }),
    why: /may not be used by a server/,
  },
  { name: 'no roots', policy: { ca: [] }, why: /does not lead to a CA of the policy/ },
  {
    name: 'roots that are damaged',
    policy: { ca: ['-----BEGIN CERTIFICATE-----\nx\n'] },
    why: /does not lead to a CA/,
  },
  {
    name: 'a private CA where those of the system are asked for',
    policy: { ca: 'System' },
    why: /does not lead to a CA/,
  },
  {
    name: 'TLS 1.1',
    server: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
    why: /protocol/,
  },
  { name: 'CBC', server: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }, why: /handshake failure/ },
  {
    name: 'no certificate for that SNI',
    server: { SNICallback: (_name, answer) => answer(new Error('nobody here of that name')) },
    why: /peer closed the connection|unrecognized name/,
  },
  { name: 'another protocol', server: { ALPNProtocols: ['h2'] }, why: /no application protocol/ },
  {
    name: 'a demand for our certificate',
    server: { requestCert: true, rejectUnauthorized: true, ca: ca.pem, maxVersion: 'TLSv1.2' },
    why: /handshake failure|closed the connection/,
  },
]

for (const transport of TRANSPORTS) {
  describe(`an application, ${transport}, with`, () => {
    for (const { name, server, policy, why } of cases) {
      it(`${name} is ${why === undefined ? 'spoken to' : 'refused, and gets no byte of the request'}`, async () => {
        setting = await TlsMesh.start(transport)
        let bytes = 0
        await using app = await serveTls({ ...good, ...server }, setting.at, (socket) => {
          socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
          answerEach(OK)(socket)
        })
        setting.put(ca.tls(HOST, policy), app.port)
        const answer = await (await setting.mesh.tunnel()).get()
        const { counters } = setting.mesh
        if (why === undefined) return assert.equal(answer.head.status, 200, setting.lastFailure)
        assert.equal(answer.head.status, 503)
        assert.match(setting.lastFailure, why)
        assert.ok(setting.lastFailure.startsWith(`TLS with ${HOST} at ${setting.at.address}:${app.port} `))
        assert.doesNotMatch(answer.body.toString(), /certificate|TLS/)
        assert.equal(bytes, 0)
        assert.deepEqual([counters.upstreamTlsFailures, counters.upstreamConnectFailures], [1, 1])
      })
    }

    it('plaintext is told from TLS', async () => {
      setting = await TlsMesh.start(transport)
      await using app = await serveTcp(setting.at, (socket) => socket.once('data', () => socket.write(OK)))
      setting.put(ca.tls(HOST), app.port)
      assert.equal((await (await setting.mesh.tunnel()).get()).head.status, 503)
      assert.match(setting.lastFailure, /what it sent is no TLS/)
    })

    for (const [how, end] of [
      ['closed', (socket: { end: () => void }) => socket.end()],
      ['reset', (socket: { resetAndDestroy: () => void }) => socket.resetAndDestroy()],
    ] as const) {
      it(`a connection that is ${how} in the handshake is a failure at once`, async () => {
        setting = await TlsMesh.start(transport)
        await using app = await serveTcp(setting.at, (socket) => socket.once('data', () => end(socket)))
        setting.put(ca.tls(HOST), app.port)
        assert.equal((await (await setting.mesh.tunnel()).get()).head.status, 503)
        assert.match(setting.lastFailure, /failed: the peer closed the connection/)
        assert.equal(setting.mesh.counters.upstreamTlsFailures, 1)
      })
    }

    it('a handshake that nobody answers is given up after ten seconds, and another endpoint asked', async () => {
      const clock = createFakeClock()
      setting = await TlsMesh.start(transport, { clock })
      await using silent = await serveTcp(setting.at, (socket) => socket.resume())
      await using app = await serveTls(good, setting.at, answerEach(OK))
      setting.put(ca.tls(HOST), silent.port, app.port)
      const tunnel = await setting.mesh.tunnel()
      const answer = tunnel.get()
      await until(() => (silent.sockets[0]?.bytesRead ?? 0) > 0)
      await advanceInSteps(clock, 9_000)
      assert.equal(setting.mesh.records.length, 0)
      await advanceInSteps(clock, 1_500)
      assert.equal((await answer).head.status, 200)
      assert.equal(setting.mesh.counters.deadlines.connect, 1)
      assert.match(setting.lastFailure, /timed out: does the application speak TLS\?$/)
      await until(() => silent.sockets[0]?.destroyed === true)
    })

    it('a connection that was refused is refused again, whatever it left for a shorter handshake', async () => {
      setting = await TlsMesh.start(transport)
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        await using app = await serveTls({ ...ca.issue(['carts.shop']), maxVersion }, setting.at, answerEach(OK))
        setting.put(ca.tls(HOST), app.port)
        const tunnel = await setting.mesh.tunnel()
        for (let i = 0; i < 3; i++) assert.equal((await tunnel.get()).head.status, 503)
        assert.ok(app.sockets.every((socket) => !socket.isSessionReused()))
      }
    })

    it('a waypoint that ends leaves no handshake behind', async () => {
      setting = await TlsMesh.start(transport, { clock: createFakeClock() })
      await using silent = await serveTcp(setting.at, (socket) => socket.resume())
      setting.put(ca.tls(HOST), silent.port)
      const tunnel = await setting.mesh.tunnel()
      tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
      await until(() => (silent.sockets[0]?.bytesRead ?? 0) > 0)
      await setting.close()
      await until(() => silent.sockets[0]?.destroyed === true)
    })
  })
}
