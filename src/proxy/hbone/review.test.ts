/** Connections that are open when it turns out that their peer is not permitted any more, on both sides of the waypoint. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../test/support/fake-clock.ts'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { Mesh, VIP, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../../test/support/mesh/mesh.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { arrivals } from '../../../test/support/turns.ts'
import type { Credentials } from '../../identity/credentials.ts'
import { clientTlsOptions } from '../../identity/tls.ts'
import type { Trust } from '../../identity/trust/trust.ts'
import { Counters } from '../counters.ts'
import { Flusher } from '../flusher.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'
import { HboneClient } from './client.ts'
import { decodeTrust } from './mesh-identity.ts'

const root = new TestCa('First Root')
const other = new TestCa('Second Root')
const own = root.issue(identityOf('waypoint'))
const pod = (): Credentials => root.issue(identityOf('api'), { trustRootsPem: root.pem + other.pem })

let mesh: Mesh
let clock: FakeClock
afterEach(() => mesh.close())

/** A waypoint that trusts both roots, and a pod of the first one. */
const start = async (credentials = pod(), options: MeshOptions = {}): Promise<void> => {
  clock = createFakeClock(Date.now())
  mesh = await Mesh.start({ ...options, clock, pods: [{ credentials }] })
  trust(root.pem + other.pem)
}

const trust = (trustRootsPem: string, ...crls: readonly string[]): void =>
  mesh.store.replace({ ...own, trustRootsPem, ...(crls.length === 0 ? {} : { crlPem: crls.join('') }) })

interface Client {
  readonly connection: HboneClient
  readonly tunnel: ClientTunnel
  /** One in which nothing is said. */
  readonly silent: ClientTunnel
  readonly credentials: Credentials
}

const dial = async (credentials = root.issue(identityOf('client'))): Promise<Client> => {
  const connection = await mesh.dial({ credentials })
  const [tunnel, silent] = [await openTunnel(connection, VIP), await openTunnel(connection, VIP)]
  return { connection, tunnel, silent, credentials }
}

const isServed = async ({ tunnel }: Client): Promise<void> => assert.equal((await tunnel.get()).head.status, 200)

/** It was told to open nothing more here. */
const isRetired = (client: Client): Promise<void> => until(() => !client.connection.hasRoom, 'a GOAWAY')

/** It can go on with what it has, and is asked to ask elsewhere next time. */
const isServedOnce = async ({ tunnel }: Client): Promise<void> => {
  const { head } = await tunnel.get()
  assert.equal(head.status, 200)
  assert.equal(head.headers.get('connection'), 'close')
}

/** How many connections were, by the reasons that there were. */
const retired = (counters = mesh.counters): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counters.connectionsRetired).filter(([, count]) => count > 0))

const isCut = async (client: Client): Promise<void> => assert.notEqual(await client.silent.ended, 'end')

