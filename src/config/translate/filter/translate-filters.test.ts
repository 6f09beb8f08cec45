import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainOptions, sourcedText } from '../../../../test/support/config/sourced-text.ts'
import type { FilterSpec } from '../../../model/filter-spec.ts'
import type { Model } from '../../../model/model.ts'
import type { SourcedObject } from '../options.ts'
import { createTranslator, translate, type Translation } from '../translate.ts'
import type { FilterVersion, FilterVersions } from './filter-version.ts'

const api = 'gateway.networking.k8s.io'
const base = [
  `{ apiVersion: ${api}/v1, kind: Gateway, metadata: { name: w, namespace: shop, labels: { istio.io/waypoint-for: all } }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }, { name: web, port: 80, protocol: HTTP }] } }`,
  `{ apiVersion: ${api}/v1, kind: Gateway, metadata: { name: other, namespace: shop }, spec: { gatewayClassName: istio-waypoint, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }`,
  '{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { istio.io/use-waypoint: w } } }',
  '{ apiVersion: v1, kind: Service, metadata: { name: api, namespace: shop }, spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80 }, { name: more, port: 81 }] } }',
  '{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop }, spec: { clusterIP: 10.0.0.2, ports: [{ port: 80 }] } }',
  `{ apiVersion: ${api}/v1, kind: HTTPRoute, metadata: { name: r, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: api }], rules: [{ name: one, filters: [{ type: ResponseHeaderModifier, responseHeaderModifier: { remove: [x] } }], backendRefs: [{ name: api, port: 80 }] }, { name: two, backendRefs: [{ name: api, port: 80 }] }] } }`,
  `{ apiVersion: ${api}/v1, kind: GRPCRoute, metadata: { name: r, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: web }], rules: [{ backendRefs: [{ name: web, port: 80 }] }] } }`,
  '{ apiVersion: v1, kind: Pod, metadata: { name: p, namespace: shop }, spec: { containers: [] }, status: { podIP: 10.1.0.1, phase: Running } }',
].map(sourcedText)

const filter = (name: string, refs: readonly string[], more = ''): SourcedObject =>
  sourcedText(
    `{ apiVersion: fairway.dev/v1alpha1, kind: Filter, metadata: { name: ${name}, namespace: shop${more} }, spec: { module: ${name}.ts, targetRefs: [${refs.join()}] } }`,
  )

const version = (name: string): FilterVersion => ({
  inForce: {
    module: { digest: name, root: '/f', entry: `${name}.ts`, files: {}, kind: `Kind-${name}`, stage: 'shape' },
    config: {},
    user: {
      id: `shop/${name}`,
      module: name,
      version: '1',
      failureMode: 'closed',
      hookMs: 10,
      waitMs: 1000,
      isolation: 'none',
    },
  },
})
const versions = (...names: readonly string[]): FilterVersions =>
  new Map(names.map((name) => [`shop/${name}`, version(name)]))

const ref = (kind: string, name: string, section = ''): string =>
  `{ group: ${kind === 'Service' ? "''" : api}, kind: ${kind}, name: ${name}${section === '' ? '' : `, sectionName: ${section}`} }`

/** Where filters stand in a model: their names by place. */
const placesOf = ({ services, routes, podFilters = [] }: Model): Readonly<Record<string, string>> => {
  const names = (specs: readonly FilterSpec[] = []): string => specs.map(({ kind }) => kind.replace('Kind-', '')).join()
  const places = [
    ...services.flatMap(({ key, filters, ports }) => [
      [key, names(filters)] as const,
      ...ports.map((port) => [`${key}:${port.port}`, names(port.filters)] as const),
    ]),
    ...routes.flatMap(({ key, rules }) => rules.map((rule) => [`${key}#${rule.index}`, names(rule.filters)] as const)),
    ['pods', names(podFilters)] as const,
  ]
  return Object.fromEntries(places.filter(([, found]) => found !== ''))
}
const routeOne = 'HTTPRoute/shop/r#0'

const told = ({ conditions }: Translation): readonly string[] =>
  conditions
    .filter(({ object }) => object.kind === 'Filter')
    .map(({ object, type, status, reason, message }) => `${object.name} ${type}=${status} ${reason}: ${message}`)

