import assert from 'node:assert/strict'
import test from 'node:test'
import { matchOf, modelOf, noFilters, requestOf, routeOf, serviceOf } from '../../test/support/models.ts'
import type { Model } from '../model/model.ts'
import { compile } from './compile.ts'
import { createReasons, formatReasons } from './reasons.ts'
import type { Reasons } from './reasons.ts'
import { findFrontend, resolve } from './resolve.ts'
import type { Frontend, Resolution } from './snapshot.ts'

const frontendOf = (model: Model): Frontend => {
  const frontend = findFrontend(compile(model, { generation: 1, filters: noFilters }), '10.96.0.12:80')
  assert.ok(frontend)
  return frontend
}

const routeOfResolution = (resolution: Resolution): string =>
  resolution.kind === 'match' ? resolution.rule.route : resolution.kind

const authorities: readonly (readonly [string, boolean])[] = [
  ['10.96.0.12:80', true],
  ['[fd00::12]:80', true],
  ['[fd00:0:0::0012]:80', true],
  ['[FD00::12]:80', true],
  ['api.shop.svc.cluster.local:80', true],
  ['API.shop.svc.cluster.local:80', true],
  ['api.shop.svc.cluster.local.:80', true],
  ['api.shop:80', false],
  ['10.96.0.12', false],
  ['10.96.0.12:', false],
  ['10.96.0.12:8080', false],
  ['10.96.0.12:080', false],
  ['fd00::12:80', false],
  ['[fd00::12', false],
  ['[fd00::12]', false],
  ['[fd00::g]:80', false],
  ['user@10.96.0.12:80', false],
  [':80', false],
  ['', false],
  [`${'a'.repeat(100_000)}:80`, false],
]
for (const [authority, found] of authorities) {
  test(`authority ${authority.slice(0, 40)} is ${found ? 'a frontend' : 'unbound'}`, () => {
    const snapshot = compile(modelOf([]), { generation: 1, filters: noFilters })
    assert.equal(findFrontend(snapshot, authority) !== undefined, found)
  })
}

const meshModel = (): Model =>
  modelOf(
    [
      routeOf('producer'),
      routeOf('consumer', [{ matches: [matchOf({ path: { type: 'PathPrefix', value: '/c' } })] }], {
        namespace: 'client',
      }),
    ],
    {
      services: [
        serviceOf({
          routes: ['HTTPRoute/shop/producer'],
          consumerRoutes: [{ namespace: 'client', routes: ['HTTPRoute/client/consumer'] }],
        }),
      ],
    },
  )

const clients: readonly (readonly [string, string | undefined, string, string])[] = [
  ['a client with consumer routes has those', 'client', '/c', 'HTTPRoute/client/consumer'],
  ['the sets never merge', 'client', '/other', 'no-match'],
  ['a third namespace has the producer set', 'elsewhere', '/c', 'HTTPRoute/shop/producer'],
  ["the Service's own namespace has the producer set", 'shop', '/c', 'HTTPRoute/shop/producer'],
  ['an unknown client has the producer set', undefined, '/c', 'HTTPRoute/shop/producer'],
]
for (const [name, namespace, path, expected] of clients) {
  test(name, () => {
    assert.equal(routeOfResolution(resolve(frontendOf(meshModel()), requestOf({ path }), namespace)), expected)
  })
}

test('with consumer routes alone, everybody else passes through', () => {
  const services = [serviceOf({ consumerRoutes: [{ namespace: 'client', routes: ['HTTPRoute/client/consumer'] }] })]
  const frontend = frontendOf({ ...meshModel(), services })
  assert.equal(resolve(frontend, requestOf(), 'shop'), frontend.passThrough)
  assert.equal(resolve(frontend, requestOf(), 'client').kind, 'no-match')
})

test('a lower match of a route is found when the higher does not fit', () => {
  const get = matchOf({ path: { type: 'Exact', value: '/x' }, method: 'GET' })
  const frontend = frontendOf(modelOf([routeOf('a', [{ matches: [get] }]), routeOf('b')]))
  assert.equal(routeOfResolution(resolve(frontend, requestOf({ path: '/x' }), undefined)), 'HTTPRoute/shop/a')
  assert.equal(
    routeOfResolution(resolve(frontend, requestOf({ path: '/x', method: 'PUT' }), undefined)),
    'HTTPRoute/shop/b',
  )
})

