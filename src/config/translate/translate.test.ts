import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { readObject } from '../objects/read-object.ts'
import type { SourcedObject, TranslateOptions } from './options.ts'
import { translate } from './translate.ts'

const options: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'td',
  rootNamespace: 'istio-system',
  pathNormalization: 'MERGE_SLASHES',
}

/** One document per object; a position is the number of the document. */
const load = (...documents: readonly string[]): readonly SourcedObject[] =>
  documents.map((text, index) => ({
    read: readObject(parse(text)),
    locate: () => ({ file: 'f.yaml', line: index + 1, column: 1 }),
  }))

const gateway = (name: string, more = '', labels = '{}'): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: ${name}, namespace: shop, labels: ${labels} }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE${more} }] } }`
const service = (name: string, more = '', namespace = 'shop'): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: ${namespace}, labels: { istio.io/use-waypoint: waypoint, istio.io/use-waypoint-namespace: shop } }, spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80 }]${more} } }`
const route = (name: string, rest: string): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: ${name}, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: api }], ${rest} } }`

describe('which Gateway we are', () => {
  const cases: readonly (readonly [
    name: string,
    documents: readonly string[],
    more: Partial<TranslateOptions>,
    gateway: string | undefined,
    reasons: readonly string[],
  ])[] = [
    ['none', [service('api')], {}, undefined, []],
    [
      'the only one with an HBONE listener',
      [gateway('waypoint'), gateway('north').replace('HBONE', 'HTTP')],
      {},
      'waypoint',
      ['waypoint True Accepted'],
    ],
    ['one of several, unsaid', [gateway('a'), gateway('b')], {}, undefined, ['a Unknown Pending', 'b Unknown Pending']],
    [
      'one of several, said',
      [gateway('a'), gateway('b')],
      { gateway: { namespace: 'shop', name: 'b' } },
      'b',
      ['b True Accepted'],
    ],
    [
      'one that is not there',
      [gateway('a')],
      { gateway: { namespace: 'shop', name: 'x' } },
      undefined,
      ['x False NotFound'],
    ],
    [
      'one that cannot be read',
      [gateway('a', ', allowedRoute: {}')],
      { gateway: { namespace: 'shop', name: 'a' } },
      undefined,
      ['a False Invalid', 'a False NotFound'],
    ],
    [
      'one for something unheard of',
      [gateway('a', '', '{ istio.io/waypoint-for: pods }')],
      {},
      'a',
      ['a False UnsupportedValue'],
    ],
  ]
  for (const [name, documents, more, wanted, reasons] of cases) {
    it(name, () => {
      const { model, conditions } = translate(load(...documents), { ...options, ...more })
      assert.equal(model.gateway?.name, wanted)
      assert.deepEqual(
        conditions.map(({ object, status, reason }) => `${object.name} ${status} ${reason}`).toSorted(),
        reasons,
      )
      if (wanted === undefined) assert.deepEqual(model.services, [])
    })
  }
})

describe('whether endpoints are told who the client is', () => {
  const annotated = (document: string, value: string | undefined): string => {
    const annotation = `annotations: { ambient.istio.io/xfcc-include-client-identity: '${value}' }, `
    return value === undefined ? document : document.replace('metadata: { ', `metadata: { ${annotation}`)
  }
  const gatewayClass =
    '{ apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: { name: c }, spec: { controllerName: a.b/c } }'
  const cases: readonly (readonly [own: string | undefined, ofClass: string | undefined, tells: true | undefined])[] = [
    [undefined, undefined, undefined],
    ['true', undefined, true],
    [undefined, 'true', true],
    ['false', 'true', undefined],
    ['yes', 'true', undefined],
    // Istio's waypoints take it in capitals, and no other word for it (TestXFCCIncludeClientIdentityEnabled).
    ['True', undefined, true],
    ['FALSE', 'true', undefined],
    ['1', undefined, undefined],
  ]
  for (const [own, ofClass, tells] of cases) {
    it(`Gateway ${own}, its class ${ofClass}`, () => {
      const { model, conditions } = translate(
        load(annotated(gateway('a'), own), annotated(gatewayClass, ofClass)),
        options,
      )
      assert.equal(model.tellsClientIdentity, tells)
      const [condition] = conditions.filter(({ object }) => object.kind === 'Gateway')
      assert.equal(condition?.status, 'True')
      const isOdd = own === 'yes' || own === '1'
      assert.equal(condition?.message.includes('expected "true" or "false"'), isOdd)
    })
  }
})

it('a binding that a ztunnel before the waypoint would have is told of', () => {
  for (const [binding, isTold] of [
    ['PROXY/15088', true],
    ['NONE', false],
  ] as const) {
    const text = gateway('a').replace(
      'metadata: { ',
      `metadata: { annotations: { ambient.istio.io/waypoint-inbound-binding: '${binding}' }, `,
    )
    const [condition] = translate(load(text), options).conditions
    assert.equal(condition?.message.includes('waypoint-inbound-binding has no effect'), isTold, binding)
  }
})

describe('which Services are bound', () => {
  const from = (text: string): string => `, allowedRoutes: { namespaces: ${text} }`
  const cases: readonly (readonly [name: string, gateway: string, namespace: string, isBound: boolean])[] = [
    ['the Gateway’s namespace by default', gateway('waypoint'), 'shop', true],
    ['no other by default', gateway('waypoint'), 'far', false],
    ['every one with All', gateway('waypoint', from('{ from: All }')), 'far', true],
    ['none with None', gateway('waypoint', from('{ from: None }')), 'shop', false],
    [
      'a selected one',
      gateway('waypoint', from('{ from: Selector, selector: { matchLabels: { kubernetes.io/metadata.name: far } } }')),
      'far',
      true,
    ],
    [
      'not an unselected one',
      gateway('waypoint', from('{ from: Selector, selector: { matchLabels: { a: b } } }')),
      'far',
      false,
    ],
    ['none by a Selector without selector', gateway('waypoint', from('{ from: Selector }')), 'shop', false],
    ['none of a waypoint for workloads', gateway('waypoint', '', '{ istio.io/waypoint-for: workload }'), 'shop', false],
    ['of a waypoint for all', gateway('waypoint', '', '{ istio.io/waypoint-for: all }'), 'shop', true],
  ]
  for (const [name, written, namespace, isBound] of cases) {
    it(name, () => {
      const { model, conditions } = translate(load(written, service('api', '', namespace)), options)
      assert.equal(model.services.length === 1, isBound)
      const about = conditions
        .filter(({ object }) => object.kind === 'Service')
        .map(({ status, reason }) => `${status} ${reason}`)
      assert.deepEqual(about, [isBound ? 'True Accepted' : 'False NotAllowedByListeners'])
    })
  }
})

describe('translate', () => {
  const objects = (): readonly SourcedObject[] =>
    load(
      gateway('waypoint'),
      service('api'),
      route('ok', 'rules: [{ backendRefs: [{ name: api, port: 80, weight: 0 }, { name: none, port: 80 }] }]'),
      route('bad', "rules: [{ matches: [{ path: { value: 'x' } }] }]"),
    )

  it('changes nothing that it is given', () => {
    const given = objects()
    freeze(given.map(({ read }) => read))
    assert.doesNotThrow(() => translate(given, Object.freeze(options)))
  })

  it('gives a model that survives JSON and structuredClone', () => {
    const { model, conditions } = translate(objects(), options)
    // Absent fields are left out, never undefined; a missing Gateway is the one exception and is not at stake here.
    assert.deepEqual(JSON.parse(JSON.stringify(model)), model)
    assert.deepEqual(structuredClone({ model, conditions }), { model, conditions })
  })

  it('names the place of what is wrong', () => {
    const { conditions } = translate(objects(), options)
    const about = conditions
      .filter(({ status }) => status === 'False')
      .map(({ object, type, reason, position }) => `${object.name} ${type} ${reason} ${position?.line}`)
    assert.deepEqual(about, ['bad Accepted UnsupportedValue 4', 'ok ResolvedRefs BackendNotFound 3'])
  })

  it('gives nothing for nothing', () => {
    assert.deepEqual(translate([], options), {
      model: {
        gateway: undefined,
        trafficType: 'none',
        pathNormalization: 'MERGE_SLASHES',
        services: [],
        routes: [],
        endpoints: [],
        pods: [],
        authentications: [],
        authorizations: [],
      },
      names: [],
      wants: { services: [], pods: [], configMaps: [], secrets: [], rootNamespace: 'istio-system' },
      conditions: [],
    })
  })
})

const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
}

describe('what a Service asks for and does not get', () => {
  const namespace = (distribution: string): string =>
    `{ apiVersion: v1, kind: Namespace, metadata: { name: shop, annotations: { networking.istio.io/traffic-distribution: ${distribution} } } }`
  const cases: readonly (readonly [what: string, documents: readonly string[], wanted: RegExp])[] = [
    ['nothing', [service('api', ', sessionAffinity: None, internalTrafficPolicy: Cluster')], /waypoint$/],
    ['sessionAffinity', [service('api', ', sessionAffinity: ClientIP')], /; sessionAffinity ClientIP .* BackendPolicy/],
    ['its own node', [service('api', ', internalTrafficPolicy: Local')], /; internalTrafficPolicy Local .* all nodes/],
    [
      'several things',
      [service('api', ', sessionAffinity: ClientIP, internalTrafficPolicy: Local, trafficDistribution: PreferClose')],
      /; trafficDistribution PreferSameZone .*; sessionAffinity .*; internalTrafficPolicy /,
    ],
    [
      'endpoints of other clusters',
      [service('api').replace('labels: { ', "labels: { istio.io/global: 'true', ")],
      /; label istio.io\/global has no effect: .* of this cluster alone/,
    ],
    ['the zone, by its Namespace', [service('api'), namespace('PreferClose')], /; trafficDistribution PreferSameZone /],
    [
      'whatever there is, in spite of its Namespace',
      [
        service('api').replace('labels:', 'annotations: { networking.istio.io/traffic-distribution: Any }, labels:'),
        namespace('PreferClose'),
      ],
      /waypoint$/,
    ],
  ]
  for (const [what, documents, wanted] of cases) {
    it(`is told: ${what}`, () => {
      const { conditions } = translate([...load(gateway('waypoint'), ...documents)], options)
      const told = conditions.find(({ object }) => object.kind === 'Service')
      assert.equal(told?.status, 'True')
      assert.match(told.message, wanted)
    })
  }
})
