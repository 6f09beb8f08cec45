import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { translate } from '../../src/config/translate/translate.ts'
import type { Model } from '../../src/model/model.ts'
import { Mesh, podAddress } from '../support/mesh/mesh.ts'
import { createBackendCa } from '../support/tls/backend-ca.ts'
import { answerEach, serveTls, type App } from '../support/tls/tls-app.ts'
import { loadText } from '../support/load-text.ts'

const HOST = 'api.shop.svc'
const at = { address: podAddress(40) }
const ca = createBackendCa()
const stranger = createBackendCa('somebody else')

const indent = (text: string): string => text.trimEnd().replaceAll('\n', '\n    ')

/** Service `shop/api` and its application, whose port says that it wants TLS. */
const objects = (port: number, policy: string): string => `
{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: waypoint, namespace: shop }, spec: { gatewayClassName: fairway, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: waypoint } }, spec: { clusterIP: 10.96.0.12, ports: [{ name: chat, port: 80, appProtocol: kubernetes.io/wss }] } }
---
{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: api, namespace: shop, labels: { kubernetes.io/service-name: api } }, addressType: IPv4, endpoints: [{ addresses: [${at.address}] }], ports: [{ name: chat, port: ${port} }] }
---
{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: api, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: api }], rules: [{ backendRefs: [{ name: api, port: 80 }] }] } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: roots, namespace: shop }
data:
  ca.crt: |
    ${indent(ca.pem)}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: others, namespace: shop }
data:
  ca.crt: |
    ${indent(stranger.pem)}
---
${policy}`

const policy = (validation: string): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: { name: api, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: api, sectionName: chat }], validation: ${validation} } }`

const trusts = (configMap: string, hostname = HOST): string =>
  policy(`{ hostname: ${hostname}, caCertificateRefs: [{ group: '', kind: ConfigMap, name: ${configMap} }] }`)

const modelOf = (text: string): Model => {
  return translate(loadText('objects.yaml', text).objects, {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
  }).model
}

describe('what a BackendTLSPolicy says reaches the application', () => {
  let mesh: Mesh
  let app: App<TLSSocket>
  before(async () => {
    app = await serveTls(ca.issue([HOST]), at, answerEach('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
  })
  after(() => app[Symbol.asyncDispose]())
  afterEach(() => mesh.close())

  const cases: readonly (readonly [name: string, policy: string, status: number, details: RegExp])[] = [
    ['TLS with the CA and the name that it gives', trusts('roots'), 200, /\nok$/],
    ['another CA', trusts('others'), 503, /does not lead to a CA of the policy/],
    ['another name', trusts('roots', 'other.shop.svc'), 503, /is refused/],
    ['a CA that is not there', trusts('gone'), 503, /ConfigMap shop\/gone is not among the readable objects/],
    ['nobody to trust', policy(`{ hostname: ${HOST} }`), 503, /whose certificates to trust is unclear/],
  ]
  for (const [name, written, status, details] of cases) {
    it(name, async () => {
      mesh = await Mesh.start()
      mesh.apply(modelOf(objects(app.port, written)))
      const { head, body } = await (await mesh.tunnel()).get('/')
      assert.equal(head.status, status)
      const told = [mesh.records.at(-1)?.upstreamFailure, ...mesh.logs, body].join('\n')
      assert.match(told, details)
    })
  }

  it('and without one, such a port is not looked into', async () => {
    mesh = await Mesh.start()
    mesh.apply(modelOf(objects(app.port, '')))
    await mesh.tunnel()
    for (const client of mesh.clients) client.destroy()
    assert.equal((await mesh.record(1)).protocol, 'tcp')
  })
})
