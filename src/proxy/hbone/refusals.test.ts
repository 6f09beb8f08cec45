/** Clients that are not let in, with Node's TLS and with OpenSSL's own: each is counted by one reason, and harms nobody. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { identityOf, until } from '../../../test/support/mesh/mesh.ts'
import { skipWithout } from '../../../test/support/peer-process.ts'
import { SClient } from '../../../test/support/tls/s-client.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import type { LeafParts } from '../../../test/support/tls/test-ca.ts'
import { createCertificate } from '../../identity/ca/certificate.ts'
import type { SubjectName } from '../../identity/ca/certificate.ts'
import type { Credentials } from '../../identity/credentials.ts'
import type { RefusalReason } from '../../identity/trust/refusal-reason.ts'
import { Counters } from '../counters.ts'
import { Flusher } from '../flusher.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'
import { HboneServer } from './server.ts'

const HOUR_MS = 3_600_000
const root = new TestCa('Mesh Root')
const foreign = new TestCa('Another Root')
const client = identityOf('client')
const GOOD = root.issue(client)
const EVIL = 'spiffe://cluster.local/ns/kube-system/sa/admin'
const issue = (parts: LeafParts): Credentials => root.issue(client, parts)
const withNames = (...names: readonly SubjectName[]): Credentials => issue({ names })
const uri = (value: string): SubjectName => ({ type: 'URI', value })
const revoked = issue({})
const issuer = new TestCa('Issuer', { parent: root })

/** A client as Node's `tls.connect` takes it; what it says is told to OpenSSL too. */
interface Hostile {
  readonly what: string
  readonly reason: RefusalReason
  /** If it is another one with Node. */
  readonly ofNode?: RefusalReason
  readonly credentials?: Credentials
  /** Whom it trusts; default: our root. */
  readonly ca?: string
  readonly tls?: Pick<
    ConnectionOptions,
    'maxVersion' | 'minVersion' | 'ciphers' | 'ALPNProtocols' | 'sigalgs' | 'ecdhCurve'
  >
  readonly args?: readonly string[]
}

