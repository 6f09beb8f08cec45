import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadText } from '../../test/support/load-text.ts'
import { decodeMeshConfig } from './objects/mesh-config/mesh-config.ts'
import { withMeshConfig } from './mesh-options.ts'
import { createTranslator, type Translate } from './translate/translate.ts'

const base = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
} as const

/** Namespace `bank` has an entry whose waypoint is that of `shop`, and `shop` a route that sends to it. */
const objects = (labels: string): string => `
{ apiVersion: v1, kind: Namespace, metadata: { name: bank, labels: ${labels} } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: w, namespace: shop }
spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE, allowedRoutes: { namespaces: { from: All } } }] }
---
{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: w } }, spec: { clusterIP: 10.0.0.1, ports: [{ port: 80, name: http }] } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: e, namespace: bank, labels: { istio.io/use-waypoint: w, istio.io/use-waypoint-namespace: shop } }
spec: { hosts: [a.example.com], resolution: STATIC, endpoints: [{ address: 192.0.2.1 }], ports: [{ number: 80, name: http }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: shop }
spec:
  parentRefs: [{ group: '', kind: Service, name: api }]
  rules: [{ backendRefs: [{ group: networking.istio.io, kind: Hostname, name: a.example.com, port: 80 }] }]
`

const isPublic = { visibility: 'PUBLIC', matchingRules: [{ namespaceSelector: { matchLabels: { seen: 'widely' } } }] }

const optionsOf = (serviceEntryVisibility: object) => {
  const decoded = decodeMeshConfig({ serviceEntryVisibility })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const { unused } = decoded.value
  return { ...withMeshConfig(base, decoded.value, { path: 'm.yaml', flags: [] }), unused }
}

/** Whether the entry is bound, and whether the route may send to it. */
const seenIn = (translate: Translate, text: string): readonly [isBound: boolean, isRoutedTo: boolean] => {
  const { model, conditions } = translate(loadText('f.yaml', text).objects)
  const resolved = conditions.find(({ object, type }) => object.kind === 'HTTPRoute' && type === 'ResolvedRefs')
  return [model.services.some(({ key }) => key === 'bank/a.example.com'), resolved?.status === 'True']
}

describe('how far ServiceEntries are seen (serviceEntryVisibility)', () => {
  const cases: readonly (readonly [name: string, written: object, labels: string, bound: boolean, routed: boolean])[] =
    [
      ['as ever, where nothing is said', {}, '{}', true, true],
      ['in their namespace', { defaultVisibility: 'NAMESPACE' }, '{}', false, false],
      ['nowhere', { defaultVisibility: 'NONE' }, '{}', false, false],
      [
        'by the first policy that holds',
        { defaultVisibility: 'NONE', policies: [isPublic, { visibility: 'NAMESPACE' }] },
        '{ seen: widely }',
        true,
        true,
      ],
      ['by default where none holds', { defaultVisibility: 'NAMESPACE', policies: [isPublic] }, '{}', false, false],
      ['by a policy without rules', { policies: [{ visibility: 'NAMESPACE' }] }, '{}', false, false],
      [
        'by no policy that has a rule which is not known',
        {
          defaultVisibility: 'NAMESPACE',
          policies: [{ visibility: 'PUBLIC', matchingRules: [{ hostnameSuffix: 'x' }] }],
        },
        '{}',
        false,
        false,
      ],
    ]
  for (const [name, written, labels, bound, routed] of cases) {
    it(name, () => {
      const translate = createTranslator(optionsOf(written).options)
      assert.deepEqual(seenIn(translate, objects(labels)), [bound, routed])
    })
  }

  it('changes with the labels of the namespace', () => {
    const translate = createTranslator(optionsOf({ defaultVisibility: 'NAMESPACE', policies: [isPublic] }).options)
    for (const [labels, isSeen] of [
      ['{}', false],
      ['{ seen: widely }', true],
      ['{ seen: not }', false],
    ] as const) {
      assert.deepEqual(seenIn(translate, objects(labels)), [isSeen, isSeen], labels)
    }
  })

  it('is told of, with what is to be done', () => {
    const tell = (written: object) =>
      createTranslator(optionsOf(written).options)(loadText('f.yaml', objects('{}')).objects)
        .conditions.filter(({ object }) => object.kind === 'ServiceEntry')
        .map(({ status, message }) => `${status}: ${message}`)
    assert.deepEqual(tell({ defaultVisibility: 'NAMESPACE' }), [
      'False: an entry that only its own namespace sees (spec.exportTo, or serviceEntryVisibility of the MeshConfig) cannot have a waypoint in another one',
    ])
    assert.deepEqual(tell({ defaultVisibility: 'NONE' }), [
      'False: no host of it is served: nobody is to see ServiceEntries of namespace bank (serviceEntryVisibility of the MeshConfig is NONE)',
    ])
  })

  it('is a field that counts, but for what of it is not known', () => {
    const policies = [{ visibility: 'PUBLIC', matchingRules: [{ hostnameSuffix: 'x' }], name: 'a' }]
    assert.deepEqual(optionsOf({ policies, applyToSidecars: true }).unused, [
      'serviceEntryVisibility.policies[0].matchingRules[0].hostnameSuffix',
      'serviceEntryVisibility.policies[0].name',
    ])
    assert.equal(decodeMeshConfig({ serviceEntryVisibility: { defaultVisibility: 'ALL' } }).ok, false)
  })
})

describe('how often requests are sent again by default (defaultHttpRetryPolicy)', () => {
  for (const [policy, expected] of [
    [undefined, undefined],
    [{ attempts: 0 }, 0],
    [{ attempts: 5, retryOn: '503' }, 5],
    [{ retryOn: 'connect-failure' }, 0],
    [{ attempts: -1 }, 0],
  ] as const) {
    it(`is ${expected} by ${JSON.stringify(policy)}`, () => {
      const decoded = decodeMeshConfig(policy === undefined ? {} : { defaultHttpRetryPolicy: policy })
      assert.ok(decoded.ok)
      const { options } = withMeshConfig(base, decoded.value, { path: 'm.yaml', flags: [] })
      assert.equal(createTranslator(options)([]).model.defaultRepeats, expected)
      const more = policy !== undefined && 'retryOn' in policy ? ['defaultHttpRetryPolicy.retryOn'] : []
      assert.deepEqual(decoded.value.unused, more)
    })
  }
})
