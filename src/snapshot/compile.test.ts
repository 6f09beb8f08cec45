import assert from 'node:assert/strict'
import test from 'node:test'
import {
  backendOf,
  copyOf,
  endpointsOf,
  matchOf,
  modelOf,
  noFilters,
  requestOf,
  routeOf,
  serviceOf,
} from '../../test/support/models.ts'
import { emptyChain } from '../filter/chain.ts'
import type { Filter } from '../filter/index.ts'
import type { FilterFactory } from '../filter/instances.ts'
import { formatEndpointKey } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import { compile, usedFilters } from './compile.ts'
import { resolve } from './resolve.ts'
import type { Frontend, RulePlan, Snapshot } from './snapshot.ts'

const build = (model: Model, previous?: Snapshot, filters: FilterFactory = noFilters): Snapshot =>
  compile(model, { generation: (previous?.generation ?? 0) + 1, previous, filters })

const frontendOf = (snapshot: Snapshot, authority = '10.96.0.12:80'): Frontend => {
  const frontend = snapshot.frontends.get(authority)
  assert.ok(frontend, `no frontend at ${authority}: ${[...snapshot.frontends.keys()].join()}`)
  return frontend
}

const ruleOf = (snapshot: Snapshot, route: string, index = 0): RulePlan => {
  const rule = snapshot.routes
    .get(`HTTPRoute/shop/${route}`)
    ?.matches.find(({ ruleIndex }) => ruleIndex === index)?.rule
  assert.ok(rule)
  return rule
}

const spec = (kind: string) => ({ kind, config: {}, origin: `somewhere: ${kind}` })

/** Makes one filter per kind; kind `Missing` cannot be made. */
const createFactory = (): { readonly filters: FilterFactory; readonly made: Map<string, Filter> } => {
  const made = new Map<string, Filter>()
  const filters: FilterFactory = ({ kind, origin }) => {
    if (kind === 'Missing') return { failure: `${origin} is missing` }
    const filter = made.get(kind) ?? {}
    made.set(kind, filter)
    return { stage: kind === 'Guard' ? 'admit' : 'shape', filter }
  }
  return { filters, made }
}

test('a Service port is found by each address and by its host name', () => {
  const snapshot = build(modelOf([]))
  const authorities = ['10.96.0.12:80', '[fd00::12]:80', 'api.shop.svc.cluster.local:80']
  assert.deepEqual([...snapshot.frontends.keys()], authorities)
  assert.equal(new Set(snapshot.frontends.values()).size, 1)
  assert.deepEqual(frontendOf(snapshot).destination, {
    namespace: 'shop',
    name: 'api',
    hostname: 'api.shop.svc.cluster.local',
    port: 80,
  })
})

const unbound: readonly (readonly [string, Partial<Model>])[] = [
  ['no Gateway', { gateway: undefined }],
  ['traffic type none', { trafficType: 'none' }],
  ['traffic type workload', { trafficType: 'workload' }],
]
for (const [name, parts] of unbound) {
  test(`with ${name} nothing is bound`, () => {
    assert.equal(build(modelOf([routeOf('a')], parts)).frontends.size, 0)
  })
}

test('of two Services with one address the first holds it', () => {
  const services = [serviceOf({}, { name: 'a' }), serviceOf({}, { name: 'b' })]
  const snapshot = build(modelOf([], { services }))
  assert.equal(frontendOf(snapshot).destination.name, 'a')
  assert.equal(frontendOf(snapshot, 'b.shop.svc.cluster.local:80').destination.name, 'b')
})

test('a port without routes passes through to its own endpoints', () => {
  const frontend = frontendOf(build(modelOf([])))
  assert.equal(frontend.producer, undefined)
  assert.equal(frontend.passThrough.backend.endpoints, formatEndpointKey('shop', 'api', 80))
  assert.equal(frontend.passThrough.backend.destination, frontend.destination)
})