describe('clients', () => {
  test('one that is revoked may end what it has begun, for 10 s; others notice nothing', async () => {
    await start()
    const [bad, good] = [await dial(), await dial()]
    trust(root.pem + other.pem, root.revoke([bad.credentials.certificateChainPem]))
    await isRetired(bad)
    await advanceInSteps(clock, 9000)
    await isServedOnce(bad)
    await advanceInSteps(clock, 3000)
    await isCut(bad)
    await isServed(good)
    assert.equal(good.connection.hasRoom, true)
    assert.deepEqual(retired(), { revoked: 1 })
    assert.equal(mesh.counters.deadlines.distrustedPeer, 1)
    assert.ok(mesh.logs.some((line) => /HBONE connection from spiffe:.* is ended: .*was revoked/.test(line)))
    await assert.rejects(dial(bad.credentials))
    assert.equal(mesh.counters.handshakeRefusals.revoked, 1)
  })

  test('one without a tunnel is closed at once', async () => {
    await start()
    const bad = await dial()
    bad.tunnel.channel.reset(0)
    bad.silent.channel.reset(0)
    await until(() => mesh.counters.openTunnels === 0)
    trust(root.pem + other.pem, root.revoke([bad.credentials.certificateChainPem]))
    await until(() => mesh.counters.openConnections === 0)
  })

  test('a root is removed, and those whom only it vouches for', async () => {
    await start()
    const theirs = other.issue(identityOf('client'), { trustRootsPem: root.pem })
    const [bad, good] = [await dial(theirs), await dial()]
    trust(root.pem)
    await isRetired(bad)
    await advanceInSteps(clock, 12_000)
    await isCut(bad)
    await isServed(good)
    assert.deepEqual(retired(), { untrustedRoot: 1 })
    await assert.rejects(dial(theirs))
    assert.equal(mesh.counters.handshakeRefusals.untrustedRoot, 1)
  })

  test('a trust domain is no alias any more', async () => {
    await start()
    const trustDomains = (...names: [string, ...string[]]): void => mesh.apply({ ...mesh.model(), trustDomains: names })
    trustDomains('cluster.local', 'old.example')
    const alias = root.issue(identityOf('client', 'old.example'))
    const [bad, good] = [await dial(alias), await dial()]
    trustDomains('new.example', 'cluster.local', 'old.example')
    trustDomains('cluster.local')
    await isRetired(bad)
    await advanceInSteps(clock, 12_000)
    await isCut(bad)
    await isServed(good)
    assert.deepEqual(retired(), { foreignTrustDomain: 1 })
    await assert.rejects(dial(alias))
  })

  test('a new certificate of ours, one more root, a list of nobody: nobody is judged but to stay', async () => {
    await start()
    const client = await dial()
    trust(root.pem)
    mesh.store.replace({ ...root.issue(identityOf('waypoint')), trustRootsPem: root.pem })
    trust(root.pem + other.pem)
    trust(root.pem + other.pem, root.revoke([]))
    await arrivals()
    await isServed(client)
    assert.equal(client.connection.hasRoom, true)
    assert.deepEqual(retired(), {})
  })

  test('a certificate runs out: no new tunnels, and as long as is set for those that are there', async () => {
    await start(pod(), { deadlines: { ...defaultDeadlines, expiredPeerMs: 60_000 } })
    const [bad, good] = [
      await dial(root.issue(identityOf('client'), { notAfterMs: Date.now() + 60_000 })),
      await dial(),
    ]
    await advanceInSteps(clock, 58_000)
    assert.equal(bad.connection.hasRoom, true)
    await advanceInSteps(clock, 3000)
    await isRetired(bad)
    await advanceInSteps(clock, 50_000)
    await isServedOnce(bad)
    await advanceInSteps(clock, 12_000)
    await isCut(bad)
    await isServed(good)
    assert.deepEqual(retired(), { expired: 1 })
    assert.equal(mesh.counters.deadlines.expiredPeer, 1)
  })

  test('who has run out and is revoked then has no hour left', async () => {
    await start()
    // Longer than the handshake takes, by the clock of the machine.
    const bad = await dial(root.issue(identityOf('client'), { notAfterMs: Date.now() + 10_000 }))
    await advanceInSteps(clock, 13_000)
    await isRetired(bad)
    // Another list by which it is told from those that have only run out.
    trust(root.pem + other.pem, root.revoke([bad.credentials.certificateChainPem]))
    await advanceInSteps(clock, 12_000)
    await isCut(bad)
    assert.deepEqual(retired(), { expired: 1 })
  })

  test('a handshake that began before the change is judged by what is in force when it ends', async () => {
    await start()
    // Lets the ClientHello through, and the rest when it is told to.
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const relay = createServer((below) => void hold(below))
    const hold = async (below: Socket): Promise<void> => {
      const above = connectTcp(mesh.port, '127.0.0.1')
      above.pipe(below)
      below.on('error', () => {})
      above.on('error', () => {})
      const [hello]: Buffer[] = await once(below, 'data')
      below.pause()
      above.write(hello ?? '')
      await released
      below.pipe(above)
    }
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
    const { port } = relay.address() as AddressInfo
    const credentials = other.issue(identityOf('client'), { trustRootsPem: root.pem })
    const socket = connect({ ...clientTlsOptions(credentials), host: '127.0.0.1', port })
    socket.on('error', () => {})
    // Its own part is done; the waypoint waits for the certificate.
    await once(socket, 'secureConnect')
    trust(root.pem)
    release()
    await once(socket.resume(), 'close')
    relay.close()
    assert.equal(mesh.counters.handshakeRefusals.untrustedRoot, 1)
    assert.equal(mesh.counters.tlsHandshakeFailures, 0, 'OpenSSL still had both roots')
    assert.equal(mesh.counters.connectionsTotal, 0)
  })
})

