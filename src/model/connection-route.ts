import type { EndpointKey } from './endpoint.ts'
import type { BackendService } from './route.ts'

/**
 * The routes that act on the connections of a Service port, whatever is said inside them; of one kind (GEP-1294). A port
 * that has such has no routes for requests.
 */
export type ConnectionRoutes =
  /** Of several TCPRoutes the oldest: nothing about a connection could tell them apart. */
  | { readonly kind: 'TCPRoute'; readonly rule: ConnectionRule }
  /** Of several TLSRoutes for one name the first is in force; they are in that order. Never empty. */
  | { readonly kind: 'TLSRoute'; readonly rules: readonly SniRule[] }

/** The rule of a TCPRoute, its references resolved. Further ones of the same route could never have a connection. */
export interface ConnectionRule {
  /** `TCPRoute/NAMESPACE/NAME` */
  readonly route: string
  readonly name?: string
  /** May be empty: then each connection is refused (TCPRouteRule.backendRefs). */
  readonly backends: readonly ConnectionBackend[]
  /** Set when connections must be refused, since the rule cannot be carried out as written. */
  readonly closed?: string
}

/** The rule of a TLSRoute. */
export interface SniRule extends ConnectionRule {
  /** `a.example.com`, or `*.example.com` for each name below it, however deep; empty: any, and connections without a name. */
  readonly hostnames: readonly string[]
}

/** One weighted destination of connections. */
export type ConnectionBackend =
  | {
      readonly kind: 'service'
      readonly weight: number
      readonly service: BackendService
      readonly endpoints: EndpointKey
    }
  /** An invalid reference: its share of the connections is refused. */
  | { readonly kind: 'invalid'; readonly weight: number; readonly reason: string; readonly ref: string }

/**
 * Who has which name, among the rules of one port in order of precedence: the first that asks for it. The empty name
 * stands for any that nobody else has.
 */
export const shareHostnames = <T extends Pick<SniRule, 'hostnames'>>(rules: readonly T[]): ReadonlyMap<string, T> => {
  const holders = new Map<string, T>()
  for (const rule of rules) {
    for (const hostname of rule.hostnames.length === 0 ? [''] : rule.hostnames) {
      if (!holders.has(hostname)) holders.set(hostname, rule)
    }
  }
  return holders
}