test('a rule carries its name, its weights and its backends', () => {
  const invalid = {
    kind: 'invalid',
    weight: 3,
    status: 500,
    reason: 'BackendNotFound',
    ref: 'Service shop/gone:80',
  } as const
  const routes = [routeOf('a', [{ name: 'split', backends: [backendOf('v1', 90), backendOf('v2', 7), invalid] }, {}])]
  const rule = ruleOf(build(modelOf(routes)), 'a')
  assert.deepEqual(
    [rule.route, rule.name, rule.totalWeight, rule.closed],
    ['HTTPRoute/shop/a', 'split', 100, undefined],
  )
  assert.deepEqual(rule.backends[2], invalid)
  assert.equal(rule.chain, emptyChain)
  assert.equal(ruleOf(build(modelOf(routes)), 'a', 1).name, '1')
})

test('a rule whose filter cannot be made is closed with 500, and the others stay open', () => {
  const { filters } = createFactory()
  const routes = [routeOf('a', [{ filters: [spec('Good'), spec('Missing')] }, { filters: [spec('Good')] }])]
  const snapshot = build(modelOf(routes), undefined, filters)
  assert.deepEqual(ruleOf(snapshot, 'a').closed, { status: 500, reason: 'somewhere: Missing is missing' })
  assert.equal(ruleOf(snapshot, 'a').chain, emptyChain)
  assert.equal(ruleOf(snapshot, 'a', 1).closed, undefined)
})

test('a rule says when a backend has filters that may refuse', () => {
  const { filters } = createFactory()
  const backends = (...kinds: readonly string[]) => [
    backendOf('v1', 1),
    { ...backendOf('v2', 1), filters: kinds.map(spec) },
  ]
  const routes = [
    routeOf('a', [
      { backends: backends('Good') },
      { backends: backends('Good', 'Guard') },
      { filters: [spec('Guard')] },
    ]),
  ]
  const snapshot = build(modelOf(routes), undefined, filters)
  assert.deepEqual(
    [0, 1, 2].map((i) => ruleOf(snapshot, 'a', i).isGuarded),
    [false, true, false],
  )
})

test('what translate closed stays closed as it said', () => {
  const closed = { status: 501, reason: 'unsupported' }
  const routes = [routeOf('a', [{ closed, filters: [spec('Missing')] }])]
  assert.deepEqual(ruleOf(build(modelOf(routes)), 'a').closed, closed)
})

test('a backend whose filter cannot be made answers 500 for its share', () => {
  const { filters } = createFactory()
  const broken = { ...backendOf('v2', 10), filters: [spec('Missing')] }
  const rule = ruleOf(
    build(modelOf([routeOf('a', [{ backends: [backendOf('v1', 90), broken] }])]), undefined, filters),
    'a',
  )
  assert.deepEqual(rule.backends[1], {
    kind: 'invalid',
    weight: 10,
    status: 500,
    reason: 'somewhere: Missing is missing',
    ref: 'Service shop/v2:80',
  })
  assert.deepEqual([rule.totalWeight, rule.closed], [100, undefined])
})

test('a Service whose filter cannot be made is closed', () => {
  const { filters } = createFactory()
  const services = [serviceOf({}, { filters: [spec('Missing')] }), serviceOf({}, { name: 'b', closed: 'refused' })]
  const snapshot = build(modelOf([], { services }), undefined, filters)
  assert.equal(frontendOf(snapshot).closed, 'somewhere: Missing is missing')
  assert.equal(frontendOf(snapshot, 'b.shop.svc.cluster.local:80').closed, 'refused')
})

test('a pattern that cannot be compiled closes its rule and matches nothing', () => {
  const bad = matchOf({ path: { type: 'RegularExpression', value: '(' } })
  const matches = [bad, matchOf({ path: { type: 'Exact', value: '/x' } })]
  const snapshot = build(modelOf([routeOf('a', [{ matches }])]))
  const open = resolve(frontendOf(snapshot), requestOf({ path: '/(' }), undefined)
  assert.equal(open.kind, 'no-match')
  const found = resolve(frontendOf(snapshot), requestOf({ path: '/x' }), undefined)
  assert.ok(found.kind === 'match')
  assert.equal(found.rule.closed?.status, 500)
})

