import type { ConnectionBackend, SniRule } from '../../../model/connection-route.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { ConnectionBackendRef } from '../../objects/tcp-route/rule.ts'
import type { ConnectionRouteObject } from '../catalog.ts'
import { formatFaults } from '../conditions.ts'
import { routeKey } from '../route/claim-parents.ts'
import { resolveBackend, type BackendScope, type BadRef } from '../route/resolve-backend.ts'

/** A route that acts on connections, and all that its references came to. */
export interface TranslatedConnectionRoute {
  readonly route: { readonly key: string; readonly createdAtMs?: number }
  /** Its first rule, the only one that can have a connection; a TCPRoute has no names. */
  readonly rule: SniRule
  /** Of all its rules. */
  readonly badRefs: readonly BadRef[]
  readonly backends: readonly (readonly [ServiceObject, ServicePortObject])[]
}

/** Translates a TCPRoute or TLSRoute; a rule with defects is closed, and sends nothing anywhere. */
export const translateConnectionRoute = (
  object: ConnectionRouteObject,
  { services, hosts, clusterDomain }: Pick<BackendScope, 'services' | 'hosts' | 'clusterDomain'>,
): TranslatedConnectionRoute => {
  const badRefs: BadRef[] = []
  const backends: (readonly [ServiceObject, ServicePortObject])[] = []
  const [first, ...others] = object.rules
  const isClosed = first === undefined || first.defects.length > 0
  const reporting: BackendScope = {
    services,
    hosts,
    clusterDomain,
    onBackend: () => undefined,
    onBadRef: (bad) => void badRefs.push(bad),
  }
  const scope: BackendScope = { ...reporting, onBackend: (service, port) => void backends.push([service, port]) }
  const resolved = (first?.backendRefs ?? []).map((ref) => translateBackend(ref, object, isClosed ? reporting : scope))
  for (const ref of others.flatMap(({ backendRefs }) => backendRefs)) resolveBackend(ref, object, reporting)
  const { createdAtMs } = object.metadata
  return {
    route: { key: routeKey(object), ...(createdAtMs === undefined ? {} : { createdAtMs }) },
    rule: {
      route: routeKey(object),
      ...(first?.name === undefined ? {} : { name: first.name }),
      backends: isClosed ? [] : resolved,
      ...(isClosed ? { closed: formatFaults(first?.defects ?? []) } : {}),
      hostnames: object.kind === 'TLSRoute' ? object.hostnames : [],
    },
    badRefs,
    backends,
  }
}

const translateBackend = (
  ref: ConnectionBackendRef,
  object: ConnectionRouteObject,
  scope: BackendScope,
): ConnectionBackend => {
  const { weight } = ref
  const found = resolveBackend(ref, object, scope)
  return 'bad' in found
    ? { kind: 'invalid', weight, reason: found.bad.message, ref: found.ref }
    : { kind: 'service', weight, ...found }
}
