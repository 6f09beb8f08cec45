import { formatEndpointKey } from '../../model/endpoint.ts'
import { findFrontend, groupOf } from '../../snapshot/resolve.ts'
import type { EndpointGroup, Snapshot } from '../../snapshot/snapshot.ts'

/** Who is meant by the host of a URL. */
export type FoundService =
  /** `label` is what metrics call it. */
  | { readonly kind: 'service'; readonly group: EndpointGroup; readonly label: string }
  /** A Service of another namespace, which has not let filters of this one call it. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Nobody in the mesh. */
  | { readonly kind: 'unknown'; readonly message: string }

/** Of Kubernetes: in a URL they are lower case already. */
const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
const SERVICE_HOST = new RegExp(`^(${LABEL})(?:\\.(${LABEL})(?:\\.svc(?:\\.(.{1,200}))?)?)?$`)
/** Hosts that are remembered to be nobody. */
const MAX_MISSES = 100
/** Ports that are listed in a message. */
const MAX_PORTS = 8

/** Finds Services, and remembers who is none, or not to be called: to say so takes a look at all of them. */
export class ServiceFinder {
  #snapshot: Snapshot | undefined
  readonly #misses = new Map<string, FoundService>()

  find(snapshot: Snapshot, to: { readonly hostname: string; readonly port: number }, namespace?: string): FoundService {
    if (snapshot !== this.#snapshot || this.#misses.size > MAX_MISSES) this.#misses.clear()
    this.#snapshot = snapshot
    const key = `${namespace ?? ''} ${to.hostname}:${to.port}`
    const missed = this.#misses.get(key)
    if (missed !== undefined) return missed
    const callee = findService(snapshot, to, namespace)
    if (callee.kind !== 'service') this.#misses.set(key, callee)
    return callee
  }
}

/**
 * The endpoints that a host and port mean: a Service by its name (short in `namespace`, that of the filter), or whatever
 * else this waypoint takes tunnels for, by host name or address. Those of other namespaces have to let it call them.
 */
export const findService = (
  snapshot: Snapshot,
  { hostname, port }: { readonly hostname: string; readonly port: number },
  namespace: string | undefined,
): FoundService => {
  const named = serviceNamed(hostname, namespace, snapshot.clusterDomain)
  const found = named && snapshot.groups.get(formatEndpointKey(named.namespace, named.name, port))
  const granted = { snapshot, namespace }
  if (found !== undefined && named !== undefined) return foundOf(found, named, granted)
  const frontend = findFrontend(snapshot, `${hostname}:${port}`)
  if (frontend !== undefined) {
    const group = groupOf(snapshot, frontend.passThrough.backend)
    if (group !== undefined) return foundOf(group, frontend.destination, granted)
  }
  return { kind: 'unknown', message: noService(snapshot, { hostname, port }, named) }
}

interface Named {
  readonly namespace: string
  readonly name: string
}

/** On whose behalf: `undefined` is nobody's but ours. */
interface Granted {
  readonly snapshot: Snapshot
  readonly namespace: string | undefined
}

const foundOf = (group: EndpointGroup, named: Named, { snapshot, namespace: from }: Granted): FoundService => {
  const { namespace: to, name } = named
  const isGranted =
    from === undefined ||
    from === to ||
    snapshot.callGrants.some(
      (grant) => grant.from === from && grant.to === to && (grant.service === undefined || grant.service === name),
    )
  if (isGranted) return { kind: 'service', group, label: `${to}/${name}` }
  const how = `a ReferenceGrant in namespace ${to} has to let kind Filter (fairway.dev) of ${from} refer to it`
  return { kind: 'refused', message: `${to}/${name} is not in namespace ${from} of the filter: ${how}` }
}

const serviceNamed = (
  hostname: string,
  own: string | undefined,
  clusterDomain: string | undefined,
): Named | undefined => {
  const [, name, namespace = own, domain = clusterDomain] = SERVICE_HOST.exec(hostname.replace(/\.$/, '')) ?? []
  if (name === undefined || namespace === undefined || domain !== clusterDomain) return undefined
  return { namespace, name }
}

const noService = (
  { groups }: Snapshot,
  { hostname, port }: { readonly hostname: string; readonly port: number },
  named: Named | undefined,
): string => {
  if (named !== undefined) {
    const prefix = `${named.namespace}/${named.name}:`
    const ports: string[] = []
    for (const key of groups.keys()) if (key.startsWith(prefix)) ports.push(key.slice(prefix.length))
    if (ports.length > 0) {
      const has = `it has ${ports.slice(0, MAX_PORTS).join(', ')}`
      return `Service ${named.namespace}/${named.name} has no port ${port}: ${has}`
    }
    return `no Service of that name in the configuration: ${named.namespace}/${named.name} (${hostname}:${port})`
  }
  return `no Service of that name in the configuration: ${hostname}:${port}`
}
