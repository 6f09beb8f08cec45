/** Kinds of routes, first the one that has precedence over all others on one port (GEP-1294). */
export const ranking = ['GRPCRoute', 'HTTPRoute', 'TLSRoute', 'TCPRoute'] as const

export type RouteKind = (typeof ranking)[number]

/** Routes of one kind. */
export interface KindRoutes {
  readonly kind: RouteKind
  /** Keys: `HTTPRoute/NAMESPACE/NAME`. */
  readonly routes: ReadonlySet<string>
}

/** Which routes act on one Service port. The two sets never displace each other's. */
export interface PortRoutes {
  /** Those from the Service's namespace: for everybody. */
  readonly producers: KindRoutes | undefined
  /** Those from other namespaces, by namespace: for its clients, in place of the producers (GEP-1294). */
  readonly consumers: ReadonlyMap<string, KindRoutes>
}

/** Routes by Service port; keys are `NAMESPACE/NAME:PORT`. */
export type Attachments = ReadonlyMap<string, PortRoutes>

/** That routes of one kind and namespace want to act on a port; those with the same parents have it in common. */
export interface Claim {
  readonly kind: RouteKind
  /** The routes'. */
  readonly namespace: string
  readonly service: { readonly namespace: string; readonly name: string }
  readonly port: number
  /** The port's: `NAMESPACE/NAME:PORT`. */
  readonly key: string
}

/** What one route wants; its key is `HTTPRoute/NAMESPACE/NAME`. */
export interface Claimant {
  readonly key: string
  readonly parents: readonly { readonly claims: readonly Claim[] }[]
}

interface Draft {
  producers: DraftRoutes | undefined
  readonly consumers: Map<string, DraftRoutes>
}

interface DraftRoutes {
  readonly kind: RouteKind
  readonly routes: Set<string>
}

/**
 * Gives each set of each port to the highest kind that claims it; the order of the claims makes no difference but to the
 * order in which routes are named.
 */
export const sharePorts = (claimants: readonly Claimant[]): Attachments => {
  const ports = new Map<string, Draft>()
  claimants.forEach(({ key, parents }) => {
    parents.forEach(({ claims }) => claims.forEach((claim) => addClaim(ports, claim, key)))
  })
  return ports
}

const addClaim = (ports: Map<string, Draft>, claim: Claim, route: string): void => {
  let port = ports.get(claim.key)
  if (port === undefined) {
    port = { producers: undefined, consumers: new Map() }
    ports.set(claim.key, port)
  }
  const { kind, namespace } = claim
  if (isProducer(claim)) port.producers = addTo(port.producers, kind, route)
  else port.consumers.set(namespace, addTo(port.consumers.get(namespace), kind, route))
}

const addTo = (routes: DraftRoutes | undefined, kind: RouteKind, route: string): DraftRoutes => {
  if (routes === undefined || ranking.indexOf(kind) < ranking.indexOf(routes.kind)) {
    return { kind, routes: new Set([route]) }
  }
  if (kind === routes.kind) routes.routes.add(route)
  return routes
}

/** Whether a route stands in the Service's namespace, and so acts for everybody. */
export const isProducer = ({ namespace, service }: Claim): boolean => namespace === service.namespace

/** Who has the set that is claimed: routes of the claim's own kind, or of one that outranks it. */
export const holdersOf = (attachments: Attachments, claim: Claim): KindRoutes | undefined => {
  const port = attachments.get(claim.key)
  return isProducer(claim) ? port?.producers : port?.consumers.get(claim.namespace)
}
