/**
 * What a filter's own schema refuses closes its rule when the configuration is compiled, where nobody writes conditions
 * any more. So the configuration must have refused it before, with a condition: both have to agree on every case here.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { builtinFilters } from '../filters/index.ts'
import { objectFilters } from '../filters/object-filters.ts'
import { translate } from '../src/config/translate/translate.ts'
import { loadText } from './support/load-text.ts'

const long = 'a'.repeat(300)
const header = (name: string, value = 'x'): unknown => ({ name, value })
const replace = (path: string): unknown => ({ path: { type: 'ReplaceFullPath', replaceFullPath: path } })

const headerCases = {
  good: [
    {},
    { set: [header('X-A')], add: [header('x-b', 'a, b')], remove: ['x-c'] },
    { set: [header("x!#$%&'*+-.^_`|~1")] },
    { set: Array.from({ length: 16 }, (_, i) => header(`x${i}`)) },
  ],
  bad: [
    { set: Array.from({ length: 17 }, (_, i) => header(`x${i}`)) },
    { set: [header('x a')] },
    { set: [header('')] },
    { set: [header(long)] },
    { set: [header(':path')] },
    { set: [header('x', '')] },
    { set: [header('x', ' a')] },
    { set: [header('x', 'a\nb')] },
    { set: [header('x', 'ä')] },
    { set: [{ name: 'x' }] },
    { set: [header('x'), header('X')] },
    { add: [header('x')], remove: ['X'] },
    { add: [header('Connection')] },
    { remove: ['content-length'] },
    { set: [header('Transfer-Encoding', 'chunked')] },
    { change: [] },
    [],
    'x',
  ],
}

const origins = (...allowOrigins: readonly unknown[]): unknown => ({ allowOrigins })

const cases: Readonly<Record<string, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }>> = {
  RequestHeaderModifier: {
    good: [
      ...headerCases.good,
      { set: [header('Host', 'a.b:80')] },
      { set: [header('HOST', '[fd00::1]')] },
      { remove: ['X-Forwarded-Client-Cert'], set: [header('X-Forwarded-For'), header('X-Istio-A')] },
    ],
    bad: [
      ...headerCases.bad,
      { add: [header('Host', 'a')] },
      { remove: ['host'] },
      { set: [header('host', 'a b')] },
      { set: [header('host', 'a/b')] },
      { set: [header('host', 'a:65536')] },
      { set: [header('X-Forwarded-Client-Cert')] },
      { add: [header('x_forwarded_client_cert')] },
      { add: [header('X_Forwarded_For')] },
    ],
  },
  ResponseHeaderModifier: { good: [...headerCases.good, { remove: ['host'] }], bad: headerCases.bad },
  RequestRedirect: {
    good: [{}, { scheme: 'https', hostname: 'a.b', port: 8443, statusCode: 308 }, replace('/x'), replace('')],
    bad: [
      { scheme: 'ftp' },
      { hostname: '*.a' },
      { hostname: 'A' },
      { hostname: '' },
      { hostname: '10.0.0.1' },
      { hostname: 'a:80' },
      { port: 0 },
      { port: 65_536 },
      { statusCode: 304 },
      { statusCode: '301' },
      replace('/x?y'),
      replace('/x y'),
      replace(long.repeat(4)),
      { path: {} },
      { path: { type: 'ReplaceFullPath' } },
      { url: '/' },
    ],
  },
  URLRewrite: {
    good: [{}, { hostname: 'a.b' }, replace('/x%20y')],
    bad: [{ hostname: 'a b' }, { port: 80 }, replace('/x#y'), { path: { type: 'ReplaceRegex' } }],
  },
  CORS: {
    good: [
      {},
      origins('*'),
      origins('https://a.b', 'http://*.a:8080', 'https://*', 'http://A'),
      { allowMethods: ['*'], allowHeaders: ['*'], exposeHeaders: ['*'], allowCredentials: true, maxAge: 1 },
      { allowMethods: ['GET', 'PATCH'], allowHeaders: ['X-A'], exposeHeaders: ['x-a', '*'], allowCredentials: false },
      origins(...Array.from({ length: 64 }, (_, i) => `https://a${i}`)),
    ],
    bad: [
      origins('*', 'https://a'),
      origins('https://a/'),
      origins('https://a:0'),
      origins('https://a:65536'),
      origins('https://a.*.b'),
      origins('ftp://a'),
      origins('null'),
      origins(''),
      origins('https://a', 'https://a'),
      origins(...Array.from({ length: 65 }, (_, i) => `https://a${i}`)),
      { allowMethods: ['*', 'GET'] },
      { allowMethods: ['get'] },
      { allowMethods: ['GET', 'GET'] },
      { allowHeaders: ['*', 'x'] },
      { allowHeaders: ['x y'] },
      { allowHeaders: [long] },
      { exposeHeaders: ['x\ny'] },
      { maxAge: 0 },
      { maxAge: 2 ** 31 },
      { maxAge: '5' },
      { allowCredentials: 'yes' },
      { allowOrigin: [] },
    ],
  },
}

const fieldOf = (kind: string): string =>
  ({ URLRewrite: 'urlRewrite', CORS: 'cors' })[kind] ?? `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`

/** The defects of the one rule of an HTTPRoute that has the filter. */
const refusalOf = (kind: string, config: unknown): string | undefined => {
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r', namespace: 'shop' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'api' }],
      rules: [{ filters: [{ type: kind, [fieldOf(kind)]: config }] }],
    },
  }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api', namespace: 'shop', labels: { 'istio.io/use-waypoint': 'waypoint' } },
    spec: { clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 80 }] },
  }
  const gateway = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'waypoint', namespace: 'shop' },
    spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
  }
  const text = [service, gateway, route].map((object) => JSON.stringify(object)).join('\n---\n')
  const { model, conditions } = translate(loadText('objects.yaml', text).objects, {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
  })
  const rule = model.routes.find(({ key }) => key === 'HTTPRoute/shop/r')?.rules[0]
  assert.ok(rule !== undefined, 'the route is there')
  const isAccepted = conditions.some(
    ({ type, status, object }) => type === 'Accepted' && status === 'True' && object.kind === 'HTTPRoute',
  )
  assert.equal(isAccepted, rule.closed === undefined, 'the condition says what the model does')
  return rule.closed?.reason
}

/** Those that stand in a route; objects are read by the schema itself. */
const inRoutes = builtinFilters.filter((definition) => objectFilters.every((one) => one.definition !== definition))

for (const definition of inRoutes) {
  const { kind } = definition
  const { good = [], bad = [] } = cases[kind] ?? {}
  test(`${kind} has cases`, () => assert.ok(good.length > 0 && bad.length > 0))
  for (const config of good) {
    test(`${kind} ${brief(config)} is taken by both`, () => {
      assert.deepEqual(definition.config.decode(config, kind).ok, true)
      assert.equal(refusalOf(kind, config), undefined)
    })
  }
  for (const config of bad) {
    test(`${kind} ${brief(config)} is taken by neither`, () => {
      assert.deepEqual(definition.config.decode(config, kind).ok, false)
      assert.notEqual(refusalOf(kind, config), undefined)
    })
  }
}

function brief(config: unknown): string {
  const text = JSON.stringify(config)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