describe('endpoints', () => {
  test('one that is revoked gets no byte more on a new connection, and 10 s on the one that there is', async () => {
    const credentials = pod()
    await start(credentials)
    const client = await dial()
    await isServed(client)
    trust(root.pem + other.pem, root.revoke([credentials.certificateChainPem]))
    await until(() => mesh.counters.connectionsRetired.revoked === 1)
    await until(
      () => mesh.counters.openUpstreamConnections === 0,
      'the connection to be closed, which has no tunnel in use',
    )
    assert.equal((await client.tunnel.get()).head.status, 503)
    assert.match(mesh.records.at(-1)?.upstreamFailure ?? '', /whom we do not trust .*was revoked/)
  })

  test('what is under way with one that is revoked is cut after 10 s', async () => {
    const credentials = pod()
    clock = createFakeClock(Date.now())
    mesh = await Mesh.start({ clock, pods: [{ credentials, onRequest: () => {} }] })
    trust(root.pem + other.pem)
    const client = await dial()
    const answer = client.tunnel.get()
    await until(() => mesh.pod.requests === 1)
    trust(root.pem + other.pem, root.revoke([credentials.certificateChainPem]))
    await until(() => mesh.counters.connectionsRetired.revoked === 1)
    await advanceInSteps(clock, 8000)
    assert.equal(mesh.counters.openUpstreamConnections, 1)
    await advanceInSteps(clock, 4000)
    assert.equal((await answer).head.status, 503)
    assert.equal(mesh.counters.deadlines.distrustedPeer, 1)
  })

  test('one whose root is removed', async () => {
    const credentials = other.issue(identityOf('api'), { trustRootsPem: root.pem })
    await start(credentials)
    const client = await dial()
    await isServed(client)
    trust(root.pem)
    await until(() => mesh.counters.connectionsRetired.untrustedRoot === 1)
    assert.equal((await client.tunnel.get()).head.status, 503)
  })

  test('one whose certificate runs out', async () => {
    await start(root.issue(identityOf('api'), { notAfterMs: Date.now() + 60_000 }))
    const client = await dial()
    await isServed(client)
    await advanceInSteps(clock, 62_000)
    await until(() => mesh.counters.connectionsRetired.expired === 1)
    assert.equal((await client.tunnel.get()).head.status, 503)
    assert.match(mesh.records.at(-1)?.upstreamFailure ?? '', /ran out at/)
  })
})

describe('a connection that we make', () => {
  /** Dials the waypoint with both roots, as a client that has `trust` in force when asked. */
  const dialWith = async (
    trusted: () => Trust,
  ): Promise<{ readonly connection: HboneClient; readonly counters: Counters }> => {
    await start()
    const counters = new Counters()
    const tls = clientTlsOptions({ ...root.issue(identityOf('client')), trustRootsPem: root.pem + other.pem })
    const connection = new HboneClient({
      flusher: new Flusher(),
      counters,
      mesh: { clientTls: () => tls, trust: trusted },
      address: '127.0.0.1',
      port: mesh.port,
      identity: identityOf('waypoint'),
      connectTimeoutMs: 10_000,
      onGone: () => {},
    })
    mesh.clients.push(connection)
    return { connection, counters }
  }
  const trustIn = (trustRootsPem: string): Trust =>
    decodeTrust({ ...own, trustRootsPem }, { trustDomains: [], nowMs: Date.now() })

  test('when it has just ended it is not judged by what it no longer shows', async () => {
    const trusted = trustIn(root.pem)
    const { connection, counters } = await dialWith(() => trusted)
    await openTunnel(connection, VIP)
    connection.destroy()
    connection.review(trusted, { nowMs: Date.now(), isChainProven: true })
    assert.deepEqual(retired(counters), {})
  })

  test('when roots change during its handshake it is judged by those that are left', async () => {
    let current = trustIn(root.pem + other.pem)
    const { connection, counters } = await dialWith(() => current)
    current = trustIn(other.pem)
    await assert.rejects(openTunnel(connection, VIP), /whom we do not trust .*leads to none of the trust roots/)
    assert.equal(counters.upstreamIdentityMismatches, 1)
  })
})

test('a list that is out of date is told about once, and stays in force', async () => {
  await start()
  const bad = await dial()
  const list = root.revoke([bad.credentials.certificateChainPem], { nextUpdateMs: Date.now() + 5000 })
  trust(root.pem, list)
  await isRetired(bad)
  const told = (): number => mesh.logs.filter((line) => line.includes('out of date')).length
  assert.equal(told(), 0)
  await advanceInSteps(clock, 15_000)
  assert.equal(told(), 1)
  await assert.rejects(dial(bad.credentials))
})

test('a list that nobody has signed changes nothing', async () => {
  await start()
  const client = await dial()
  trust(root.pem, root.revoke([client.credentials.certificateChainPem], { signer: other.keys.privateKey }))
  assert.ok(mesh.logs.some((line) => line.includes('new credentials cannot be used, the old ones stay')))
  await isServed(client)
  await isServed(await dial(other.issue(identityOf('client'), { trustRootsPem: root.pem })))
})
