import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainOptions, sourcedText } from '../../../../test/support/config/sourced-text.ts'
import { translate } from '../translate.ts'

const api = 'gateway.networking.k8s.io'
const ours = 'fairway.dev'
const extension = (kind: string): string =>
  `{ type: ExtensionRef, extensionRef: { group: ${ours}, kind: ${kind}, name: x } }`
const modifier = '{ type: RequestHeaderModifier, requestHeaderModifier: { remove: [x] } }'
const route = (filters: string, ofBackend: string): string =>
  `{ apiVersion: ${api}/v1, kind: HTTPRoute, metadata: { name: r, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: web }], rules: [{ name: all, filters: [${filters}], backendRefs: [{ name: web, port: 80, filters: [${ofBackend}] }] }] } }`
const objects = (target: string, filters: string, ofBackend: string): readonly string[] => [
  `{ apiVersion: ${api}/v1, kind: Gateway, metadata: { name: w, namespace: shop }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }`,
  '{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop, labels: { istio.io/use-waypoint: w } }, spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80 }] } }',
  `{ apiVersion: ${ours}/v1alpha1, kind: ResponseCache, metadata: { name: x, namespace: shop }, spec: { ${target} } }`,
  `{ apiVersion: ${ours}/v1alpha1, kind: IpAccess, metadata: { name: x, namespace: shop }, spec: { allow: [10.0.0.0/8] } }`,
  `{ apiVersion: ${ours}/v1alpha1, kind: HeaderTransform, metadata: { name: x, namespace: shop }, spec: { request: { remove: [x] } } }`,
  route(filters, ofBackend),
]

describe('a cache before filters of a backend', () => {
  const onRoute = `targetRefs: [{ group: ${api}, kind: HTTPRoute, name: r }]`
  const cases: readonly (readonly [target: string, filters: string, ofBackend: string, isTold: boolean])[] = [
    [onRoute, '', extension('IpAccess'), true],
    ['', extension('ResponseCache'), extension('IpAccess'), true],
    [onRoute, '', `${modifier}, ${extension('HeaderTransform')}`, false],
    [onRoute, extension('IpAccess'), '', false],
    ['', '', extension('IpAccess'), false],
  ]
  for (const [target, filters, ofBackend, isTold] of cases) {
    it(`${target} ${filters} ${ofBackend}: ${isTold ? 'says that it keeps nothing' : 'has nothing to say of them'}`, () => {
      const { conditions } = translate(objects(target, filters, ofBackend).map(sourcedText), plainOptions)
      const [told] = conditions.filter(
        ({ object, type }) => object.kind === 'ResponseCache' && type === 'PartiallyInvalid',
      )
      assert.equal(told !== undefined, isTold)
      if (told !== undefined)
        assert.match(
          told.message,
          /^nothing is kept where IpAccess decides behind the cache who may call \(HTTPRoute shop\/r rules\[0\]\.backendRefs\[0\]\.filters\[0\]\): have it/,
        )
    })
  }
})
