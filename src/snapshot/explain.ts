import { HeaderList } from '../http/header-list.ts'
import { cleanRequest } from '../http/hop-by-hop.ts'
import { normalizePath, splitTarget } from '../http/path.ts'
import { formatBackend, formatRule } from './carried-out.ts'
import { createReasons, formatReasons } from './reasons.ts'
import { findFrontend, resolve } from './resolve.ts'
import type { Resolution, Snapshot } from './snapshot.ts'

/** A request as somebody imagines it. */
export interface ExplainQuery {
  /** Of the CONNECT: `10.96.0.12:80` or `api.shop.svc.cluster.local:80`. */
  readonly authority: string
  readonly method: string
  /** With its query, as a client would send it. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Namespace of the client's verified identity. */
  readonly sourceNamespace: string | undefined
}

/** What would become of a request, and why; plain data. */
export interface Explanation {
  readonly generation: number
  readonly outcome: 'unbound' | 'bad-path' | 'closed' | 'no-match' | 'pass-through' | 'match'
  /** Status of the answer where it is decided already. */
  readonly status: number | undefined
  readonly service: string | undefined
  readonly path: string | undefined
  readonly route: string | undefined
  readonly rule: string | undefined
  readonly backends: readonly { readonly name: string; readonly weight: number; readonly endpoints: number }[]
  /** One line for each step of the decision. */
  readonly reasons: readonly string[]
}

/** Asks the very functions that the data path asks, and tells what they said. */
export const explainRequest = (snapshot: Snapshot, query: ExplainQuery): Explanation => {
  const nothing = { service: undefined, path: undefined, route: undefined, rule: undefined, backends: [] }
  const { generation } = snapshot
  const frontend = findFrontend(snapshot, query.authority)
  if (frontend === undefined) {
    const reasons = [
      `no service bound to this waypoint has the address ${query.authority}: CONNECT is refused with 404`,
    ]
    return { generation, outcome: 'unbound', status: 404, ...nothing, reasons }
  }
  const service = `${frontend.destination.namespace}/${frontend.destination.name}:${frontend.destination.port}`
  if (query.method === 'CONNECT') {
    const reasons = ['CONNECT inside a tunnel is not supported: 405']
    return { generation, outcome: 'closed', status: 405, ...nothing, service, reasons }
  }
  const split = splitTarget(query.target, query.method)
  const path = normalizePath(split.path, snapshot.pathNormalization)
  if (path === undefined) {
    const reasons = [`the path cannot be normalised (${snapshot.pathNormalization}): 400`]
    return { generation, outcome: 'bad-path', status: 400, ...nothing, service, reasons }
  }
  const headers = new HeaderList(query.headers.flatMap(([name, value]) => [name.toLowerCase(), value]))
  cleanRequest(headers)
  const request = { method: query.method, path, query: split.query === undefined ? '' : `?${split.query}`, headers }
  const collected = createReasons()
  const resolution = resolve(frontend, request, query.sourceNamespace, collected)
  const rule = resolution.kind === 'match' ? resolution.rule : undefined
  const plans = resolution.kind === 'pass-through' ? [resolution.backend] : (rule?.backends ?? [])
  const backends = plans.map((backend) =>
    backend.kind === 'invalid'
      ? { name: `invalid: ${backend.reason}`, weight: backend.weight, endpoints: 0 }
      : {
          name: `${backend.destination.namespace}/${backend.destination.name}:${backend.destination.port}`,
          weight: backend.weight,
          endpoints: snapshot.groups.get(backend.endpoints)?.endpoints.length ?? 0,
        },
  )
  const { closed } = collected
  return {
    generation,
    outcome: closed === undefined ? resolution.kind : 'closed',
    status: closed?.status ?? (resolution.kind === 'no-match' ? 404 : undefined),
    service,
    path,
    route: rule?.route,
    rule: rule?.name,
    backends,
    reasons: formatReasons(collected, { carriedOut: closed === undefined ? carryOut(resolution, snapshot) : [] }),
  }
}

const carryOut = (resolution: Resolution, { groups }: Snapshot): readonly string[] => {
  switch (resolution.kind) {
    case 'match':
      return formatRule(resolution.rule, groups)
    case 'pass-through':
      return formatBackend(resolution.backend, groups)
    case 'no-match':
      return []
  }
}
