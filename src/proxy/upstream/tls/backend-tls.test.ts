import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { Mesh, identityOf, podAddress } from '../../../../test/support/mesh/mesh.ts'
import { RelayPod } from '../../../../test/support/mesh/relay-pod.ts'
import { createBackendCa } from '../../../../test/support/tls/backend-ca.ts'
import type { App } from '../../../../test/support/tls/tls-app.ts'
import { answerEach, serveTls } from '../../../../test/support/tls/tls-app.ts'
import type { BackendTls, Endpoint } from '../../../model/endpoint.ts'
import { formatEndpointKey } from '../../../model/endpoint.ts'

const ADDRESS = podAddress(40)
const HOST = 'orders.shop.svc'
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

const ca = createBackendCa()
const good = ca.issue([HOST])

let mesh: Mesh
let relay: RelayPod | undefined
afterEach(async () => {
  await mesh.close()
  relay?.[Symbol.dispose]()
  relay = undefined
})

/** Puts the endpoints behind `shop/api`. */
const put = (tls: BackendTls | undefined, ...endpoints: readonly Endpoint[]): void =>
  mesh.apply(
    mesh.model({
      endpoints: [{ key: formatEndpointKey('shop', 'api', 80), endpoints, ...(tls === undefined ? {} : { tls }) }],
    }),
  )

const TRANSPORTS = ['plain', 'hbone'] as const

/** A mesh with an endpoint at the application's port; `hbone` ends in a relay, as with ztunnel. */
const meshTo = async (
  transport: (typeof TRANSPORTS)[number],
  port: number,
  options: Parameters<typeof Mesh.start>[0] = {},
): Promise<Endpoint> => {
  mesh = await Mesh.start(options)
  if (transport === 'hbone')
    relay = await new RelayPod(await mesh.ca.issue(identityOf('api')), ADDRESS).listen(mesh.hbonePort)
  return mesh.endpoint(ADDRESS, { port, transport })
}

const app = (
  options: TlsOptions = good,
  onSocket: (socket: TLSSocket) => void = answerEach(OK),
): Promise<App<TLSSocket>> => serveTls(options, { address: ADDRESS }, onSocket)

for (const transport of TRANSPORTS) {
  describe(`TLS to an application, ${transport}`, () => {
    it('carries requests on a kept connection, with SNI and ALPN', async () => {
      await using server = await app()
      put(ca.tls(HOST), await meshTo(transport, server.port))
      const tunnel = await mesh.tunnel()
      for (let i = 0; i < 3; i++) assert.equal((await tunnel.get()).body.toString(), 'ok')
      const [socket, ...others] = server.sockets
      assert.deepEqual(others, [])
      assert.equal(socket?.servername, HOST)
      assert.equal(socket?.alpnProtocol, 'http/1.1')
      assert.equal(socket?.getProtocol(), 'TLSv1.3')
      assert.deepEqual(socket?.getPeerCertificate(), {})
      assert.equal(mesh.counters.upstreamTlsFailures, 0)
    })
  })
}
