import assert from 'node:assert/strict'
import test from 'node:test'
import { backendOf, endpointsOf, modelOf, noFilters, routeOf, serviceOf } from '../../../test/support/models.ts'
import type { ConnectionRoutes } from '../../model/connection-route.ts'
import type { BoundPod } from '../../model/endpoint.ts'
import type { Model } from '../../model/model.ts'
import { compile } from '../compile.ts'
import { explainRequest, type ExplainQuery, type Explanation } from '../explain.ts'

const invalid = { kind: 'invalid', weight: 3, reason: 'there is none', ref: 'Service shop/gone:1' } as const
const tcp: ConnectionRoutes = {
  kind: 'TCPRoute',
  rule: { route: 'TCPRoute/shop/db', name: 'main', backends: [backendOf('api'), invalid] },
}
const tls: ConnectionRoutes = {
  kind: 'TLSRoute',
  rules: [
    { route: 'TLSRoute/shop/a', backends: [backendOf('api')], hostnames: ['a.example.com', '*.example.com'] },
    { route: 'TLSRoute/shop/b', backends: [], closed: 'a defect', hostnames: ['b.example.com'] },
  ],
}
const pod: BoundPod = {
  key: 'shop/api-1',
  addresses: ['10.1.0.1'],
  transport: 'plain',
  workload: { uid: 'u' },
}

const explain = (parts: Partial<Model>, query: Partial<ExplainQuery> = {}): Explanation =>
  explainRequest(compile(modelOf([routeOf('web')], parts), { generation: 1, filters: noFilters }), {
    ...{ authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: 'web' },
    ...query,
  })

const services = (port: Parameters<typeof serviceOf>[0]): Partial<Model> => ({ services: [serviceOf(port)] })
const closedTls = {
  ...endpointsOf('api', ['10.1.0.1']),
  tls: { hostname: 'h', subjectAltNames: [], ca: 'System' },
} as const

const cases: readonly {
  readonly what: string
  readonly parts: Partial<Model>
  readonly query?: Partial<ExplainQuery>
  readonly wanted: readonly [Explanation['tunnel'], Explanation['outcome'], string | undefined]
  readonly reasons: readonly string[]
}[] = [
  {
    what: 'a TCPRoute',
    parts: services({ connections: tcp }),
    wanted: ['tcp', 'match', 'TCPRoute/shop/db'],
    reasons: [
      "the Service's own TCPRoute applies to web",
      'TCPRoute/shop/db rule main has every connection',
      'backend Service shop/gone:1 (weight 3) is refused: there is none',
    ],
  },
  {
    what: 'TLS by its name',
    parts: services({ connections: tls, protocol: 'tls' }),
    query: { sni: 'x.example.com' },
    wanted: ['tls', 'match', 'TLSRoute/shop/a'],
    reasons: [
      "the Service's own TLSRoutes apply to web",
      'TLSRoute/shop/a rule 0 is for a.example.com, *.example.com',
      'TLSRoute/shop/b rule 0 is for b.example.com',
    ],
  },
  {
    what: 'TLS for a closed route',
    parts: services({ connections: tls }),
    query: { sni: 'b.example.com' },
    wanted: ['tls', 'closed', 'TLSRoute/shop/b'],
    reasons: [
      "the Service's own TLSRoutes apply to web",
      'the connection is refused: a defect',
      'TLSRoute/shop/a rule 0 is for a.example.com, *.example.com',
      'TLSRoute/shop/b rule 0 is for b.example.com',
    ],
  },
  {
    what: 'TLS without a name',
    parts: services({ connections: { kind: 'TLSRoute', rules: tls.kind === 'TLSRoute' ? tls.rules.slice(0, 1) : [] } }),
    query: { sni: '' },
    wanted: ['tls', 'no-match', 'TLSRoute/shop/a'],
    reasons: [
      "the Service's own TLSRoutes apply to web",
      'the connection is refused: no TLSRoute of the port is for the server name of the connection',
      'TLSRoute/shop/a rule 0 is for a.example.com, *.example.com',
    ],
  },
  {
    what: 'no TLS where there are TLSRoutes',
    parts: services({ consumerRoutes: [{ namespace: 'web', routes: [], connections: tls }] }),
    wanted: ['tls', 'no-match', undefined],
    reasons: [
      "the consumer TLSRoutes of web apply instead of the Service's own",
      'the connection is refused: the port has TLSRoutes, and the connection is not TLS',
      'TLSRoute/shop/a rule 0 is for a.example.com, *.example.com',
      'TLSRoute/shop/b rule 0 is for b.example.com',
    ],
  },
  {
    what: 'a port of TCP without routes, whose application has TLS by a policy',
    parts: { ...services({ protocol: 'tcp' }), endpoints: [closedTls] },
    wanted: ['tcp', 'pass-through', undefined],
    reasons: [
      'no routes for connections of web: they pass through to the endpoints',
      "backend shop/api:80 is spoken to in TLS: name h, by the system's roots",
    ],
  },
  {
    what: 'TLS on a port that declares nothing, which needs none of ours',
    parts: { ...services({ protocol: 'unknown', routes: ['HTTPRoute/shop/web'] }), endpoints: [closedTls] },
    query: { sni: 'a' },
    wanted: ['sniff', 'pass-through', undefined],
    reasons: ['no routes for connections of web: they pass through to the endpoints'],
  },
  {
    what: 'a request to a port that declares nothing',
    parts: services({ protocol: 'unknown' }),
    wanted: ['sniff', 'pass-through', undefined],
    reasons: [
      'the port declares nothing: HTTP is served as told here, anything else passes through to the endpoints',
      "no routes for web: passes through to the Service's endpoints",
    ],
  },
]
for (const { what, parts, query, wanted, reasons } of cases) {
  test(`explained: ${what}`, () => {
    const explanation = explain(parts, query)
    assert.deepEqual([explanation.tunnel, explanation.outcome, explanation.route], wanted)
    assert.deepEqual(explanation.reasons, reasons)
  })
}

test('the backends of a TCPRoute are told with their weights and endpoints', () => {
  const { backends, rule, status, service } = explain(services({ connections: tcp }))
  assert.deepEqual(backends, [
    { name: 'shop/api:80', weight: 1, endpoints: 1 },
    { name: 'invalid: there is none', weight: 3, endpoints: 0, isInvalid: true },
  ])
  assert.deepEqual([rule, status, service], ['main', undefined, 'shop/api:80'])
})

test('a Pod is named as one', () => {
  const { service, backends, outcome } = explain({ trafficType: 'all', pods: [pod] }, { authority: '10.1.0.1:9000' })
  assert.deepEqual([service, outcome], ['Pod shop/api-1:9000', 'pass-through'])
  assert.deepEqual(backends, [{ name: 'Pod shop/api-1:9000', weight: 1, endpoints: 1 }])
})
