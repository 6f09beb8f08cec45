import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readObject } from '../../../objects/read-object.ts'
import { createTranslator } from '../../translate.ts'

const gateway =
  '{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: waypoint, namespace: shop }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }'
const service = (name: string): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: waypoint } }, spec: { clusterIP: 10.0.0.${name.length}, ports: [{ name: http, port: 80 }, { name: http-2, port: 81 }] } }`
const route = (
  name: string,
  rules: readonly string[],
  parents = '{ kind: Service, name: api }',
  kind = 'HTTPRoute',
): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: ${kind}, metadata: { name: ${name}, namespace: ${name.length > 1 ? name : 'shop'} }, spec: { parentRefs: [${parents.replaceAll('kind: Service', "group: '', kind: Service")}], rules: [${rules.map((rule) => `{ ${rule} }`).join()}] } }`

const path = (value: string, type = 'PathPrefix'): string => `matches: [{ path: { type: ${type}, value: '${value}' } }]`
const both = '{ kind: Service, name: api, port: 80 }, { kind: Service, name: api, port: 81 }'

const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['different rules', [route('a', [path('/a'), path('/b')])], []],
  [
    'the same rule twice',
    [route('a', [path('/a'), path('/a')])],
    ['a Service shop/api: rules[1] can never match: HTTPRoute shop/a rules[0] takes precedence whenever it fits'],
  ],
  [
    'the same rule in another route',
    [route('b', [path('/x'), path('/a')]), route('a', [path('/a')])],
    ['b Service shop/api: rules[1] can never match: HTTPRoute shop/a rules[0] takes precedence whenever it fits'],
  ],
  [
    'a rule below a pattern that takes everything',
    [route('a', [path('/a'), path('/.*', 'RegularExpression')])],
    ['a Service shop/api: rules[0] can never match: HTTPRoute shop/a rules[1] takes precedence whenever it fits'],
  ],
  [
    'one of two matches',
    [route('a', [path('/a'), "matches: [{ path: { value: '/a' } }, { path: { value: '/b' } }]"])],
    [],
  ],
  [
    'a consumer route, which is in a set of its own',
    [route('a', [path('/a')]), route('far', [path('/a')], '{ kind: Service, namespace: shop, name: api }')],
    [],
  ],
  ['another Service', [route('a', [path('/a')]), route('b', [path('/a')], '{ kind: Service, name: other }')], []],
  [
    'one port of two, each a parent',
    [route('a', [path('/a')], '{ kind: Service, name: api, port: 80 }'), route('b', [path('/a')], both)],
    ['b Service shop/api:80: rules[0] can never match: HTTPRoute shop/a rules[0] takes precedence whenever it fits'],
  ],
  [
    'one port of two of one parent',
    [route('a', [path('/a')], '{ kind: Service, name: api, port: 80 }'), route('b', [path('/a')])],
    [],
  ],
  [
    'a route that has not got the port',
    [route('a', ['matches: []'], undefined, 'GRPCRoute'), route('b', [path('/a'), path('/a')])],
    [],
  ],
  [
    'GRPCRoutes',
    [route('a', ['matches: []', 'matches: [{ headers: [] }]'], undefined, 'GRPCRoute')],
    ['a Service shop/api: rules[1] can never match: GRPCRoute shop/a rules[0] takes precedence whenever it fits'],
  ],
  [
    'paths that are normalised away, beside one that another rule hides',
    [
      route('a', [
        path('/%7Euser'),
        path('/a'),
        path('/a'),
        path('/n%00', 'Exact'),
        path('/a%20b%c3'),
        path('/%61', 'RegularExpression'),
      ]),
    ],
    [
      'a Service shop/api: rules[0] can never match: no request has path "/%7Euser", since paths are compared normalised as "/~user" (BASE); rules[2] can never match: HTTPRoute shop/a rules[1] takes precedence whenever it fits; rules[3] can never match: no request has path "/n%00", since a request for such a path is refused (400)',
    ],
  ],
  [
    'a path in both of its spellings',
    [route('a', ["matches: [{ path: { value: '/~user' } }, { path: { value: '/%7Euser' } }]"])],
    [],
  ],
  [
    'a path that is none on a port that is not had',
    [route('a', ['matches: []'], undefined, 'GRPCRoute'), route('b', [path('/%61')])],
    [],
  ],
]
for (const [name, routes, told] of cases) {
  test(`rules that can never match are told: ${name}`, () => {
    const translate = createTranslator({
      clusterDomain: 'cluster.local',
      trustDomain: 'td',
      rootNamespace: 'istio-system',
      pathNormalization: 'BASE',
    })
    const objects = [gateway, service('api'), service('other'), ...routes].map((text) => ({
      read: readObject(parse(text)),
      locate: (at: string) => ({ file: at, line: 1, column: 1 }),
    }))
    for (const round of ['first', 'again']) {
      const shadowed = translate(objects).conditions.filter(({ type }) => type === 'Shadowed')
      assert.deepEqual(
        shadowed.map(({ object, parent, message }) => `${object.name} ${parent}: ${message}`),
        told,
        round,
      )
      for (const { status, reason, position } of shadowed) {
        assert.deepEqual([status, reason], ['True', 'NeverMatches'])
        assert.match(position?.file ?? '', /^spec\.rules\[\d\]$/)
      }
    }
  })
}
