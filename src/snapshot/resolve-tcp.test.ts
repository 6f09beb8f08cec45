import assert from 'node:assert/strict'
import test from 'node:test'
import { backendOf, modelOf, noFilters, requestOf, routeOf, serviceOf } from '../../test/support/models.ts'
import type { ConnectionRoutes, ConnectionRule, SniRule } from '../model/connection-route.ts'
import type { PortProtocol } from '../model/port-protocol.ts'
import type { ServicePort } from '../model/service.ts'
import { compile } from './compile.ts'
import { resolveTcp, resolveTls, tunnelKindOf } from './resolve-tcp.ts'
import { findFrontend, resolve } from './resolve.ts'
import type { ConnectionResolution, Frontend, Snapshot } from './snapshot.ts'

const ruleOf = (name: string, parts: Partial<ConnectionRule> = {}): ConnectionRule => ({
  route: `TCPRoute/shop/${name}`,
  backends: [backendOf(name)],
  ...parts,
})

const tcp = (name: string, parts: Partial<ConnectionRule> = {}): ConnectionRoutes => ({
  kind: 'TCPRoute',
  rule: ruleOf(name, parts),
})

const sni = (...rules: readonly (readonly [string, ...string[]])[]): ConnectionRoutes => ({
  kind: 'TLSRoute',
  rules: rules.map(([name, ...hostnames]): SniRule => ({ ...ruleOf(name), hostnames })),
})

type Port = Partial<ServicePort> & { readonly closed?: string }

const build = ({ closed, ...port }: Port, previous?: Snapshot): Snapshot => {
  const services = [serviceOf(port, closed === undefined ? {} : { closed })]
  return compile(modelOf([routeOf('web')], { services }), { generation: 1, previous, filters: noFilters })
}

const frontendOf = (port: Port, previous?: Snapshot): Frontend => {
  const frontend = findFrontend(build(port, previous), '10.96.0.12:80')
  assert.ok(frontend)
  return frontend
}

const routeNameOf = (resolution: ConnectionResolution): string =>
  resolution.kind === 'backends' ? (resolution.route.split('/')[2] ?? '') : resolution.kind

const http = ['HTTPRoute/shop/web']
const kinds: readonly (readonly [PortProtocol, Partial<ServicePort>, string])[] = [
  ['http', {}, 'http'],
  ['http2', {}, 'http'],
  ['grpc', {}, 'http'],
  ['tcp', {}, 'tcp'],
  ['tls', {}, 'tcp'],
  ['unknown', {}, 'sniff'],
  ['unknown', { routes: http }, 'sniff'],
  ['http', { connections: tcp('db') }, 'tcp'],
  ['unknown', { connections: tcp('db') }, 'tcp'],
  ['tcp', { connections: sni(['db']) }, 'tls'],
  ['tls', { connections: sni(['db']) }, 'tls'],
  ['unknown', { connections: sni(['db']) }, 'tls'],
]
for (const [protocol, parts, kind] of kinds) {
  const { kind: routes = parts.routes === undefined ? 'no routes' : 'HTTPRoutes' } = parts.connections ?? {}
  test(`a tunnel to a port declared ${protocol} with ${routes} is ${kind}`, () => {
    assert.equal(tunnelKindOf(frontendOf({ protocol, ...parts }), 'shop'), kind)
  })
}

test('each namespace has its own set, of its own kind', () => {
  const frontend = frontendOf({
    protocol: 'unknown',
    connections: tcp('all'),
    consumerRoutes: [
      { namespace: 'a', routes: [], connections: sni(['a']) },
      { namespace: 'b', routes: http },
    ],
  })
  const of = (namespace: string | undefined) => [
    tunnelKindOf(frontend, namespace),
    routeNameOf(resolveTcp(frontend, namespace)),
    routeNameOf(resolveTls(frontend, namespace, 'x')),
    resolve(frontend, requestOf(), namespace).kind,
  ]
  assert.deepEqual(of('a'), ['tls', 'refused', 'a', 'no-match'])
  assert.deepEqual(of('b'), ['sniff', 'pass-through', 'pass-through', 'match'])
  assert.deepEqual(of('c'), ['tcp', 'all', 'all', 'no-match'])
  assert.deepEqual(of(undefined), of('c'))
})

