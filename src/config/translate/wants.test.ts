import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadText } from '../../../test/support/load-text.ts'
import type { TranslateOptions } from './options.ts'
import { createTranslator } from './translate.ts'
import { createCatalog } from './catalog.ts'
import { noteWants, wantsOf, type Wants } from './wants.ts'

const options: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'td',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}

const shop = (labels = '{}', from = 'Same') => `
{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: waypoint, namespace: shop, labels: ${labels} }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE, allowedRoutes: { namespaces: { from: ${from} } } }] } }
---
{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { istio.io/use-waypoint: waypoint } } }
---
{ apiVersion: v1, kind: Namespace, metadata: { name: office } }
`
const service = (name: string, namespace = 'shop'): string =>
  `\n---\n{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: ${namespace} }, spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] } }`
const route = (name: string, backend: string, parent = 'api'): string =>
  `\n---\n{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: ${name}, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: ${parent} }], rules: [{ backendRefs: [${backend}] }] } }`
const entry = `\n---\n{ apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: { name: far, namespace: egress }, spec: { hosts: [far.example], resolution: STATIC, ports: [{ number: 443, name: https }] } }`
const tls = `\n---\n{ apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: { name: tls, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: api }], validation: { hostname: api, caCertificateRefs: [{ group: '', kind: ConfigMap, name: ca }] } } }`
const keys = `\n---\n{ apiVersion: fairway.dev/v1alpha1, kind: ApiKey, metadata: { name: keys, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: api }], secretRefs: [{ name: clients }] } }`

const cases: readonly (readonly [name: string, text: string, wants: Partial<Wants>])[] = [
  ['nothing of a Gateway without Services', shop(), { services: [], pods: [], secrets: [], configMaps: [] }],
  ['the Pods beside its Services', shop() + service('api'), { pods: ['shop'], services: [] }],
  [
    'the Services that routes send to, and the Pods beside those that are there',
    shop() +
      service('api') +
      service('here', 'office') +
      route('a', '{ name: there, namespace: far, port: 80 }, { name: here, namespace: office, port: 80 }'),
    { services: ['far', 'office', 'shop'], pods: ['office', 'shop'] },
  ],
  [
    'nothing for routes that are not of this waypoint',
    shop() + service('api') + route('a', '{ name: there, namespace: far, port: 80 }', 'other'),
    { services: ['shop'], pods: ['shop'] },
  ],
  [
    'what is said of the hosts of other namespaces that routes send to',
    shop() +
      service('api') +
      entry +
      route('a', '{ group: networking.istio.io, kind: Hostname, name: far.example, port: 443 }'),
    { services: ['egress', 'shop'] },
  ],
  ['ConfigMaps of certificates', shop() + service('api') + tls, { configMaps: ['shop/ca'] }],
  ['Secrets of filters', shop() + service('api') + keys, { secrets: ['shop/clients'] }],
  ['all Pods that it may have', shop('{ istio.io/waypoint-for: all }'), { pods: ['shop'] }],
  ['all Pods of all namespaces', shop('{ istio.io/waypoint-for: workload }', 'All'), { pods: ['office', 'shop'] }],
]

describe('what a translation wants to know of a cluster', () => {
  for (const [name, text, wants] of cases) {
    it(name, () => {
      const translated = createTranslator(options)(loadText('f.yaml', text).objects)
      assert.deepEqual({ ...translated.wants, ...wants, rootNamespace: 'istio-system' }, translated.wants)
    })
  }

  it('grows with a route that is looked at alone', () => {
    const translate = createTranslator(options)
    const before = loadText('f.yaml', shop() + service('api') + route('a', '{ name: api, port: 80 }')).objects
    assert.deepEqual(translate(before).wants.services, ['shop'])
    const changed = loadText('f.yaml', route('a', '{ name: there, namespace: far, port: 80 }')).objects
    assert.deepEqual(translate([...before.slice(0, -1), ...changed]).wants.services, ['far', 'shop'])
  })

  it('has the namespaces that filters may call', () => {
    const scope = { gateway: undefined, rootNamespace: 'r', reached: [], callable: ['far', 'far', 'away'] }
    assert.deepEqual(wantsOf(noteWants(createCatalog([])), scope).services, ['away', 'far'])
  })
})
