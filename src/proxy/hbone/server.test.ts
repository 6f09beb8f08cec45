import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterEach, test } from 'node:test'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { createDevCa } from '../../identity/ca/dev-ca.ts'
import { clientTlsOptions } from '../../identity/tls.ts'
import { systemClock } from '../../lib/clock.ts'
import { request } from '../../../test/support/http/h2-socket.ts'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { Mesh, VIP, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import { Counters } from '../counters.ts'
import { Flusher } from '../flusher.ts'
import { HboneServer } from './server.ts'
import type { TunnelRequest } from './server.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const clientTls = async (): Promise<ConnectionOptions> => clientTlsOptions(await mesh.ca.issue(identityOf('client')))

/** Connects and waits until the waypoint has closed; what it sent as plaintext by then. */
const closedBy = async (options: ConnectionOptions, bytes = ''): Promise<Buffer> => {
  const socket = connect({ ...options, host: '127.0.0.1', port: mesh.port })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.once('secureConnect', () => socket.write(bytes))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks)
}

test('a peer without a certificate is refused in the handshake', async () => {
  mesh = await Mesh.start()
  await closedBy({ ca: mesh.ca.rootPem, ALPNProtocols: ['h2'], checkServerIdentity: () => undefined })
  await until(() => mesh.counters.tlsHandshakeFailures === 1)
  assert.equal(mesh.counters.connectionsTotal, 0)
})

test('an expired certificate is refused in the handshake, and the log says so', async () => {
  mesh = await Mesh.start()
  const hour = 3_600_000
  const credentials = await mesh.ca.issue(identityOf('client'), { notBeforeMs: Date.now() - 2 * hour, ttlMs: -hour })
  const client = await mesh.dial({ credentials })
  await assert.rejects(openTunnel(client, VIP))
  await until(() => mesh.counters.tlsHandshakeFailures === 1)
  assert.ok(mesh.logs.some((line) => line.includes('CERT_HAS_EXPIRED')))
})

test('a certificate of another CA is refused', async () => {
  mesh = await Mesh.start()
  const dir = `${process.env['TMPDIR'] ?? '/tmp'}/fairway-other-ca-${process.pid}`
  const other = await createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
  const foreign = await other.issue(identityOf('client'))
  const client = await mesh.dial({ credentials: { ...foreign, trustRootsPem: mesh.ca.rootPem } })
  await assert.rejects(openTunnel(client, VIP))
  await until(() => mesh.counters.tlsHandshakeFailures === 1)
})

test('a foreign trust domain is refused after the handshake, an alias is let in', async () => {
  mesh = await Mesh.start({ trustDomains: ['cluster.local', 'old.example'] })
  const foreign = await mesh.dial({ identity: identityOf('client', 'evil.example') })
  await assert.rejects(openTunnel(foreign, VIP))
  assert.equal(mesh.counters.untrustedPeers, 1)
  assert.ok(mesh.logs.some((line) => line.includes('evil.example') && line.includes('foreign trust domain')))
  const alias = await openTunnel(await mesh.dial({ identity: identityOf('client', 'old.example') }), VIP)
  assert.equal((await alias.get()).head.status, 200)
  assert.equal((await mesh.record(1)).source.principal, identityOf('client', 'old.example'))
})

test('a peer that does not offer h2 is refused', async () => {
  mesh = await Mesh.start()
  const { ALPNProtocols: _, ...options } = await clientTls()
  await closedBy(options)
  assert.equal(mesh.counters.untrustedPeers, 1)
})

test('a flood of bad handshakes is one line in the log', async () => {
  mesh = await Mesh.start()
  await Promise.all(
    Array.from({ length: 30 }, () =>
      closedBy({ ca: mesh.ca.rootPem, ALPNProtocols: ['h2'], checkServerIdentity: () => undefined }),
    ),
  )
  await until(() => mesh.counters.tlsHandshakeFailures === 30)
  assert.equal(mesh.logs.filter((line) => line.includes('handshake failed')).length, 1)
})

test('bytes that are no TLS, and connections that go in the middle of it, are survived', async () => {
  mesh = await Mesh.start()
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03', '']) {
    const socket = connectTcp(mesh.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.end(bytes)
    socket.resume()
    await once(socket, 'close')
  }
  assert.equal((await (await mesh.tunnel()).get()).head.status, 200)
})

test('garbage instead of the preface: GOAWAY, and the connection is closed', async () => {
  mesh = await Mesh.start()
  const answer = await closedBy(await clientTls(), 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.ok(answer.includes(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1])), 'a GOAWAY with PROTOCOL_ERROR')
  await until(() => mesh.counters.openConnections === 0)
})