const threeRoutes = (): Model =>
  modelOf([routeOf('a', [{}, {}]), routeOf('b'), routeOf('c')], {
    services: [
      serviceOf({ routes: ['HTTPRoute/shop/a', 'HTTPRoute/shop/b'] }),
      serviceOf({ routes: ['HTTPRoute/shop/c'] }, { name: 'web', addresses: ['10.96.0.13'] }),
    ],
    endpoints: [endpointsOf('api', ['10.1.0.1', '10.1.0.2']), endpointsOf('web', ['10.1.0.3'])],
  })

test('an equal model gives the same objects', () => {
  const first = build(threeRoutes())
  const second = build(copyOf(threeRoutes()), first)
  assert.equal(second.generation, 2)
  for (const part of ['frontends', 'services', 'groups', 'routes'] as const) {
    assert.equal(second[part].size, first[part].size)
    const before: ReadonlyMap<string, unknown> = first[part]
    for (const [key, value] of second[part]) assert.equal(value, before.get(key), `${part} ${key}`)
  }
})

test('an endpoints change makes one new group and nothing else', () => {
  const first = build(threeRoutes())
  const changed = { ...threeRoutes(), endpoints: [endpointsOf('api', ['10.1.0.1']), endpointsOf('web', ['10.1.0.3'])] }
  const second = build(changed, first)
  const [api, web] = [formatEndpointKey('shop', 'api', 80), formatEndpointKey('shop', 'web', 80)]
  assert.notEqual(second.groups.get(api), first.groups.get(api))
  assert.equal(second.groups.get(api)?.endpoints.length, 1)
  assert.equal(second.groups.get(web), first.groups.get(web))
  for (const [authority, frontend] of second.frontends) assert.equal(frontend, first.frontends.get(authority))
})

test('where nothing but endpoints moved the rest is not even looked at, and whatever else differs is seen', () => {
  const model = threeRoutes()
  const first = build(model)
  const moved = { ...model, trustDomains: ['td'] as const, endpoints: [endpointsOf('web', ['10.1.0.4'])] }
  const second = build({ ...moved }, build({ ...moved, endpoints: model.endpoints }, first))
  assert.equal(second.generation, 3)
  assert.equal(second.groups.size, 1)
  const third = build({ ...moved, trustDomains: ['td'], endpoints: [] }, second)
  assert.equal(third.routes, second.routes)
  assert.equal(third.groups.size, 0)
  for (const part of [
    { pathNormalization: 'NONE' as const },
    { tellsClientIdentity: true as const },
    { defaultRepeats: 0 },
    { gateway: undefined },
    { routes: [] },
    { services: [] },
    { trafficType: 'none' as const },
  ]) {
    const other = { ...moved, ...part }
    const [changed, anew] = [build(other, second), build(other)]
    assert.deepEqual([...changed.frontends.keys()], [...anew.frontends.keys()])
    assert.deepEqual([...changed.routes.keys()], [...anew.routes.keys()])
    assert.equal(changed.pathNormalization, anew.pathNormalization)
    assert.equal(changed.tellsClientIdentity, anew.tellsClientIdentity)
    assert.equal(changed.defaultRepeats, anew.defaultRepeats)
  }
})

test('a route change keeps its unchanged rules, other routes and other frontends', () => {
  const first = build(threeRoutes())
  // What nobody has asked for is not there to be kept.
  for (const { matches } of first.routes.values()) assert.ok(matches.length > 0)
  const model = threeRoutes()
  const routes = [routeOf('a', [{}, { matches: [matchOf({ method: 'PUT' })] }]), ...model.routes.slice(1)]
  const second = build({ ...model, routes }, first)
  assert.equal(ruleOf(second, 'a', 0), ruleOf(first, 'a', 0))
  assert.notEqual(ruleOf(second, 'a', 1), ruleOf(first, 'a', 1))
  assert.equal(ruleOf(second, 'b'), ruleOf(first, 'b'))
  assert.notEqual(frontendOf(second), frontendOf(first))
  assert.equal(frontendOf(second).destination, frontendOf(first).destination)
  assert.equal(frontendOf(second).passThrough, frontendOf(first).passThrough)
  assert.equal(frontendOf(second, '10.96.0.13:80'), frontendOf(first, '10.96.0.13:80'))
})

