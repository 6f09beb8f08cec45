import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createServer, type TlsOptions } from 'node:tls'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { clientTlsOptions, serverTlsOptions } from '../../identity/tls.ts'
import { Trust } from '../../identity/trust/trust.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { Counters } from '../counters.ts'
import { Flusher } from '../flusher.ts'
import { ByteBudget } from '../limits/byte-budget.ts'
import { HboneClient, type TunnelResult } from './client.ts'

const HOUR_MS = 3_600_000
const nowMs = Date.now()
const ca = new TestCa('Mesh Root')
const foreign = new TestCa('Other Root')
const identityOf = (serviceAccount: string) =>
  formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount })
const wanted = identityOf('api')
const waypoint = ca.issue(identityOf('waypoint'))

interface Case {
  readonly what: string
  readonly tls: TlsOptions | undefined
  readonly message: RegExp
}

const cases: readonly Case[] = [
  {
    what: 'whose certificate has run out',
    tls: serverTlsOptions(ca.issue(wanted, { notBeforeMs: nowMs - 2 * HOUR_MS, notAfterMs: nowMs - HOUR_MS })),
    message: /failed: its certificate is not valid at this time \(CERT_HAS_EXPIRED\)$/,
  },
  {
    what: 'of another root',
    tls: serverTlsOptions(foreign.issue(wanted)),
    message: /failed: its certificate does not lead to a trust root of the mesh \(\w+\)$/,
  },
  {
    what: 'whose certificate is for clients only',
    tls: serverTlsOptions(ca.issue(wanted, { purposes: ['clientAuth'] })),
    message: /failed: its certificate may not be used by a server \(INVALID_PURPOSE\)$/,
  },
  {
    what: 'that is somebody else',
    tls: serverTlsOptions(ca.issue(identityOf('other'))),
    message: /reached spiffe:\/\/cluster\.local\/ns\/shop\/sa\/other instead of spiffe:.*\/sa\/api$/,
  },
  {
    what: 'that does not trust us',
    tls: serverTlsOptions({ ...ca.issue(wanted), trustRootsPem: foreign.pem }),
    message: /was closed by the peer right after the handshake: does it trust our certificate\?$|ECONNRESET/,
  },
  {
    what: 'of TLS 1.2',
    tls: { ...serverTlsOptions(ca.issue(wanted)), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'DEFAULT' },
    message: /failed: tlsv1 alert protocol version \(ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION\)$/,
  },
  {
    what: 'without h2',
    tls: { ...serverTlsOptions(ca.issue(wanted)), ALPNProtocols: ['http/1.1'] },
    message: /failed: tlsv1 alert no application protocol \(\w+\)$/,
  },
  { what: 'without TLS', tls: undefined, message: /failed: what it sent is no TLS \(ERR_SSL_WRONG_VERSION_NUMBER\)$/ },
]

const listen = async (t: TestContext, tls: TlsOptions | undefined): Promise<number> => {
  const server: Server =
    tls === undefined
      ? createTcpServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      : createServer(tls, (socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

for (const { what, tls, message } of cases) {
  test(`an endpoint ${what} is told in words, without a line of OpenSSL's`, async (t) => {
    const counters = new Counters()
    const trust = Trust.decode(waypoint, ['cluster.local'], nowMs)
    assert.ok(trust.ok)
    const client = new HboneClient({
      flusher: new Flusher(),
      budget: new ByteBudget(1_000_000, counters),
      counters,
      connectTimeoutMs: 10_000,
      mesh: { clientTls: () => clientTlsOptions(waypoint), trust: () => trust.value },
      ...{ address: '127.0.0.1', port: await listen(t, tls), identity: wanted },
      onGone: () => {},
    })
    const result = await new Promise<TunnelResult>((resolve) => client.open('10.0.0.1:80', resolve))
    assert.ok(!result.ok)
    assert.match(result.failure.message, message)
    assert.doesNotMatch(result.failure.message, /SSL routines|\n/)
  })
}