const clients: readonly Hostile[] = [
  { what: 'has no certificate', reason: 'noCertificate' },
  {
    what: 'has one that ran out',
    reason: 'expired',
    credentials: issue({ notBeforeMs: Date.now() - 2 * HOUR_MS, notAfterMs: Date.now() - HOUR_MS }),
  },
  {
    what: 'has one that is not yet valid',
    reason: 'notYetValid',
    credentials: issue({ notBeforeMs: Date.now() + HOUR_MS }),
  },
  { what: 'is of another root', reason: 'untrustedRoot', credentials: foreign.issue(client) },
  {
    what: 'is of another root, and shows it',
    reason: 'untrustedRoot',
    credentials: withChain(foreign.issue(client), foreign.pem),
  },
  {
    what: 'is of another root with the name of ours',
    reason: 'untrustedRoot',
    credentials: new TestCa('Mesh Root').issue(client),
  },
  {
    what: 'was signed by a workload',
    reason: 'badChain',
    credentials: signedByWorkload(),
  },
  {
    what: 'has a certificate for servers only',
    reason: 'wrongUsage',
    credentials: issue({ purposes: ['serverAuth'] }),
  },
  { what: 'was revoked', reason: 'revoked', credentials: revoked },
  { what: 'is of a CA that was revoked', reason: 'revoked', credentials: issuer.issue(client) },
  {
    what: 'is of a foreign trust domain',
    reason: 'foreignTrustDomain',
    credentials: root.issue(identityOf('client', 'evil.example')),
  },
  {
    what: 'is of a trust domain that begins as ours',
    reason: 'foreignTrustDomain',
    credentials: root.issue(identityOf('client', 'cluster.local.evil.example')),
  },
  { what: 'has no name', reason: 'noIdentity', credentials: withNames() },
  { what: 'has a DNS name', reason: 'noIdentity', credentials: withNames({ type: 'DNS', value: 'client.shop' }) },
  { what: 'has two URI names', reason: 'severalIdentities', credentials: withNames(uri(client), uri(EVIL)) },
  { what: 'has its URI name twice', reason: 'severalIdentities', credentials: withNames(uri(client), uri(client)) },
  {
    what: 'has a DNS name that spells a URI name behind a comma',
    reason: 'noIdentity',
    credentials: withNames({ type: 'DNS', value: `x, URI:${EVIL}` }),
  },
  {
    what: 'has a DNS name that ends its own quotes',
    reason: 'noIdentity',
    credentials: withNames({ type: 'DNS', value: `x", URI:${EVIL}, DNS:"` }),
  },
  { what: 'has a URI name with a comma', reason: 'badIdentity', credentials: withNames(uri(`${client}, URI:${EVIL}`)) },
  { what: 'has a URI name with quotes', reason: 'badIdentity', credentials: withNames(uri(`"${client}"`)) },
  { what: 'has a URI name of no workload', reason: 'badIdentity', credentials: withNames(uri('https://a.example/')) },
  {
    what: 'speaks TLS 1.2',
    reason: 'protocolVersion',
    credentials: GOOD,
    tls: { maxVersion: 'TLSv1.2' },
    args: ['-tls1_2'],
  },
  {
    what: 'has ChaCha20 only',
    reason: 'noSharedCipher',
    credentials: GOOD,
    tls: { ciphers: 'TLS_CHACHA20_POLY1305_SHA256' },
    args: ['-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256'],
  },
  {
    what: 'wants a certificate with RSA',
    reason: 'noSharedSignature',
    credentials: GOOD,
    tls: { sigalgs: 'RSA+SHA256' },
    args: ['-sigalgs', 'RSA+SHA256'],
  },
  {
    what: 'has no group in common',
    reason: 'noSharedGroup',
    credentials: GOOD,
    tls: { ecdhCurve: 'P-521' },
    args: ['-groups', 'P-521'],
  },
  { what: 'has no ALPN', reason: 'noAlpn', credentials: GOOD, tls: { ALPNProtocols: [] } },
  { what: 'speaks http/1.1', reason: 'noAlpn', credentials: GOOD, tls: { ALPNProtocols: ['http/1.1'] } },
  {
    what: 'does not trust us',
    reason: 'refusedByPeer',
    // Node leaves without a word.
    ofNode: 'peerGone',
    credentials: GOOD,
    ca: foreign.pem,
    args: ['-verify_return_error'],
  },
]