test('what nobody asks for is not made, and what was in use is handed on past changes that were not', () => {
  const withRule = (method: string): Model => modelOf([routeOf('a', [{}, { matches: [matchOf({ method })] }])])
  const first = build(withRule('PUT'))
  assert.equal(frontendOf(first).producer?.hasIndexes, false)
  const used = ruleOf(first, 'a', 0)
  const second = build(withRule('POST'), first)
  const third = build(withRule('GET'), second)
  assert.equal(ruleOf(third, 'a', 0), used)
  assert.equal(frontendOf(third).producer?.hasIndexes, false)
  assert.equal(frontendOf(third).producer?.indexes.entries.length, 2)
  assert.equal(frontendOf(third).producer?.hasIndexes, true)
})

test('a route that is gone is gone, and with the last one the port passes through again', () => {
  const first = build(modelOf([routeOf('a')]))
  const second = build(modelOf([]), first)
  assert.equal(second.routes.size, 0)
  assert.equal(frontendOf(second).producer, undefined)
})

test('a Service that is the same object keeps its frontends, unless a route on it changed, came or went', () => {
  const route = (path: string) => routeOf('a', [{ matches: [matchOf({ path: { type: 'Exact', value: path } })] }])
  const port = { routes: ['HTTPRoute/shop/a'], consumerRoutes: [{ namespace: 'web', routes: ['HTTPRoute/shop/b'] }] }
  const first = { ...modelOf([route('/one'), routeOf('b'), routeOf('c')]), services: [serviceOf(port)] }
  const before = build(first)
  const becomes = (model: Model): 'kept' | 'made' => {
    const now = frontendOf(build(model, before))
    const anew = frontendOf(build(copyOf(model)))
    const tables = ({ producer, consumers }: Frontend) =>
      [producer, consumers.get('web')].map((table) => table?.routes.map(({ source }) => JSON.stringify(source)).join())
    assert.deepEqual(tables(now), tables(anew))
    return now === frontendOf(before) ? 'kept' : 'made'
  }
  assert.equal(becomes({ ...first, routes: [route('/one'), routeOf('b'), routeOf('c', [{ name: 'new' }])] }), 'kept')
  assert.equal(becomes({ ...first, routes: [route('/two'), routeOf('b'), routeOf('c')] }), 'made')
  assert.equal(becomes({ ...first, routes: [route('/one'), routeOf('b', [{ name: 'new' }]), routeOf('c')] }), 'made')
  assert.equal(becomes({ ...first, routes: [routeOf('b'), routeOf('c')] }), 'made')
})

test('another filter factory makes the plans anew, and keeps the endpoints', () => {
  const model = modelOf([routeOf('a', [{ filters: [spec('Good')] }])])
  const first = build(model, undefined, createFactory().filters)
  const { filters, made } = createFactory()
  const second = build(model, first, filters)
  assert.deepEqual([...usedFilters(second)], [made.get('Good')])
  assert.equal(
    second.groups.get(formatEndpointKey('shop', 'api', 80)),
    first.groups.get(formatEndpointKey('shop', 'api', 80)),
  )
})

test('used filters are those of Services, rules and backends', () => {
  const { filters, made } = createFactory()
  const model = modelOf(
    [routeOf('a', [{ filters: [spec('Rule')], backends: [{ ...backendOf('v1'), filters: [spec('Backend')] }] }])],
    {
      services: [serviceOf({ routes: ['HTTPRoute/shop/a'] }, { filters: [spec('Service')] })],
    },
  )
  const used = new Set(usedFilters(build(model, undefined, filters)))
  assert.deepEqual([...made.keys()].toSorted(), ['Backend', 'Rule', 'Service'])
  assert.deepEqual(used, new Set(made.values()))
})
