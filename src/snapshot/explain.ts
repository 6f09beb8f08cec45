import type { VerifiedToken } from '../filter/verified-token.ts'
import { toGrpcStatus, UNAVAILABLE } from '../http/bridge/grpc-status.ts'
import { HeaderList } from '../http/header-list.ts'
import { passedOn } from '../http/h1/upgrade.ts'
import { cleanRequest } from '../http/hop-by-hop.ts'
import { isGrpcRequest } from '../http/is-grpc.ts'
import { normalizePath, splitTarget } from '../http/path.ts'
import { joinHostPort } from '../lib/ip.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { formatBackend, formatRule } from './carried-out.ts'
import {
  describeBackends,
  explainConnection,
  groupsOf,
  type ExplainedBackend,
} from './connection/explain-connection.ts'
import { createReasons, formatReasons } from './reasons.ts'
import { explainAuthorization, type ExplainedAuthorization } from './security/explain-authorization.ts'
import { explainProviders } from './security/explain/explain-providers.ts'
import { explainTokens } from './security/tokens/explain-tokens.ts'
import { viewClaims } from './security/tokens/token-view.ts'
import { imagineFacts, type ImaginedClient } from './security/imagine-facts.ts'
import type { RequestFacts } from './security/request-facts.ts'
import { tunnelKindOf, type TunnelKind } from './resolve-tcp.ts'
import { explainUnbound } from './unbound/explain-unbound.ts'
import { explainFilters, mayAnswer } from './filters/explain-filters.ts'
import type { FilterStateOf } from './filters/explain-filters.ts'
import { findFrontend, resolve } from './resolve.ts'
import { explainTelemetry } from './telemetry/explain-telemetry.ts'
import type { EndpointGroup, Frontend, Resolution, Snapshot } from './snapshot.ts'

