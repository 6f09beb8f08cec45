import { formatEndpointKey, type EndpointKey } from '../../../model/endpoint.ts'
import type { BackendService } from '../../../model/route.ts'
import type { BackendObject } from '../../objects/http-route/backend-object.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { AnyRoute, Entry } from '../catalog.ts'
import type { ResolvedFilters } from '../filter/resolve-filters.ts'
import type { Lookup } from '../memory.ts'
import { isExported } from '../entry/entry-hosts.ts'
import { protocolOf } from '../service/port-protocol.ts'
import { hostnameOf, tcpPortsOf } from '../service/service-facts.ts'

/** A backend reference that leads nowhere, with Gateway API's reason for `ResolvedRefs`. */
export interface BadRef {
  readonly reason: 'BackendNotFound' | 'InvalidKind' | 'UnsupportedProtocol' | 'FilterNotFound' | 'FilterNotReady'
  readonly message: string
  readonly path: string
}

/** What has to be known to follow a reference. */
export interface BackendScope {
  /** By `NAMESPACE/NAME`. */
  readonly services: Lookup<Pick<Entry<ServiceObject>, 'object'>>
  /** Those of ServiceEntries by their names, in the order of precedence. */
  readonly hosts: Lookup<readonly Pick<Entry<ServiceObject>, 'object'>[]>
  /** Absent: there are none. */
  readonly filters?: ResolvedFilters
  readonly clusterDomain: string
  /** Called for each Service port that traffic may go to. */
  readonly onBackend: (service: ServiceObject, port: ServicePortObject) => void
  readonly onBadRef: (bad: BadRef) => void
  /** Whether a BackendTLSPolicy says how TLS is spoken to the port; absent: there is none. */
  readonly speaksTls?: (service: ServiceObject, port: ServicePortObject) => boolean
}

/** Who refers: a route, or what stands in for one. */
export interface Referrer {
  readonly kind: AnyRoute['kind']
  readonly metadata: { readonly namespace: string }
}

/** Where a reference leads to, or in words that it does not. */
export type ResolvedBackend =
  | { readonly service: BackendService; readonly endpoints: EndpointKey }
  | { readonly bad: BadRef; readonly ref: string }

/**
 * Follows a reference of a route, be it a backend or a mirror, and reports what it finds to the scope. References
 * across namespaces need no ReferenceGrant on Service-attached routes (GEP-1294).
 */
export const resolveBackend = (
  ref: BackendObject & { readonly path: string },
  route: Referrer,
  scope: BackendScope,
): ResolvedBackend => {
  const found = findBackend(ref, route, scope)
  if ('bad' in found) {
    scope.onBadRef(found.bad)
    return found
  }
  scope.onBackend(found.service, found.port)
  const { namespace, name } = found.service.metadata
  const { port } = found.port
  const hostname = hostnameOf(found.service, scope.clusterDomain)
  return { service: { namespace, name, hostname, port }, endpoints: formatEndpointKey(namespace, name, port) }
}

type Found =
  | { readonly service: ServiceObject; readonly port: ServicePortObject }
  | { readonly bad: BadRef; readonly ref: string }

const findBackend = (ref: BackendObject & { readonly path: string }, route: Referrer, scope: BackendScope): Found => {
  const isHost = ref.kind === 'Hostname' && ref.group === 'networking.istio.io'
  const key = isHost ? keyOfHost(ref.name, scope) : `${ref.namespace ?? route.metadata.namespace}/${ref.name}`
  const named = `${ref.kind} ${isHost ? ref.name : key}${ref.port === undefined ? '' : `:${ref.port}`}`
  const bad = (reason: BadRef['reason'], message: string): Found => ({
    bad: { reason, message: `${named}: ${message}`, path: ref.path },
    ref: named,
  })
  if (!isHost && (ref.kind !== 'Service' || (ref.group !== '' && ref.group !== 'core'))) {
    const kind = ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`
    const instead = ref.kind === 'ServiceEntry' ? ': refer to its host, by kind Hostname of the same group' : ''
    return bad('InvalidKind', `a backend of kind ${kind} is not supported${instead}`)
  }
  const service = key === undefined ? findHost(ref, route, scope) : scope.services.get(key)?.object
  if (service === undefined) {
    const what =
      key === undefined ? `ServiceEntry that ${route.metadata.namespace} sees has that host` : `Service ${key}`
    return bad('BackendNotFound', key === undefined ? `no readable ${what}` : `there is no readable ${what}`)
  }
  if (service.type === 'ExternalName') return bad('InvalidKind', 'an ExternalName Service cannot be a backend')
  const port = tcpPortsOf(service).find((candidate) => candidate.port === ref.port)
  if (port === undefined) {
    const other = service.ports.find((candidate) => candidate.port === ref.port)
    return other === undefined
      ? bad('BackendNotFound', `Service ${key} has no such port`)
      : bad('UnsupportedProtocol', `the port is ${other.protocol}, and only TCP is carried`)
  }
  const obstacle = unusable(port, route.kind)
  if (obstacle === undefined || (obstacle.kind === 'tls' && scope.speaksTls?.(service, port) === true)) {
    return { service, port }
  }
  return bad('UnsupportedProtocol', `appProtocol ${port.appProtocol} ${obstacle.why}`)
}

/** Names of Services are hosts too; `undefined` for all others. */
const keyOfHost = (host: string, { clusterDomain }: BackendScope): string | undefined => {
  const [name, namespace, ...rest] = host.toLowerCase().split('.')
  return rest.join('.') === `svc.${clusterDomain}` ? `${namespace}/${name}` : undefined
}

/** The first of those that may be seen; the one of the route's own namespace before others (as Istio has it). */
const findHost = (
  { name }: BackendObject,
  { metadata: { namespace } }: Referrer,
  { hosts }: BackendScope,
): ServiceObject | undefined => {
  const seen = (hosts.get(name.toLowerCase()) ?? []).filter(({ object }) => isExported(object, namespace))
  return (seen.find(({ object }) => object.metadata.namespace === namespace) ?? seen[0])?.object
}

/**
 * Why a route cannot send to a port that says what it speaks. Only `appProtocol` is held against it: a port's name is no
 * promise to the Gateway API. Connections go anywhere.
 */
const unusable = (
  port: ServicePortObject,
  kind: AnyRoute['kind'],
): { readonly kind: string; readonly why: string } | undefined => {
  if (port.appProtocol === undefined || kind === 'TCPRoute' || kind === 'TLSRoute') return undefined
  const protocol = protocolOf(port)
  switch (protocol) {
    case 'tcp':
      return { kind: protocol, why: 'is no HTTP' }
    case 'tls':
      return { kind: protocol, why: 'wants TLS, and no BackendTLSPolicy says which' }
    case 'http':
    case 'http2':
    case 'grpc':
    case 'unknown':
      return undefined
  }
}