/** What is no handshake at all. */
const strangers: readonly (readonly [what: string, reason: RefusalReason, bytes: string])[] = [
  ['speaks HTTP/1.1', 'notTls', 'GET / HTTP/1.1\r\n\r\n'],
  ['speaks HTTP/2', 'notTls', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['sends a ClientHello that is none', 'malformed', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03'],
  ['goes in the middle', 'peerGone', '\x16\x03\x01\x00\x50\x01\x00'],
  ['sends nothing', 'peerGone', ''],
]

let server: HboneServer
let counters: Counters
let port = 0
const listen = async (handshakeMs: number): Promise<void> => {
  counters = new Counters()
  server = new HboneServer({
    credentials: {
      ...root.issue(identityOf('waypoint')),
      crlPem: root.revoke([revoked.certificateChainPem, issuer.pem]),
    },
    trustDomains: ['cluster.local'],
    tls: { groups: 'X25519:P-256' },
    flusher: new Flusher(),
    counters,
    deadlines: { ...defaultDeadlines, handshakeMs },
    onTunnel: (tunnel) => tunnel.refuse(404),
    onWarning: () => {},
  })
  port = await server.listen({ host: '127.0.0.1', port: 0, reusePort: false })
}
const close = async (): Promise<void> => {
  server.destroy()
  await until(() => counters.openConnections === 0)
}
beforeEach(() => listen(defaultDeadlines.handshakeMs))
afterEach(close)

const optionsOf = ({
  credentials,
  tls,
  ca = root.pem,
}: Pick<Hostile, 'credentials' | 'tls' | 'ca'>): ConnectionOptions => ({
  ...(credentials === undefined ? {} : { cert: credentials.certificateChainPem, key: credentials.privateKeyPem }),
  ca,
  checkServerIdentity: () => undefined,
  servername: '',
  ALPNProtocols: ['h2'],
  ...tls,
  host: '127.0.0.1',
  port,
})

/** Connects and waits until the server ends it. */
const closed = async (options: ConnectionOptions): Promise<void> => {
  const socket = connect(options)
  socket.on('error', () => {})
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
}

/** The one reason that was counted; nobody was let in. */
const countedReason = async (): Promise<string> => {
  const counted = (): readonly string[] =>
    Object.entries(counters.handshakeRefusals).flatMap(([reason, count]) => Array<string>(count).fill(reason))
  await until(() => counted().length > 0, 'a refusal')
  assert.equal(counters.connectionsTotal, 0)
  assert.equal(counters.tlsHandshakeFailures + counters.untrustedPeers, 1)
  return counted().join()
}

/** The same, and that a good client is let in. */
const theReason = async (): Promise<string> => {
  const reason = await countedReason()
  const good = connect(optionsOf({ credentials: GOOD }))
  good.on('error', () => {})
  await once(good, 'data')
  good.destroy()
  assert.equal(counters.connectionsTotal, 1)
  return reason
}

describe('with Node', () => {
  for (const hostile of clients) {
    const { what, reason, ofNode = reason } = hostile
    test(`a client that ${what} is refused: ${ofNode}`, async () => {
      await closed(optionsOf(hostile))
      assert.equal(await theReason(), ofNode)
    })
  }

  const sendAndClose = async (bytes: string, how: 'end' | 'write'): Promise<void> => {
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket[how](bytes, 'latin1')
    socket.resume()
    await once(socket, 'close')
  }

  for (const [what, reason, bytes] of strangers) {
    test(`a client that ${what} is refused: ${reason}`, async () => {
      await sendAndClose(bytes, 'end')
      assert.equal(await theReason(), reason)
    })
  }

  test('a client that stays in the middle is refused: timeout', async () => {
    // Only here: so little would be too little for anybody on a machine that is busy.
    await close()
    await listen(50)
    await sendAndClose('\x16\x03\x01', 'write')
    assert.equal(await countedReason(), 'timeout')
  })

  test('a session cannot be resumed: who tries shows a certificate again, or is refused', async () => {
    const first = connect(optionsOf({ credentials: GOOD }))
    const [session]: Buffer[] = await once(first, 'session')
    assert.ok(session)
    first.destroy()
    await until(() => counters.openConnections === 0)
    const again = connect({ ...optionsOf({ credentials: GOOD }), session })
    again.on('error', () => {})
    await once(again, 'data')
    assert.equal(again.isSessionReused(), false)
    again.destroy()
    await closed({ ...optionsOf({}), session })
    await until(() => counters.handshakeRefusals.noCertificate === 1)
    assert.equal(counters.connectionsTotal, 2)
  })
})

describe('with OpenSSL', { skip: skipWithout('openssl', 'version') }, () => {
  let openssl: SClient
  before(() => (openssl = new SClient()))
  after(() => openssl[Symbol.dispose]())

  for (const hostile of clients) {
    test(`a client that ${hostile.what} is refused: ${hostile.reason}`, async () => {
      const { cert, key, ca, ALPNProtocols } = optionsOf(hostile)
      const protocols =
        Array.isArray(ALPNProtocols) && ALPNProtocols.length > 0 ? ['-alpn', ALPNProtocols.join(',')] : []
      const args = [...protocols, ...(hostile.args ?? [])]
      await openssl.run({ port, cert: textOf(cert), key: textOf(key), ca: textOf(ca) ?? '', args })
      assert.equal(await theReason(), hostile.reason)
    })
  }
})

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A workload that plays CA with its own key. */
function signedByWorkload(): Credentials {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const dates = { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + HOUR_MS }
  const usage = { kind: 'leaf', names: [uri(client)], purposes: ['clientAuth'] } as const
  const commonName = 'a workload'
  const own = createCertificate({ publicKey: keys.publicKey, issuer: root.issuer, commonName, ...dates, usage })
  return withChain(new TestCa(commonName, { keys }).issue(client), own)
}

function withChain(credentials: Credentials, ...cas: readonly string[]): Credentials {
  return { ...credentials, certificateChainPem: [credentials.certificateChainPem, ...cas].join('') }
}