/** A request or a connection as somebody imagines it. */
export interface ExplainQuery extends ImaginedClient {
  /** Of the CONNECT: `10.96.0.12:80` or `api.shop.svc.cluster.local:80`. */
  readonly authority: string
  readonly method: string
  /** With its query, as a client would send it. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** What would become of a request or connection, and why; plain data. */
export interface Explanation {
  readonly generation: number
  readonly outcome: 'unbound' | 'bad-path' | 'closed' | 'denied' | 'no-match' | 'pass-through' | 'match'
  /** Status of the answer where it is decided already; a connection has none. */
  readonly status: number | undefined
  /** What is looked for in a tunnel to this address. */
  readonly tunnel: TunnelKind | undefined
  /** `shop/api:80`, or `Pod shop/api-1:8080`. */
  readonly service: string | undefined
  readonly path: string | undefined
  readonly route: string | undefined
  readonly rule: string | undefined
  readonly backends: readonly ExplainedBackend[]
  /** What AuthorizationPolicies have to say; absent where there are none. */
  readonly authorization?: Omit<ExplainedAuthorization, 'reasons'>
  /** One line for each step of the decision. */
  readonly reasons: readonly string[]
}

/** Why an endpoint has fewer requests than others, or none; `undefined` when it has not. */
export type HealthOf = (endpoint: Endpoint) => string | undefined

/** What is not in a snapshot. */
export interface LiveState {
  readonly healthOf?: HealthOf
  readonly filterStateOf?: FilterStateOf
}

/** Asks the very functions that the data path asks, and tells what they said; with `live` how it stands with them too. */
export const explainRequest = (snapshot: Snapshot, query: ExplainQuery, live: LiveState = {}): Explanation => {
  const { generation } = snapshot
  const frontend = findFrontend(snapshot, query.authority)
  if (frontend === undefined) {
    const reasons = explainUnbound(snapshot.model, query.authority)
    return { generation, outcome: 'unbound', status: 404, tunnel: undefined, service: undefined, ...nothing, reasons }
  }
  const explained = explainFrontend({ snapshot, frontend }, query, live)
  const reasons = [...explained.reasons, ...explainCall(explained, query), ...explainTelemetry(frontend.telemetry)]
  return { ...explained, reasons }
}

/** Clients of gRPC are refused in their own words. */
const explainCall = ({ outcome, status }: Explanation, { method, headers }: ExplainQuery): readonly string[] => {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  if (status === undefined || !isGrpcRequest(method, type)) return []
  // What configuration closes, or leaves without a backend, is 14 whatever it is to others.
  const grpcStatus = outcome === 'closed' || outcome === 'match' ? UNAVAILABLE : toGrpcStatus(status)
  return [`a gRPC call is answered with grpc-status ${grpcStatus} in place of ${status}`]
}

const nothing = { path: undefined, route: undefined, rule: undefined, backends: [] }

const explainFrontend = (
  { snapshot, frontend }: { readonly snapshot: Snapshot; readonly frontend: Frontend },
  query: ExplainQuery,
  { healthOf, filterStateOf }: LiveState,
): Explanation => {
  const { generation } = snapshot
  const tunnel = tunnelKindOf(frontend, query.sourceNamespace)
  const about = { generation, tunnel, service: describeFrontend(frontend) }
  // A port that declares nothing is taken to be asked about a request, unless there is a server name.
  if (tunnel === 'tcp' || tunnel === 'tls' || (tunnel === 'sniff' && query.sni !== undefined)) {
    const { reasons, groups, ...rest } = explainConnection(snapshot, frontend, query)
    const explained = {
      ...about,
      status: undefined,
      ...nothing,
      ...rest,
      reasons: [...reasons, ...formatHealth(groups, healthOf)],
    }
    return addAuthorization(explained, { snapshot, frontend }, imagineFacts(query, frontend, undefined))
  }
  if (query.method === 'CONNECT') {
    const reasons = ['CONNECT inside a tunnel is not supported: 405']
    return { ...about, outcome: 'closed', status: 405, ...nothing, reasons }
  }
  const split = splitTarget(query.target, query.method)
  const path = normalizePath(split.path, snapshot.pathNormalization)
  if (path === undefined) {
    const reasons = [`the path cannot be normalised (${snapshot.pathNormalization}): 400`]
    return { ...about, outcome: 'bad-path', status: 400, ...nothing, reasons }
  }
  const headers = new HeaderList(query.headers.flatMap(([name, value]) => [name.toLowerCase(), value]))
  const upgrade = passedOn(headers.getLower('upgrade') ?? '')
  cleanRequest(headers)
  const token = identify(frontend, headers, query)
  const request = { method: query.method, path, query: split.query, headers, upgrade, token }
  const collected = createReasons()
  const resolution = resolve(frontend, request, query.sourceNamespace, collected)
  const rule = resolution.kind === 'match' ? resolution.rule : undefined
  const plans = resolution.kind === 'pass-through' ? [resolution.backend] : (rule?.backends ?? [])
  const { closed } = collected
  const health = formatHealth(groupsOf(plans, snapshot), healthOf)
  const filters = explainFilters({ frontend, rule, backends: plans, pods: snapshot.pods }, filterStateOf)
  const hasNobody = rule?.totalWeight === 0 && !mayAnswer({ frontend, rule, pods: snapshot.pods }, request.method)
  const carriedOut =
    closed === undefined
      ? [...filters, ...carryOut(resolution, snapshot), ...(hasNobody ? [WITHOUT_BACKEND] : []), ...health]
      : []
  const explained: Explanation = {
    ...about,
    outcome: closed === undefined ? resolution.kind : 'closed',
    status: closed?.status ?? (hasNobody ? 500 : resolution.kind === 'no-match' ? 404 : undefined),
    path,
    route: rule?.route,
    rule: rule?.name,
    backends: describeBackends(plans, snapshot),
    reasons: [
      ...formatSniffing(tunnel),
      ...explainTokens(frontend.authentication, query.claims),
      ...formatReasons(collected, { carriedOut }),
    ],
  }
  const part = { ...request, authority: headers.getLower('host') ?? query.authority }
  return addAuthorization(explained, { snapshot, frontend }, imagineFacts(query, frontend, part))
}

const WITHOUT_BACKEND = 'the rule has no backend with a weight above 0, and no filter that answers in its place: 500'

/** Policies are asked before routes, and what they refuse never gets there. */
const addAuthorization = (
  explained: Explanation,
  { snapshot, frontend }: { readonly snapshot: Snapshot; readonly frontend: Frontend },
  facts: RequestFacts,
): Explanation => {
  const { authorization, closed } = frontend
  if (authorization === undefined || closed !== undefined) return explained
  const { reasons, ...rest } = explainAuthorization(authorization, facts)
  const providers = rest.verdict === 'ask' ? explainProviders(snapshot, authorization, facts) : undefined
  const { principal, namespace } = facts.source
  const unknown = principal === undefined && namespace !== undefined
  const whole = {
    ...explained,
    authorization: rest,
    reasons: [
      ...(unknown ? ['of the client only the namespace is known: no principal fits it'] : []),
      ...reasons,
      ...(providers?.reasons ?? []),
      ...explained.reasons,
    ],
  }
  if (rest.verdict !== 'deny' && providers?.isRefused !== true) return whole
  const status = facts.request === undefined ? undefined : 403
  return { ...whole, outcome: 'denied', status, route: undefined, rule: undefined, backends: [] }
}

/** As a verified token has it: the headers that it alone may write, and what it says. */
const identify = (
  { authentication }: Frontend,
  headers: HeaderList,
  { claims }: ExplainQuery,
): VerifiedToken | undefined => {
  for (const name of authentication?.outputs ?? []) headers.removeLower(name)
  const view = claims === undefined ? undefined : viewClaims(claims, authentication)
  if (view !== undefined) headers.fields.push(...view.outputs)
  return view?.token
}

const describeFrontend = (frontend: Frontend): string =>
  frontend.kind === 'pod'
    ? `Pod ${frontend.pod.key}:${frontend.port.port}`
    : `${frontend.service.key}:${frontend.port.port}`

/** How many endpoints are told of. */
const MAX_UNHEALTHY = 20

/** Which endpoints would not be picked, or not as often, and why. */
const formatHealth = (groups: readonly EndpointGroup[], healthOf: HealthOf | undefined): readonly string[] => {
  if (healthOf === undefined) return []
  const lines = groups.flatMap(({ key, endpoints }) =>
    endpoints.flatMap((endpoint) => {
      const health = healthOf(endpoint)
      const { address, port } = endpoint
      return health === undefined ? [] : [`endpoint ${joinHostPort(address, port)} of ${key} is ${health}`]
    }),
  )
  const more = lines.length - MAX_UNHEALTHY
  return more > 0 ? [...lines.slice(0, MAX_UNHEALTHY), `and ${more} more endpoints like these`] : lines
}

const formatSniffing = (tunnel: TunnelKind): readonly string[] =>
  tunnel === 'sniff'
    ? ['the port declares nothing: HTTP is served as told here, anything else passes through to the endpoints']
    : []

const carryOut = (resolution: Resolution, snapshot: Snapshot): readonly string[] => {
  switch (resolution.kind) {
    case 'match':
      return formatRule(resolution.rule, snapshot)
    case 'pass-through':
      return formatBackend(resolution.backend, snapshot)
    case 'no-match':
      return []
  }
}