const modifier = 'ResponseHeaderModifier'

describe('a Filter acts on', () => {
  const cases: readonly (readonly [name: string, refs: readonly string[], places: Readonly<Record<string, string>>])[] =
    [
      ['our Gateway: every Service and Pod', [ref('Gateway', 'w')], { 'shop/api': 'a', 'shop/web': 'a', pods: 'a' }],
      ['its listener for the mesh', [ref('Gateway', 'w', 'mesh')], { 'shop/api': 'a', 'shop/web': 'a', pods: 'a' }],
      ['another listener: nothing here', [ref('Gateway', 'w', 'web')], {}],
      ['another Gateway: nothing here', [ref('Gateway', 'other')], {}],
      ['a Service', [ref('Service', 'web')], { 'shop/web': 'a' }],
      ['a port', [ref('Service', 'api', 'more')], { 'shop/api:81': 'a' }],
      ['a route', [ref('HTTPRoute', 'r')], { [routeOne]: `a,${modifier}`, 'HTTPRoute/shop/r#1': 'a' }],
      ['a rule', [ref('HTTPRoute', 'r', 'two')], { 'HTTPRoute/shop/r#1': 'a' }],
      ['a GRPCRoute', [ref('GRPCRoute', 'r')], { 'GRPCRoute/shop/r#0': 'a' }],
      ['several', [ref('Service', 'web'), ref('GRPCRoute', 'r')], { 'shop/web': 'a', 'GRPCRoute/shop/r#0': 'a' }],
    ]
  for (const [name, refs, places] of cases) {
    it(name, () => {
      const translation = translate([...base, filter('a', refs)], plainOptions, versions('a'))
      assert.deepEqual(placesOf(translation.model), { [routeOne]: modifier, ...places })
      assert.match(told(translation)[0] ?? '', /^a Accepted=True Accepted: it acts on /)
      assert.equal(told(translation)[1], 'a Programmed=True Programmed: version 1 of a.ts is in force')
    })
  }

  const missing: readonly (readonly [string, RegExp])[] = [
    [ref('Service', 'gone'), /TargetNotFound: spec\.targetRefs\[0\]: there is no readable Service shop\/gone/],
    [ref('Service', 'api', 'gone'), /TargetNotFound: .*Service shop\/api has no TCP port called gone/],
    [ref('HTTPRoute', 'r', 'gone'), /TargetNotFound: .*HTTPRoute shop\/r has no rule called gone/],
    [ref('Gateway', 'w', 'gone'), /TargetNotFound: .*no readable Gateway shop\/w with such a listener/],
    [ref('TCPRoute', 'r'), /Invalid: .*a target of kind gateway\.networking\.k8s\.io\/TCPRoute is not supported/],
  ]
  for (const [written, message] of missing) {
    it(`nothing by ${written}, and that is said`, () => {
      const translation = translate([...base, filter('a', [written])], plainOptions, versions('a'))
      for (const line of told(translation)) assert.match(line, message)
      assert.match(told(translation)[1] ?? '', /^a Programmed=False .*; it acts only where rules refer to it$/)
      assert.deepEqual(placesOf(translation.model), { [routeOne]: modifier })
    })
  }
})

describe('a Filter for a Service that this waypoint does not serve', () => {
  const labelled = (label: string): SourcedObject =>
    sourcedText(
      `{ apiVersion: v1, kind: Service, metadata: { name: s, namespace: shop, labels: { ${label} } }, spec: { clusterIP: 10.0.0.9, ports: [{ port: 80 }] } }`,
    )
  const cases: readonly (readonly [name: string, label: string, said: RegExp])[] = [
    [
      'but nobody, for a slip in its label',
      'istio.io/use-waypoint: wapyoint',
      /Accepted=False TargetNotFound: .*Service shop\/s is bound to Gateway shop\/wapyoint \(label istio\.io\/use-waypoint\), which is not among the readable objects$/,
    ],
    [
      'since it wants none',
      'istio.io/use-waypoint: none',
      /Accepted=False TargetNotFound: .*Service shop\/s is bound to no waypoint: neither it nor/,
    ],
    [
      'but another one',
      'istio.io/use-waypoint: other',
      /Accepted=True Accepted: it acts on Service shop\/s \(not here\)$/,
    ],
  ]
  for (const [name, label, said] of cases) {
    it(name, () => {
      const filters = [filter('a', [ref('Service', 's')])]
      const translation = translate([...base, labelled(label), ...filters], plainOptions, versions('a'))
      assert.match(told(translation)[0] ?? '', said)
      assert.deepEqual(placesOf(translation.model), { [routeOne]: modifier })
    })
  }

  it('without any Gateway says so too', () => {
    const translation = translate([...base.slice(2), filter('a', [ref('Service', 'api')])], plainOptions, versions('a'))
    assert.match(
      told(translation)[0] ?? '',
      /Accepted=False TargetNotFound: .*bound to Gateway shop\/w .*not among the readable objects$/,
    )
  })
})