test('a PathPrefix match tells its prefix, others none', () => {
  const matches = [
    matchOf({ path: { type: 'PathPrefix', value: '/p' } }),
    matchOf({ path: { type: 'Exact', value: '/e' } }),
  ]
  const frontend = frontendOf(modelOf([routeOf('a', [{ matches }])]))
  const prefixAt = (path: string): unknown => {
    const found = resolve(frontend, requestOf({ path }), undefined)
    return found.kind === 'match' ? found.prefix : found.kind
  }
  assert.deepEqual([prefixAt('/p/q'), prefixAt('/e'), prefixAt('/x')], ['/p', undefined, 'no-match'])
})

const explain = (model: Model, request: Parameters<typeof requestOf>[0], namespace?: string): Reasons => {
  const frontend = frontendOf(model)
  const reasons = createReasons()
  const decided = resolve(frontend, requestOf(request), namespace, reasons)
  assert.equal(decided, resolve(frontend, requestOf(request), namespace), 'asking why must not change the answer')
  return reasons
}

test('reasons name the winner, who lost by which field, and who was outranked', () => {
  const x = { type: 'Exact', name: 'x-user', value: 'bob' } as const
  const model = modelOf([
    routeOf('header', [{ name: 'bob', matches: [matchOf({ path: { type: 'Exact', value: '/x' }, headers: [x] })] }]),
    routeOf('exact', [{ matches: [matchOf({ path: { type: 'Exact', value: '/x' } })] }]),
    routeOf('all'),
  ])
  const reasons = explain(model, { path: '/x', headers: ['x-user', 'eve'] }, 'web')
  assert.deepEqual(reasons.routeSet, { kind: 'producer', sourceNamespace: 'web', entries: 3 })
  assert.equal(reasons.winner?.rule.route, 'HTTPRoute/shop/exact')
  assert.deepEqual(
    reasons.lost.map(({ plan, failed }) => [plan.rule.route, failed?.name]),
    [
      ['HTTPRoute/shop/header', 'header x-user'],
      ['HTTPRoute/shop/all', undefined],
    ],
  )
  assert.deepEqual(formatReasons(reasons), [
    "the Service's own routes apply to web (3 matches)",
    'HTTPRoute/shop/exact rule 0 matches: Exact path (2 characters)',
    'HTTPRoute/shop/header rule bob does not fit: header x-user is not Exact bob',
    'HTTPRoute/shop/all rule 0 fits too, with less precedence: PathPrefix path (1 character)',
  ])
})

test('reasons tell the consumer set, and that nothing fits', () => {
  const reasons = explain(meshModel(), { path: '/other' }, 'client')
  assert.equal(reasons.winner, undefined)
  assert.deepEqual(formatReasons(reasons), [
    "consumer routes of client apply instead of the Service's own (1 match)",
    'no match fits: 404',
    'HTTPRoute/client/consumer rule 0 does not fit: path is not PathPrefix /c',
  ])
})

test('reasons tell that there are no routes', () => {
  assert.deepEqual(formatReasons(explain(modelOf([]), {})), [
    "no routes for a client of unknown namespace: passes through to the Service's endpoints",
  ])
})

test('reasons tell of closed rules, closed Services and invalid backends', () => {
  const invalid = {
    kind: 'invalid',
    weight: 2,
    status: 500,
    reason: 'BackendNotFound',
    ref: 'Service shop/gone:80',
  } as const
  const rule = { closed: { status: 500, reason: 'no such filter' }, backends: [invalid, { ...invalid, weight: 0 }] }
  const reasons = explain(modelOf([routeOf('a', [rule])]), {})
  assert.deepEqual(formatReasons(reasons).slice(2), [
    'refused with 500: no such filter',
    'backend Service shop/gone:80 (weight 2) is answered with 500: BackendNotFound',
    'backend Service shop/gone:80 (weight 0) gets no request: BackendNotFound',
  ])
  const services = [serviceOf({}, { closed: 'unsupported policy' })]
  assert.deepEqual(explain(modelOf([], { services }), {}).closed, { status: 503, reason: 'unsupported policy' })
})

test('a long list of losers is cut short for people, not for machines', () => {
  const model = modelOf(Array.from({ length: 30 }, (_, i) => routeOf(`r${i}`)))
  const reasons = explain(model, {})
  assert.equal(reasons.lost.length, 29)
  assert.equal(formatReasons(reasons, { maxLost: 3 }).at(-1), 'and 26 more that did not win')
})
