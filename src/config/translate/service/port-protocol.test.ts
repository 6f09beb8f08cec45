import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { PortProtocol } from '../../../model/port-protocol.ts'
import { frontendProtocolOf, protocolOf, unknownProtocol } from './port-protocol.ts'

const cases: readonly (readonly [
  port: { readonly name?: string; readonly appProtocol?: string; readonly port?: number },
  PortProtocol,
])[] = [
  [{}, 'unknown'],
  [{ name: 'http' }, 'http'],
  [{ name: 'HTTP-web' }, 'http'],
  [{ name: 'http2-x' }, 'http2'],
  [{ name: 'grpc' }, 'grpc'],
  [{ name: 'grpc-web' }, 'http'],
  [{ name: 'grpc-web-x' }, 'http'],
  [{ name: 'grpc-x' }, 'grpc'],
  [{ name: 'https' }, 'tls'],
  [{ name: 'tls-x' }, 'tls'],
  [{ name: 'tcp' }, 'tcp'],
  [{ name: 'mysql-main' }, 'tcp'],
  [{ name: 'redis' }, 'tcp'],
  [{ name: 'mongo-x' }, 'tcp'],
  [{ name: 'http_proxy' }, 'http'],
  [{ appProtocol: 'GRPC-Web' }, 'http'],
  [{ appProtocol: 'https' }, 'tls'],
  // UDP over TCP is nothing; on a port that is UDP nothing is looked for in the first place.
  [{ name: 'udp-x' }, 'unknown'],
  [{ port: 25 }, 'tcp'],
  [{ port: 53 }, 'tcp'],
  [{ port: 27_017 }, 'tcp'],
  [{ appProtocol: 'example.com/custom', port: 25 }, 'tcp'],
  [{ name: 'httpx' }, 'unknown'],
  [{ name: 'web' }, 'unknown'],
  [{ name: 'web', port: 3306 }, 'tcp'],
  [{ name: 'http', port: 3306 }, 'http'],
  [{ name: 'tcp', appProtocol: 'http' }, 'http'],
  [{ name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'http2'],
  [{ appProtocol: 'kubernetes.io/ws' }, 'http'],
  [{ appProtocol: 'kubernetes.io/wss' }, 'tls'],
  [{ name: 'kubernetes.io/h2c' }, 'unknown'],
  [{ name: 'http', appProtocol: 'example.com/custom' }, 'unknown'],
]
for (const [port, protocol] of cases) {
  it(`${JSON.stringify(port)} speaks ${protocol}`, () => {
    assert.equal(protocolOf({ port: 80, protocol: 'TCP', ...port }), protocol)
  })
}

it('with a BackendTLSPolicy, what a port says of TLS is about us: clients speak HTTP there', () => {
  const ports = [{ appProtocol: 'kubernetes.io/wss' }, { name: 'https' }, { name: 'tcp' }, { name: 'grpc' }]
  const protocols = (hasBackendTls: boolean): readonly string[] =>
    ports.map((port) => frontendProtocolOf({ port: 80, protocol: 'TCP', ...port }, hasBackendTls))
  assert.deepEqual(protocols(false), ['tls', 'tls', 'tcp', 'grpc'])
  assert.deepEqual(protocols(true), ['http', 'http', 'tcp', 'grpc'])
})

it('a protocol that is none is told from those that are, and from none', () => {
  const unknown = (appProtocol: string | undefined) =>
    unknownProtocol({ port: 3306, protocol: 'TCP', ...(appProtocol === undefined ? {} : { appProtocol }) })
  for (const known of [undefined, 'HTTP', 'http2', 'GRPC', 'grpc-web', 'UDP', 'TLS', 'Mongo', 'HBONE']) {
    assert.equal(unknown(known), undefined, String(known))
  }
  assert.deepEqual(unknown('HTPP'), { nearest: 'http' })
  assert.deepEqual(unknown('quic-transport'), { nearest: undefined })
})
