import assert from 'node:assert/strict'
import { createSecureServer } from 'node:http2'
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { until } from '../../../../test/support/mesh/mesh.ts'
import { createBackendCa } from '../../../../test/support/tls/backend-ca.ts'
import { answerEach, serveTls } from '../../../../test/support/tls/tls-app.ts'
import { PlainPools } from '../../../../test/support/upstream/plain-pools.ts'
import { UpstreamExchange } from '../../../../test/support/upstream/upstream-exchange.ts'

const HOST = 'orders.shop.svc'
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const ca = createBackendCa()

let setting: PlainPools
let server: Http2SecureServer | undefined
const sockets: TLSSocket[] = []
beforeEach(() => {
  setting = new PlainPools()
})
afterEach(async () => {
  setting[Symbol.dispose]()
  for (const socket of sockets.splice(0)) socket.destroy()
  server?.close()
  server = undefined
  await until(() => setting.counters.openUpstreamConnections === 0)
  assert.deepEqual(setting.faults, [])
})

/** A server that speaks what the client wants, and says what that was. */
const serveEither = async (): Promise<number> => {
  server = createSecureServer(
    { ...ca.issue([HOST]), allowHTTP1: true },
    (request: Http2ServerRequest, response: Http2ServerResponse) => {
      response.end(`${request.httpVersion} ${request.headers[':scheme'] ?? ''}`)
    },
  )
  server.on('secureConnection', (socket: TLSSocket) => sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('where TLS agrees on h2, requests share an HTTP/2 connection', async () => {
  const pool = setting.of(await serveEither(), ca.tls(HOST))
  const { outcome: first } = await UpstreamExchange.run(pool)
  assert.equal(first, '200 2.0 http')
  await Promise.all(Array.from({ length: 5 }, () => UpstreamExchange.run(pool)))
  assert.equal(sockets.length, 1)
})

test('a request that is to go as HTTP/1.1 does so, whatever else the server can', async () => {
  const pool = setting.of(await serveEither(), ca.tls(HOST))
  const { outcome } = await UpstreamExchange.run(pool, { isHttp2: false })
  assert.equal(outcome, '200 1.1 ')
  assert.equal((await UpstreamExchange.run(pool)).outcome, '200 2.0 http')
  assert.equal(sockets.length, 2)
})

for (const ALPNProtocols of [['http/1.1'], []]) {
  test(`without h2 (ALPN ${ALPNProtocols.join() || 'unknown to it'}) there are HTTP/1.1 sessions, kept as ever`, async () => {
    await using app = await serveTls({ ...ca.issue([HOST]), ALPNProtocols }, { address: '127.0.0.1' }, answerEach(OK))
    const pool = setting.of(app.port, ca.tls(HOST))
    const exchanges = await Promise.all(Array.from({ length: 3 }, () => UpstreamExchange.run(pool)))
    for (const { outcome, session } of exchanges) assert.deepEqual([outcome, session.version], ['200 ok', 1])
    const before = app.sockets.length
    assert.ok(before <= 3)
    assert.equal((await UpstreamExchange.run(pool)).outcome, '200 ok')
    assert.equal(app.sockets.length, before)
  })
}

test('a server that wants something else altogether fails the handshake, and everybody who waits', async () => {
  await using app = await serveTls({ ...ca.issue([HOST]), ALPNProtocols: ['mqtt'] }, { address: '127.0.0.1' }, () => {})
  const pool = setting.of(app.port, ca.tls(HOST))
  const both = [UpstreamExchange.run(pool), UpstreamExchange.run(pool)]
  for (const exchange of both) await assert.rejects(exchange, /connect-failed: TLS with orders.shop.svc at .* failed/)
  assert.equal(setting.counters.upstreamTlsFailures, 1)
})
