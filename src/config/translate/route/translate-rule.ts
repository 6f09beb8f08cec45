import { formatEndpointKey } from '../../../model/endpoint.ts'
import type { FilterSpec } from '../../../model/filter-spec.ts'
import type { Backend, Rule } from '../../../model/route.ts'
import type { BackendRef } from '../../objects/http-route/backend-ref.ts'
import type { HttpFilter } from '../../objects/http-route/filter.ts'
import type { HttpRouteRule } from '../../objects/http-route/rule.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { Catalog, RouteObject } from '../catalog.ts'
import { formatFaults } from '../conditions.ts'
import { hostnameOf, tcpPortsOf } from '../service/service-facts.ts'

/** A backend reference that leads nowhere, with Gateway API's reason for `ResolvedRefs`. */
export interface BadRef {
  readonly reason: 'BackendNotFound' | 'InvalidKind' | 'UnsupportedProtocol'
  readonly message: string
  readonly path: string
}

export interface RuleScope {
  readonly catalog: Catalog
  readonly clusterDomain: string
  /** Called for each Service port that traffic may go to. */
  readonly onBackend: (service: ServiceObject, port: ServicePortObject) => void
  readonly onBadRef: (bad: BadRef) => void
}

/** A rule with its references resolved; one with defects is closed, and sends nothing anywhere. */
export const translateRule = (
  { kind: routeKind, metadata }: RouteObject,
  rule: HttpRouteRule,
  { index, scope }: { readonly index: number; readonly scope: RuleScope },
): Rule => {
  const specs = (filters: readonly HttpFilter[]): readonly FilterSpec[] =>
    filters.map(({ kind, config, path }) => ({
      kind,
      config,
      origin: `${routeKind} ${metadata.namespace}/${metadata.name} ${path.replace(/^spec\./, '')}`,
    }))
  const base = { index, ...(rule.name === undefined ? {} : { name: rule.name }), matches: rule.matches }
  if (rule.defects.length > 0) {
    const closed = { status: 500, reason: formatFaults(rule.defects) }
    return { ...base, filters: [], backends: [], closed }
  }
  const backends = rule.backendRefs.map((ref): Backend => {
    const found = resolveBackend(ref, metadata.namespace, scope.catalog)
    const { weight } = ref
    if ('bad' in found) {
      scope.onBadRef(found.bad)
      return { kind: 'invalid', weight, status: 500, reason: found.bad.message, ref: found.ref }
    }
    scope.onBackend(found.service, found.port)
    const { namespace, name } = found.service.metadata
    const { port } = found.port
    const hostname = hostnameOf(found.service, scope.clusterDomain)
    const endpoints = formatEndpointKey(namespace, name, port)
    return {
      kind: 'service',
      weight,
      service: { namespace, name, hostname, port },
      endpoints,
      filters: specs(ref.filters),
    }
  })
  return { ...base, filters: specs(rule.filters), backends }
}

type FoundBackend =
  | { readonly service: ServiceObject; readonly port: ServicePortObject }
  | { readonly bad: BadRef; readonly ref: string }

/** References across namespaces need no ReferenceGrant on Service-attached routes (GEP-1294). */
const resolveBackend = (ref: BackendRef, routeNamespace: string, catalog: Catalog): FoundBackend => {
  const key = `${ref.namespace ?? routeNamespace}/${ref.name}`
  const named = `${ref.kind} ${key}${ref.port === undefined ? '' : `:${ref.port}`}`
  const bad = (reason: BadRef['reason'], message: string): FoundBackend => ({
    bad: { reason, message, path: ref.path },
    ref: named,
  })
  if (ref.kind !== 'Service' || (ref.group !== '' && ref.group !== 'core')) {
    return bad(
      'InvalidKind',
      `${named}: a backend of kind ${ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`} is not supported`,
    )
  }
  const service = catalog.services.get(key)?.object
  if (service === undefined) return bad('BackendNotFound', `${named}: there is no readable Service ${key}`)
  if (service.type === 'ExternalName')
    return bad('InvalidKind', `${named}: an ExternalName Service cannot be a backend`)
  const port = tcpPortsOf(service).find((candidate) => candidate.port === ref.port)
  if (port !== undefined) return { service, port }
  const other = service.ports.find((candidate) => candidate.port === ref.port)
  return other === undefined
    ? bad('BackendNotFound', `${named}: Service ${key} has no such port`)
    : bad('UnsupportedProtocol', `${named}: the port is ${other.protocol}, and only TCP is carried`)
}