it('filters of one place run by age, then by name, those of what is wider first', () => {
  const filters = [
    filter('d', [ref('Service', 'api')]),
    filter('c', [ref('Service', 'api')], ', creationTimestamp: 2024-01-02T00:00:00Z'),
    filter('b', [ref('Service', 'api')], ', creationTimestamp: 2024-01-01T00:00:00Z'),
    filter('a', [ref('Service', 'api'), ref('HTTPRoute', 'r', 'two')]),
    filter('g', [ref('Gateway', 'w'), ref('HTTPRoute', 'r')]),
  ]
  const { model } = translate([...base, ...filters], plainOptions, versions('a', 'b', 'c', 'd', 'g'))
  assert.deepEqual(placesOf(model), {
    'shop/api': 'g,b,c,a,d',
    'shop/web': 'g',
    [routeOne]: 'g,ResponseHeaderModifier',
    'HTTPRoute/shop/r#1': 'g,a',
    pods: 'g',
  })
  assert.equal(model.services[0]?.filters[1]?.origin, 'Filter shop/b at Service shop/api')
  assert.deepEqual(
    model.filterModules?.map(({ digest }) => digest),
    ['a', 'b', 'c', 'd', 'g'],
  )
})

describe('a Filter without a good version closes', () => {
  const refused: FilterVersions = new Map([['shop/a', { refused: { message: 'a.ts:3: no', path: 'spec.module' } }]])
  const why = 'Filter shop/a: a.ts:3: no'
  const cases: readonly (readonly [string, (model: Model) => unknown])[] = [
    [ref('Service', 'web'), ({ services }) => services.map(({ closed }) => closed)],
    [ref('Service', 'api', 'more'), ({ services }) => services[0]?.ports.map(({ closed }) => closed)],
    [ref('HTTPRoute', 'r', 'one'), ({ routes }) => routes[1]?.rules.map(({ closed }) => closed?.reason).toReversed()],
  ]
  for (const [target, closedOf] of cases) {
    it(target, () => {
      const translation = translate([...base, filter('a', [target])], plainOptions, refused)
      assert.deepEqual(closedOf(translation.model), [undefined, why])
      assert.equal(told(translation)[1], 'a Programmed=False Refused: a.ts:3: no; what it is for is closed')
    })
  }

  it('everything, Pods too, where it is for the Gateway', () => {
    const { model } = translate([...base, filter('a', [ref('Gateway', 'w')])], plainOptions, refused)
    assert.deepEqual(
      [...model.services, ...model.pods].map(({ closed }) => closed),
      [why, why, why],
    )
  })

  it('what it is for even when it cannot be read itself', () => {
    const broken = sourcedText(
      `{ apiVersion: fairway.dev/v1alpha1, kind: Filter, metadata: { name: a, namespace: shop }, spec: { module: ../a.ts, targetRefs: [${ref('Service', 'web')}], budgt: {} } }`,
    )
    const bad: FilterVersions = new Map([['shop/a', { refused: { message: 'bad', path: 'spec' } }]])
    const translation = translate([...base, broken], plainOptions, bad)
    assert.equal(translation.model.services[1]?.closed, 'Filter shop/a: bad')
    assert.match(
      told(translation)[0] ?? '',
      /^a Accepted=False Invalid: spec\.module: wrong value: .*spec\.budgt: unknown field; did you mean "budget"/,
    )
  })
})

