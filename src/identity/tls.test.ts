import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import tls, { type ConnectionOptions, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { systemClock } from '../lib/clock.ts'
import { formatSpiffeId, type SpiffeId } from '../model/identity.ts'
import type { Credentials } from './credentials.ts'
import { createDevCa, type DevCa } from './ca/dev-ca.ts'
import { isTrusted, readPeerIdentity, type PeerIdentity } from './trust/peer.ts'
import { clientTlsOptions, explainHandshakeFailure, rotateServerContext, serverTlsOptions } from './tls.ts'

const dir = await mkdtemp(join(tmpdir(), 'fairway-tls-'))
after(() => rm(dir, { recursive: true, force: true }))
const openCa = (name: string): Promise<DevCa> =>
  createDevCa({ dir: join(dir, name), trustDomain: 'cluster.local', clock: systemClock })
const ca = await openCa('ours')
const foreignCa = await openCa('foreign')

const named = (serviceAccount: string, trustDomain = 'cluster.local'): SpiffeId =>
  formatSpiffeId({ trustDomain, namespace: 'shop', serviceAccount })
const waypoint = await ca.issue(named('waypoint'))
const client = await ca.issue(named('client'))

const listen = async (t: TestContext, options: TlsOptions): Promise<Server> => {
  const server = tls.createServer(options, (socket) => {
    socket.on('error', () => {})
    // Tells the client that the handshake is over on this side too; in TLS 1.3 the client is done before the server.
    socket.write('hello')
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return server
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

/** Connects and waits for the first byte, so that both sides have finished; rejects with what the handshake failed of. */
const dial = async (t: TestContext, server: Server, options: ConnectionOptions): Promise<TLSSocket> => {
  const socket = tls.connect({ ...options, host: '127.0.0.1', port: portOf(server) })
  t.after(() => socket.destroy())
  const over = once(socket, 'close').then(() => assert.fail('closed before the first byte'))
  await Promise.race([once(socket, 'data'), over])
  return socket
}

/** What the server side sees of a client. */
const identify = async (t: TestContext, options: ConnectionOptions): Promise<PeerIdentity> => {
  const server = await listen(t, serverTlsOptions(waypoint))
  const accepted = once(server, 'secureConnection')
  await dial(t, server, options)
  const [socket]: TLSSocket[] = await accepted
  assert.ok(socket)
  return readPeerIdentity(socket)
}

const plainContext = (credentials: Credentials): ConnectionOptions => ({
  cert: credentials.certificateChainPem,
  key: credentials.privateKeyPem,
  ca: waypoint.trustRootsPem,
  checkServerIdentity: () => undefined,
  ALPNProtocols: ['h2'],
})

const whoIs = (socket: TLSSocket) => {
  const peer = readPeerIdentity(socket)
  assert.ok(peer.ok)
  return { identity: peer.identity, notAfterMs: peer.notAfterMs }
}

test('both sides read each other’s identity from one TLS 1.3 handshake with AES-GCM and h2', async (t) => {
  const server = await listen(t, serverTlsOptions(waypoint))
  const accepted = once(server, 'secureConnection')
  const socket = await dial(t, server, clientTlsOptions(client))
  const [other]: TLSSocket[] = await accepted
  assert.ok(other)
  assert.deepEqual(whoIs(socket), { identity: waypoint.identity, notAfterMs: waypoint.notAfterMs })
  assert.deepEqual(whoIs(other), { identity: client.identity, notAfterMs: client.notAfterMs })
  assert.equal(socket.getProtocol(), 'TLSv1.3')
  assert.match(socket.getCipher().name, /^TLS_AES_(256_GCM_SHA384|128_GCM_SHA256)$/)
  assert.equal(socket.alpnProtocol, 'h2')
  assert.equal(other.servername, false)
})

const refusedClients: readonly { readonly what: string; readonly options: () => Promise<ConnectionOptions> }[] = [
  {
    what: 'without a certificate',
    options: async () => ({ ca: ca.rootPem, checkServerIdentity: () => undefined, ALPNProtocols: ['h2'] }),
  },
  {
    what: 'with an expired certificate',
    options: async () =>
      clientTlsOptions(await ca.issue(named('client'), { notBeforeMs: Date.now() - 20_000, ttlMs: -10_000 })),
  },
  {
    what: 'with a certificate that is not yet valid',
    options: async () => clientTlsOptions(await ca.issue(named('client'), { notBeforeMs: Date.now() + 3_600_000 })),
  },
  {
    what: 'of a foreign CA',
    options: async () =>
      clientTlsOptions({ ...(await foreignCa.issue(named('client'))), trustRootsPem: waypoint.trustRootsPem }),
  },
  {
    what: 'whose certificate is for servers only',
    options: async () => clientTlsOptions(await ca.issue(named('client'), { purposes: ['serverAuth'] })),
  },
  { what: 'that speaks TLS 1.2 at most', options: async () => ({ ...plainContext(client), maxVersion: 'TLSv1.2' }) },
  {
    what: 'that offers ChaCha20 only',
    options: async () => ({ ...plainContext(client), ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }),
  },
  {
    what: 'that offers only http/1.1',
    options: async () => ({ ...plainContext(client), ALPNProtocols: ['http/1.1'] }),
  },
]

for (const { what, options } of refusedClients) {
  test(`a client ${what} is refused in the handshake`, async (t) => {
    const server = await listen(t, serverTlsOptions(waypoint))
    let accepted = 0
    server.on('secureConnection', () => accepted++)
    await assert.rejects(dial(t, server, await options()))
    assert.equal(accepted, 0)
    // The same server takes a good client: the refusal is not for another reason.
    await dial(t, server, clientTlsOptions(client))
    assert.equal(accepted, 1)
  })
}

const explained: readonly (readonly [why: string, options: () => Promise<ConnectionOptions>])[] = [
  [
    'the client’s certificate is refused: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    async () => clientTlsOptions({ ...(await foreignCa.issue(named('client'))), trustRootsPem: ca.rootPem }),
  ],
  [
    'the client’s certificate is refused: CERT_HAS_EXPIRED',
    async () => clientTlsOptions(await ca.issue(named('client'), { notBeforeMs: Date.now() - 20_000, ttlMs: -10_000 })),
  ],
  [
    'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
    async () => ({ ca: ca.rootPem, checkServerIdentity: () => undefined, ALPNProtocols: ['h2'] }),
  ],
]

for (const [why, options] of explained) {
  test(`a failed handshake is explained: ${why}`, async (t) => {
    const server = await listen(t, serverTlsOptions(waypoint))
    const failed = once(server, 'tlsClientError')
    await assert.rejects(dial(t, server, await options()))
    const [error, socket] = await failed
    assert.equal(explainHandshakeFailure(error, socket), why.replace('’', "'"))
  })
}

test('of a verdict that says nothing what it comes from is told', () => {
  const socket = { authorizationError: 'UNSPECIFIED' } as unknown as TLSSocket
  assert.match(explainHandshakeFailure(new Error('socket hang up'), socket), /: UNSPECIFIED \(.*weak key.*SHA-1/)
})

test('a foreign trust domain under the same CA passes the handshake and fails the check', async (t) => {
  const peer = await identify(t, clientTlsOptions(await ca.issue(named('client', 'evil.example'))))
  assert.ok(peer.ok)
  assert.equal(isTrusted(peer.identity, ['cluster.local']), false)
  assert.equal(isTrusted(peer.identity, ['cluster.local', 'evil.example']), true)
})

test('trust domains are compared whole', () => {
  assert.equal(isTrusted(named('a', 'cluster.local.evil'), ['cluster.local']), false)
  assert.equal(isTrusted(named('a', 'cluster'), ['cluster.local']), false)
  assert.equal(isTrusted(named('a'), []), false)
  assert.equal(isTrusted(named('a'), ['old.example', 'cluster.local']), true)
})

test('a client that offers no ALPN has no identity', async (t) => {
  const { ALPNProtocols: _, ...options } = plainContext(client)
  const peer = await identify(t, options)
  assert.deepEqual(peer, { ok: false, reason: 'noAlpn', message: 'the peer did not offer the protocol h2 (ALPN)' })
})

test('our client refuses a server of a foreign CA, an expired one and one without serverAuth', async (t) => {
  const servers = [
    { ...(await foreignCa.issue(named('api'))), trustRootsPem: ca.rootPem },
    await ca.issue(named('api'), { notBeforeMs: Date.now() - 20_000, ttlMs: -10_000 }),
    await ca.issue(named('api'), { purposes: ['clientAuth'] }),
  ]
  for (const credentials of servers) {
    const server = await listen(t, serverTlsOptions(credentials))
    await assert.rejects(dial(t, server, clientTlsOptions(client)), /certificate|unsuitable/i)
  }
})

test('our client refuses a server that speaks TLS 1.2 at most', async (t) => {
  const server = await listen(t, {
    ...serverTlsOptions(waypoint),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'DEFAULT',
  })
  await assert.rejects(dial(t, server, clientTlsOptions(client)), /protocol version/)
})

test('after a rotation new connections get the new certificate, and TLS 1.2 and ChaCha20 stay refused', async (t) => {
  const server = await listen(t, serverTlsOptions(waypoint))
  const next = await ca.issue(named('waypoint-next'))
  rotateServerContext(server, next)
  const peer = readPeerIdentity(await dial(t, server, clientTlsOptions(client)))
  assert.equal(peer.ok && peer.identity, next.identity)
  await assert.rejects(dial(t, server, { ...plainContext(client), maxVersion: 'TLSv1.2' }), /protocol version/)
  await assert.rejects(dial(t, server, { ...plainContext(client), ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }))
  await assert.rejects(dial(t, server, { ca: ca.rootPem, checkServerIdentity: () => undefined, ALPNProtocols: ['h2'] }))
})

test('after a rotation of the roots a client of the old CA is refused', async (t) => {
  const server = await listen(t, serverTlsOptions(waypoint))
  const foreignClient = { ...(await foreignCa.issue(named('client'))), trustRootsPem: ca.rootPem + foreignCa.rootPem }
  rotateServerContext(server, { ...waypoint, trustRootsPem: foreignCa.rootPem })
  await dial(t, server, clientTlsOptions(foreignClient))
  await assert.rejects(dial(t, server, clientTlsOptions(client)))
})

test('several roots in one bundle are all trusted', async (t) => {
  const server = await listen(t, serverTlsOptions({ ...waypoint, trustRootsPem: foreignCa.rootPem + ca.rootPem }))
  await dial(t, server, clientTlsOptions(client))
  await dial(t, server, clientTlsOptions({ ...(await foreignCa.issue(named('c'))), trustRootsPem: ca.rootPem }))
})

for (const label of ['X509 CERTIFICATE', 'TRUSTED CERTIFICATE']) {
  test(`of a bundle OpenSSL gets what is shown as roots, and no ${label} beside it`, async (t) => {
    const trustRootsPem = waypoint.trustRootsPem + foreignCa.rootPem.replaceAll('CERTIFICATE', label)
    const server = await listen(t, serverTlsOptions({ ...waypoint, trustRootsPem }))
    const refused = once(server, 'tlsClientError')
    const stranger = { ...(await foreignCa.issue(named('client'))), trustRootsPem: waypoint.trustRootsPem }
    await assert.rejects(dial(t, server, clientTlsOptions(stranger)))
    const [, socket] = await refused
    assert.equal(socket.authorizationError, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })
}

test('no ticket is given, so a session cannot be resumed', async (t) => {
  for (const rotate of [false, true]) {
    const server = await listen(t, serverTlsOptions(waypoint))
    if (rotate) rotateServerContext(server, waypoint)
    let session: Buffer | undefined
    const first = tls.connect({ ...clientTlsOptions(client), host: '127.0.0.1', port: portOf(server) })
    t.after(() => first.destroy())
    first.on('session', (data: Buffer) => {
      session = data
    })
    await once(first, 'data')
    session ??= first.getSession()
    const second = await dial(t, server, { ...clientTlsOptions(client), ...(session === undefined ? {} : { session }) })
    assert.equal(second.isSessionReused(), false)
    assert.equal(readPeerIdentity(second).ok, true)
  }
})

test('groups can be set, and sides without a common one do not meet', async (t) => {
  const server = await listen(t, serverTlsOptions(waypoint, { groups: 'P-384' }))
  await dial(t, server, clientTlsOptions(client, { groups: 'X25519:P-384' }))
  await assert.rejects(dial(t, server, clientTlsOptions(client, { groups: 'X25519' })))
})

test('a key that does not fit is refused before anybody connects', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const broken = { ...client, privateKeyPem: other }
  assert.throws(() => clientTlsOptions(broken), /key values mismatch/)
})

test('a socket that was not authorized has no identity, whatever it shows', () => {
  const socket = {
    authorized: false,
    alpnProtocol: 'h2',
    isSessionReused: () => false,
    getPeerX509Certificate: () => assert.fail('not to be read'),
  }
  assert.equal(readPeerIdentity(socket).ok, false)
})
