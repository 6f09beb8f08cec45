import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainOptions, sourcedText } from '../../../../test/support/config/sourced-text.ts'
import type { TranslateOptions } from '../options.ts'
import { translate } from '../translate.ts'

const gateway = (name: string, protocol: string, { className = 'c', namespace = 'shop' } = {}): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: ${name}, namespace: ${namespace} }, spec: { gatewayClassName: ${className}, listeners: [{ name: web, port: 80, protocol: HTTP }, { name: mesh, port: 15008, protocol: ${protocol} }] } }`
const gatewayClass = (name: string): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: { name: ${name} }, spec: { controllerName: example.com/c } }`
const namespace = (name: string, labels: string): string =>
  `{ apiVersion: v1, kind: Namespace, metadata: { name: ${name}, labels: { ${labels} } } }`
const service = (labels: string, home = 'shop'): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: ${home}, labels: { ${labels} } }, spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80 }] } }`
const entry = (labels: string): string =>
  `{ apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: { name: e, namespace: shop, labels: { ${labels} } }, spec: { hosts: [a.example.com], addresses: [10.0.0.9], resolution: STATIC, ports: [{ number: 80, name: http, protocol: HTTP }] } }`
const route =
  "{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: r, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: api }], rules: [{ backendRefs: [{ name: api, port: 80 }] }] } }"
const use = (name: string, rest = ''): string => `istio.io/use-waypoint: ${name}${rest}`

const faultsOf = (documents: readonly string[], more: Partial<TranslateOptions> = {}): readonly string[] =>
  translate(documents.map(sourcedText), { ...plainOptions, ...more }).conditions.flatMap(
    ({ object, status, message, position }) =>
      status === 'True' ? [] : [`${object.kind} ${object.name} ${position?.file ?? ''}: ${message}`],
  )

const LABEL = String.raw`metadata\.labels\["istio\.io/use-waypoint"\]: label istio\.io/use-waypoint asks for`
const PAST = 'traffic goes past routes and policies$'

describe('who asks for a waypoint that nobody is', () => {
  const ours = gateway('waypoint', 'HBONE')
  const cases: readonly (readonly [name: string, documents: readonly string[], faults: readonly RegExp[]])[] = [
    ['nobody', [ours, namespace('shop', use('waypoint')), service('')], []],
    [
      'a Namespace with a slip',
      [ours, namespace('shop', use('waypiont')), service('')],
      [
        new RegExp(
          `^Namespace shop ${LABEL} Gateway shop/waypiont, which is not among .* \\(did you mean waypoint\\?\\): ${PAST}`,
        ),
      ],
    ],
    [
      'a Service with the name of one in another namespace',
      [gateway('infra', 'HBONE', { namespace: 'ops' }), ours, service(use('infra'))],
      [
        /^Gateway infra .*2 Gateways have an HBONE listener/,
        /^Gateway waypoint .*2 Gateways have an HBONE listener/,
        new RegExp(`^Service api ${LABEL} Gateway shop/infra, .* \\(there is one in namespace ops\\): ${PAST}`),
      ],
    ],
    [
      'a ServiceEntry that names an ingress gateway',
      [ours, gateway('front', 'TLS'), entry(use('front'))],
      [new RegExp(`^ServiceEntry e ${LABEL} Gateway shop/front, which has no HBONE listener: ${PAST}`)],
    ],
    ['who names one behind ztunnel', [ours, gateway('front', 'istio.io/PROXY'), service(use('front'))], []],
    [
      'a canary of nobody',
      [
        ours,
        gateway('envoy', 'HBONE', { className: 'istio-waypoint' }),
        service(use('envoy', ', istio.io/use-waypoint-canary: x')),
      ],
      [/^Service api metadata\.labels\["istio\.io\/use-waypoint-canary"\]: .*: it gets no share$/],
    ],
    [
      'a share of ours, the rest being somebody’s',
      [ours, service(use('envoy', ', istio.io/use-waypoint-canary: waypoint'))],
      [],
    ],
    ['what another namespace asks of itself', [ours, namespace('far', use('waypiont')), service('', 'far')], []],
    [
      'what another namespace asks of ours',
      [ours, namespace('far', use('waypiont', ', istio.io/use-waypoint-namespace: shop')), service('', 'far')],
      [/^Namespace far .* Gateway shop\/waypiont, which is not among/],
    ],
    ['files without any Gateway', [namespace('shop', use('waypoint')), service('')], []],
    [
      'a Service of a Gateway with a slip in its protocol, which is told itself',
      [gateway('waypoint', 'HBON'), namespace('shop', use('waypoint')), service(''), route],
      [
        new RegExp(
          `^Gateway waypoint spec\\.listeners\\[1\\]\\.protocol: none of its listeners has protocol HBONE \\(listener mesh has "HBON"\\): .*${PAST}`,
        ),
        /^HTTPRoute r spec\.parentRefs: .* Service shop\/api is bound to Gateway shop\/waypoint, which has no HBONE listener$/,
      ],
    ],
    [
      'a Gateway of a class of waypoints',
      [gateway('waypoint', 'TCP', { className: 'fairway-waypoint' })],
      [/^Gateway waypoint spec\.listeners: none of its listeners has protocol HBONE: it is no waypoint/],
    ],
    [
      'a Gateway of a class with a slip',
      [gateway('waypoint', 'HBONE', { className: 'fairway-waypiont' })],
      [
        new RegExp(
          `^Gateway waypoint spec\\.gatewayClassName: spec\\.gatewayClassName is "fairway-waypiont" \\(did you mean fairway-waypoint\\?\\): .*${PAST}`,
        ),
      ],
    ],
    [
      'a Gateway with a slip in the name of a class of somebody’s',
      [gateway('waypoint', 'HBONE', { className: 'edge-proxie' }), gatewayClass('edge-proxy')],
      [/^Gateway waypoint .* \(did you mean edge-proxy\?\)/],
    ],
    [
      'a class of somebody’s, close to ours',
      [gateway('waypoint', 'HBONE', { className: 'fairway-waypont' }), gatewayClass('fairway-waypont')],
      [],
    ],
    [
      'a class that is named after ours, and not among the files',
      [gateway('waypoint', 'HBONE', { className: 'fairway-waypoint-canary' })],
      [],
    ],
    ['a class of any other name', [gateway('waypoint', 'HBONE', { className: 'mesh' })], []],
    ['an ingress gateway for whom nobody asks', [gateway('front', 'HTTPS', { className: 'istio' })], []],
  ]
  for (const [name, documents, faults] of cases) {
    it(name, () => {
      const told = faultsOf(documents)
      assert.equal(told.length, faults.length, told.join('\n'))
      for (const [i, fault] of faults.entries()) assert.match(told[i] ?? '', fault)
    })
  }

  it('a Gateway that this process is said to be, without such a listener', () => {
    const wanted = { gateway: { namespace: 'shop', name: 'front' } }
    assert.match(faultsOf([gateway('front', 'HBONEE')], wanted)[0] ?? '', /^Gateway front .*listener mesh has "HBONEE"/)
  })
})

describe('who asks by an annotation', () => {
  const annotated = (document: string, annotation: string): string =>
    document.replace('labels: {', `annotations: { ${annotation} }, labels: {`)
  const ours = gateway('waypoint', 'HBONE')
  const cases: readonly (readonly [name: string, document: string, told: boolean])[] = [
    ['a Namespace', annotated(namespace('shop', ''), use('waypoint')), true],
    ['a Service that wants none', annotated(service(use('waypoint')), use('none')), true],
    ['a ServiceEntry', annotated(entry(''), use('waypoint')), true],
    ['one that has the label as well', annotated(service(use('waypoint')), use('waypoint')), false],
    ['another namespace', annotated(service('', 'far'), use('theirs')), false],
    [
      'another namespace, for ours',
      annotated(service('', 'far'), use('w', ', istio.io/use-waypoint-namespace: shop')),
      true,
    ],
  ]
  for (const [name, document, told] of cases) {
    it(`${name}${told ? ' is told that it is a label' : ' is told nothing'}`, () => {
      const { conditions } = translate([ours, document].map(sourcedText), plainOptions)
      const found = conditions.filter(({ message }) => message.includes('is an annotation, and has no effect'))
      assert.deepEqual(
        found.map(({ type, position }) => [type, position?.file]),
        told ? [['PartiallyInvalid', 'metadata.annotations["istio.io/use-waypoint"]']] : [],
      )
    })
  }
})