const names = sni(
  ['exact', 'a.example.com'],
  ['deep', '*.b.example.com'],
  ['wide', '*.example.com'],
  ['young', 'a.example.com', '*.org'],
)
const servers: readonly (readonly [string | undefined, string])[] = [
  ['a.example.com', 'exact'],
  ['A.Example.COM', 'exact'],
  ['x.example.com', 'wide'],
  ['x.y.example.com', 'wide'],
  ['x.b.example.com', 'deep'],
  ['x.y.b.example.com', 'deep'],
  ['b.example.com', 'wide'],
  ['example.com', 'refused'],
  ['.example.com', 'refused'],
  ['notexample.com', 'refused'],
  ['a.example.com.', 'refused'],
  ['x.org', 'young'],
  ['*.org', 'young'],
  ['', 'refused'],
  [undefined, 'refused'],
]
for (const [server, route] of servers) {
  test(`server name ${server} is for ${route}`, () => {
    assert.equal(routeNameOf(resolveTls(frontendOf({ connections: names }), undefined, server)), route)
  })
}

test('a TLSRoute without names takes what nobody else has', () => {
  const frontend = frontendOf({ connections: sni(['named', '*.com'], ['rest']) })
  const routes = ['x.com', 'x.org', '', undefined].map((name) => routeNameOf(resolveTls(frontend, undefined, name)))
  assert.deepEqual(routes, ['named', 'rest', 'rest', 'rest'])
  assert.equal(resolveTcp(frontend, undefined).kind, 'refused')
})

test('without routes for connections they pass through', () => {
  const frontend = frontendOf({ protocol: 'unknown', routes: http })
  assert.equal(resolveTcp(frontend, undefined), frontend.passThrough)
  assert.equal(resolveTls(frontend, undefined, 'a'), frontend.passThrough)
})

const refusals: readonly (readonly [string, Port, string, string | undefined])[] = [
  ['a closed rule', { connections: tcp('a', { closed: 'a defect' }) }, 'a defect', 'TCPRoute/shop/a'],
  [
    'no backends',
    { connections: tcp('a', { backends: [] }) },
    'no backend of the route has any weight',
    'TCPRoute/shop/a',
  ],
  [
    'no weight',
    { connections: tcp('a', { backends: [backendOf('a', 0)] }) },
    'no backend of the route has any weight',
    'TCPRoute/shop/a',
  ],
  ['a closed Service', { closed: 'a policy', connections: tcp('a') }, 'a policy', undefined],
  ['a closed Service without routes', { closed: 'a policy' }, 'a policy', undefined],
]
for (const [name, port, reason, route] of refusals) {
  test(`${name} refuses connections`, () => {
    const refused = { kind: 'refused', cause: 'closed', reason, route }
    const frontend = frontendOf(port)
    assert.deepEqual(resolveTcp(frontend, undefined), refused)
    assert.deepEqual(resolveTls(frontend, undefined, 'a'), refused)
  })
}

test('a plan is kept as long as its rule is the same, whatever becomes of its neighbours', () => {
  const rules = (weight: number) =>
    ({
      connections: {
        kind: 'TLSRoute',
        rules: [
          { ...ruleOf('a'), hostnames: ['a'] },
          { ...ruleOf('b', { backends: [backendOf('b', weight)] }), hostnames: ['b'] },
        ],
      },
    }) as const
  const first = build(rules(1))
  const plan = (frontend: Frontend | undefined, name: string) =>
    frontend === undefined ? undefined : resolveTls(frontend, undefined, name)
  const [before, after] = [findFrontend(first, '10.96.0.12:80'), frontendOf(structuredClone(rules(2)), first)]
  assert.notEqual(after, before)
  assert.equal(plan(after, 'a'), plan(before, 'a'))
  assert.notEqual(plan(after, 'b'), plan(before, 'b'))
})