test('a request other than CONNECT is answered 405 and counted; the connection goes on', async () => {
  mesh = await Mesh.start()
  const { connection } = await mesh.dialRaw()
  const answer = await request(connection, [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', VIP])
  assert.deepEqual(answer.fields.slice(0, 5), [':status', '405', 'allow', 'CONNECT', 'date'])
  assert.equal(mesh.counters.connectRefused.notConnect, 1)
  assert.equal(mesh.counters.openTunnels, 0)
  assert.equal(connection.isOpen, true)
})

test('an extended CONNECT, which was never offered, is a stream error', async () => {
  mesh = await Mesh.start()
  const { connection } = await mesh.dialRaw()
  const fields = [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'http', ':path', '/', ':authority', VIP]
  await assert.rejects(request(connection, fields), /stream reset with 1/)
  assert.equal(mesh.counters.openTunnels, 0)
  assert.equal(connection.isOpen, true)
})

test('a CONNECT that ends its stream at once: the tunnel is answered and ended', async () => {
  mesh = await Mesh.start()
  const { connection } = await mesh.dialRaw()
  const answer = await request(connection, [':method', 'CONNECT', ':authority', VIP])
  assert.equal(answer.fields[1], '200')
  assert.equal(answer.body.length, 0)
  await until(() => mesh.counters.openTunnels === 0)
})

test('baggage names the client where it agrees with the certificate; ever new baggage is not kept', async () => {
  mesh = await Mesh.start()
  const { connection } = await mesh.dialRaw()
  const send = async (baggage: string): Promise<void> => {
    const seen = mesh.records.length
    const stream = connection.open(
      [':method', 'CONNECT', ':authority', VIP, 'baggage', baggage],
      { onHeaders: () => {}, onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} },
      false,
    )
    connection.text(stream, 'GET / HTTP/1.1\r\nhost: api\r\n\r\n')
    await until(() => mesh.records.length > seen)
    connection.reset(stream, 0)
  }
  await send('k8s.namespace.name=shop,k8s.pod.name=front,service.name=front')
  await send('k8s.namespace.name=shop,k8s.pod.name=front,service.name=front')
  await send('k8s.namespace.name=other,k8s.pod.name=liar')
  for (let i = 0; i < 40; i++) await send(`k8s.namespace.name=shop,k8s.pod.name=p${i}`)
  await send(`k8s.namespace.name=shop,k8s.pod.name=long,x=${'y'.repeat(5000)}`)
  const sources = mesh.records.map(({ source }) => source)
  assert.equal(sources[0]?.workload, 'front')
  assert.equal(sources[0], sources[1])
  assert.equal(sources[2]?.workload, undefined)
  assert.equal(sources.at(-1)?.workload, undefined)
  assert.ok(new Set(sources).size <= 33, `${new Set(sources).size} sources`)
})

test('more connections than allowed are closed, and room is made by those that go', async () => {
  mesh = await Mesh.start()
  const warnings: string[] = []
  const counters = new Counters()
  const server = new HboneServer({
    credentials: await mesh.ca.issue(identityOf('waypoint')),
    trustDomains: ['cluster.local'],
    tls: {},
    flusher: new Flusher(),
    counters,
    maxConnections: 2,
    onTunnel: (tunnel) => tunnel.refuse(404),
    onWarning: (message) => warnings.push(message),
  })
  mesh.port = await server.listen({ host: '127.0.0.1', port: 0, reusePort: false })
  const clients = [await mesh.dial(), await mesh.dial()]
  for (const client of clients) await assert.rejects(openTunnel(client, VIP), /404/)
  await assert.rejects(openTunnel(await mesh.dial(), VIP))
  assert.deepEqual(warnings, ['HBONE connections refused: 2 are open, and no more may be'])
  assert.equal(counters.connectionsDropped, 1)
  clients[0]?.destroy()
  await until(() => counters.openConnections === 1)
  await assert.rejects(openTunnel(await mesh.dial(), VIP), /404/)
  server.destroy()
  await until(() => counters.openConnections === 0)
})

/** The next one who counts a tunnel there meets a bug. */
const spoil = (load: TunnelRequest['load']): void => {
  const value = load.tunnels
  const set = (): never => {
    Object.defineProperty(load, 'tunnels', { value, writable: true, configurable: true })
    throw new Error('planned as well')
  }
  Object.defineProperty(load, 'tunnels', { get: () => value, set, configurable: true })
}

test('a fault of ours ends the tunnel it happened to, or the connection, and no other', async () => {
  mesh = await Mesh.start()
  const faults: unknown[] = []
  const counters = new Counters()
  const server = new HboneServer({
    credentials: await mesh.ca.issue(identityOf('waypoint')),
    trustDomains: ['cluster.local'],
    tls: {},
    flusher: new Flusher(),
    counters,
    onTunnel: (tunnel) => {
      if (tunnel.authority === 'bug:1') throw new Error('planned')
      tunnel.refuse(404)
      if (tunnel.authority === 'bug:2') spoil(tunnel.load)
    },
    onWarning: () => {},
    onFault: (error) => faults.push(error),
  })
  mesh.port = await server.listen({ host: '127.0.0.1', port: 0, reusePort: false })
  const [unlucky, other] = [await mesh.dial(), await mesh.dial()]
  await assert.rejects(openTunnel(other, VIP), /404/)
  await assert.rejects(openTunnel(unlucky, 'bug:1'), /was reset/)
  assert.match(String(faults), /planned$/)
  assert.equal(counters.openConnections, 2)
  await assert.rejects(openTunnel(unlucky, 'bug:2'), /404/)
  await assert.rejects(openTunnel(unlucky, VIP))
  await assert.rejects(openTunnel(other, VIP), /404/)
  assert.match(String(faults), /planned,.*planned as well$/)
  await until(() => counters.openConnections === 1)
  assert.equal(counters.openTunnels, 0)
  server.destroy()
  await until(() => counters.openConnections === 0)
})