it('a slip of the pen in group or version closes what a Filter is for: it may be there to refuse', () => {
  for (const [apiVersion, kind] of [
    ['fairway.dev/v1', 'Filter'],
    ['fairwy.dev/v1alpha1', 'Filter'],
    ['fairway.dev/v1alpha1', 'Filtre'],
  ]) {
    const object = sourcedText(
      `{ apiVersion: ${apiVersion}, kind: ${kind}, metadata: { name: a, namespace: shop }, spec: { module: a.ts, targetRefs: [${ref('Service', 'web')}] } }`,
    )
    const { services } = translate([...base, object], plainOptions).model
    assert.match(services[1]?.closed ?? '', /^Filter shop\/a: /, `${apiVersion} ${kind}`)
  }
})

it('another version alone changes what it is about, and nothing else', () => {
  const next = createTranslator(plainOptions)
  const objects = [...base, filter('a', [ref('Service', 'web')])]
  const before = next(objects, undefined, versions('a'))
  const again = versions('a')
  const after = next(objects, undefined, again)
  assert.deepEqual(after, before)
  const { routes } = next(objects, undefined, new Map()).model
  assert.deepEqual(
    routes.map((route, i) => route === after.model.routes[i]),
    [true, true],
  )
})

describe('an ExtensionRef', () => {
  const extension = (name: string): string =>
    `filters: [{ type: ExtensionRef, extensionRef: { group: fairway.dev, kind: Filter, name: ${name} } }]`
  const route = (kind: string, rule: string): SourcedObject =>
    sourcedText(
      `{ apiVersion: ${api}/v1, kind: ${kind}, metadata: { name: x, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: web }], rules: [${rule}] } }`,
    )
  const toWeb = 'name: web, port: 80'
  const here = base.filter(({ read }) => read.ref?.kind !== 'GRPCRoute')
  const refused: FilterVersions = new Map([
    ['shop/bad', { refused: { message: 'bad.ts:3: no', path: 'spec.module' } }],
    ['shop/a', version('a')],
  ])
  const come = (object: SourcedObject) => {
    const filters = [filter('a', []), filter('bad', [])].map(withoutTargets)
    const { model, conditions } = translate([...here, object, ...filters], plainOptions, refused)
    const rule = model.routes.find(({ name }) => name === 'x')?.rules[0]
    const resolved = conditions.find(({ object: { name }, type }) => name === 'x' && type === 'ResolvedRefs')
    return { rule, resolved: `${resolved?.status} ${resolved?.reason}` }
  }
  /** Left out they are none; an empty list is a mistake. */
  const withoutTargets = ({ read }: SourcedObject): SourcedObject =>
    sourcedText(
      `{ apiVersion: fairway.dev/v1alpha1, kind: Filter, metadata: { name: ${read.ref?.name}, namespace: shop }, spec: { module: a.ts } }`,
    )

  for (const kind of ['HTTPRoute', 'GRPCRoute']) {
    it(`puts a Filter into a rule of a ${kind}, or closes the rule`, () => {
      const good = come(route(kind, `{ ${extension('a')}, backendRefs: [{ ${toWeb} }] }`))
      assert.deepEqual(
        good.rule?.filters.map(({ origin, user }) => [origin, user?.id]),
        [[`${kind} shop/x rules[0].filters[0]`, 'shop/a']],
      )
      assert.equal(good.resolved, 'True ResolvedRefs')
      const bad = come(route(kind, `{ ${extension('bad')}, backendRefs: [{ ${toWeb} }] }`))
      assert.deepEqual(bad.rule?.closed, { status: 500, reason: 'Filter shop/bad: bad.ts:3: no' })
      assert.equal(bad.resolved, 'False FilterNotReady')
    })

    it(`puts a Filter on a backend of a ${kind}, or closes that`, () => {
      const { rule, resolved } = come(
        route(kind, `{ backendRefs: [{ ${toWeb}, ${extension('a')} }, { ${toWeb}, ${extension('gone')} }] }`),
      )
      assert.deepEqual(
        rule?.backends.map((backend) => (backend.kind === 'service' ? backend.filters[0]?.user?.id : backend.reason)),
        ['shop/a', 'there is no readable Filter shop/gone'],
      )
      assert.equal(resolved, 'False FilterNotFound')
    })
  }
})
