import type { FilterFactory } from '../../src/filter/instances.ts'
import type { HeaderList } from '../../src/http/header-list.ts'
import { HeaderList as Headers } from '../../src/http/header-list.ts'
import { formatEndpointKey } from '../../src/model/endpoint.ts'
import type { EndpointSet } from '../../src/model/endpoint.ts'
import type { Match } from '../../src/model/match.ts'
import type { Model } from '../../src/model/model.ts'
import type { Backend, Route, Rule } from '../../src/model/route.ts'
import { formatServiceKey } from '../../src/model/service.ts'
import type { Service, ServicePort } from '../../src/model/service.ts'
import type { MatchRequest } from '../../src/snapshot/snapshot.ts'

/** A match of PathPrefix `/` with parts replaced. */
export const matchOf = (parts: Partial<Match> = {}): Match => ({
  path: { type: 'PathPrefix', value: '/' },
  headers: [],
  queryParams: [],
  ...parts,
})

/** A rule that matches everything and sends it to Service `shop/api`, with parts replaced. */
export const ruleOf = (parts: Partial<Rule> = {}): Rule => ({
  index: 0,
  matches: [matchOf()],
  filters: [],
  backends: [backendOf('api')],
  ...parts,
})

/** Port 80 of a Service in namespace `shop`. */
export const backendOf = (name: string, weight = 1): Extract<Backend, { kind: 'service' }> => ({
  kind: 'service',
  weight,
  service: { namespace: 'shop', name, hostname: `${name}.shop.svc.cluster.local`, port: 80 },
  endpoints: formatEndpointKey('shop', name, 80),
  filters: [],
})

/** HTTPRoute `shop/NAME`; its rules are numbered as listed. */
export const routeOf = (name: string, rules: readonly Partial<Rule>[] = [{}], parts: Partial<Route> = {}): Route => ({
  key: `HTTPRoute/${parts.namespace ?? 'shop'}/${name}`,
  kind: 'HTTPRoute',
  namespace: 'shop',
  name,
  rules: rules.map((rule, index) => ruleOf({ index, ...rule })),
  ...parts,
})

/** Service `shop/api` at 10.96.0.12 and fd00::12, with port 80 that the given routes are attached to. */
export const serviceOf = (port: Partial<ServicePort> = {}, parts: Partial<Service> = {}): Service => ({
  key: formatServiceKey('shop', parts.name ?? 'api'),
  namespace: 'shop',
  name: 'api',
  hostname: `${parts.name ?? 'api'}.shop.svc.cluster.local`,
  addresses: ['10.96.0.12', 'fd00::12'],
  ports: [{ port: 80, protocol: 'http', routes: [], consumerRoutes: [], ...port }],
  filters: [],
  ...parts,
})

/** Plaintext endpoints of port 80 of a Service in namespace `shop`. */
export const endpointsOf = (name: string, addresses: readonly string[]): EndpointSet => ({
  key: formatEndpointKey('shop', name, 80),
  endpoints: addresses.map((address) => ({ address, port: 8080, transport: 'plain', workload: { uid: address } })),
})

/** One Service whose port 80 has the given routes, all of them producer routes. */
export const modelOf = (routes: readonly Route[], parts: Partial<Model> = {}): Model => ({
  gateway: { namespace: 'shop', name: 'waypoint' },
  trafficType: 'service',
  pathNormalization: 'BASE',
  services: [serviceOf({ routes: routes.map((route) => route.key) })],
  routes,
  endpoints: [endpointsOf('api', ['10.1.0.1'])],
  pods: [],
  authentications: [],
  authorizations: [],
  ...parts,
})

/** What the configuration thread would post: equal, and not one object the same. */
export const copyOf = (model: Model): Model => structuredClone(model)

/** `GET /` with parts replaced; headers as name, value, name, value, … in lower case. */
export const requestOf = (
  parts: {
    readonly method?: string
    readonly path?: string
    readonly query?: string
    readonly headers?: string[]
  } = {},
): MatchRequest & { readonly headers: HeaderList } => ({
  method: parts.method ?? 'GET',
  path: parts.path ?? '/',
  query: parts.query ?? '',
  headers: new Headers(parts.headers ?? []),
})

/** A factory for routes without filters: any filter is a failure. */
export const noFilters: FilterFactory = (spec) => ({ failure: `no filter of kind ${spec.kind}` })
