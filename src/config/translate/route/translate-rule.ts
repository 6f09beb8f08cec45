import type { FilterSpec } from '../../../model/filter-spec.ts'
import type { Backend, Mirror, Rule } from '../../../model/route.ts'
import type { BackendRef } from '../../objects/http-route/backend-ref.ts'
import type { HttpFilter } from '../../objects/http-route/filter.ts'
import type { MirrorRef } from '../../objects/http-route/filter/mirror.ts'
import type { HttpRouteRule } from '../../objects/http-route/rule.ts'
import type { RouteObject } from '../catalog.ts'
import { nameSession } from '../backend-policy/name-session.ts'
import { sessionOwner } from '../backend-policy/route-sessions.ts'
import { formatFaults } from '../conditions.ts'
import { routeKey } from './claim-parents.ts'
import { resolveBackend, type BackendScope } from './resolve-backend.ts'

/** A rule with its references resolved; one with defects is closed, and sends nothing anywhere. */
export const translateRule = (
  route: RouteObject,
  rule: HttpRouteRule,
  { index, scope }: { readonly index: number; readonly scope: BackendScope },
): Rule => {
  const base = { index, ...(rule.name === undefined ? {} : { name: rule.name }), matches: rule.matches }
  if (rule.defects.length > 0) {
    reportBadRefs(rule, route, scope)
    const closed = { status: 500, reason: formatFaults(rule.defects) }
    return { ...base, filters: [], backends: [], closed }
  }
  const { timeouts, retry, sessionPersistence: session } = rule
  // In the order in which they are written, so that the first bad reference is the one that conditions name.
  const mirrors = translateMirrors(rule.mirrors, route, scope)
  const backends = rule.backendRefs.map((ref) => translateBackend(ref, route, scope))
  return {
    ...base,
    filters: translateFilters(rule.filters, route),
    backends,
    ...(timeouts === undefined ? {} : { timeouts }),
    ...(retry === undefined ? {} : { retry }),
    ...(session === undefined
      ? {}
      : {
          sessionPersistence: nameSession(session, { owner: sessionOwner(routeKey(route), base), sharesName: false }),
        }),
    ...mirrors,
  }
}

/** `ResolvedRefs` is about every reference of a route, those of its closed rules too; nothing is sent there, though. */
const reportBadRefs = (rule: HttpRouteRule, route: RouteObject, scope: BackendScope): void => {
  const reporting = { ...scope, onBackend: () => undefined }
  translateMirrors(rule.mirrors, route, reporting)
  for (const ref of rule.backendRefs) translateBackend(ref, route, reporting)
}

const translateBackend = (ref: BackendRef, route: RouteObject, scope: BackendScope): Backend => {
  const { weight } = ref
  const found = resolveBackend(ref, route, scope)
  // The mirrors of a backend that is not there are looked for all the same: their own mistakes are to be told.
  const mirrors = translateMirrors(ref.mirrors, route, scope)
  return 'bad' in found
    ? { kind: 'invalid', weight, status: 500, reason: found.bad.message, ref: found.ref }
    : { kind: 'service', weight, ...found, filters: translateFilters(ref.filters, route), ...mirrors }
}

const translateFilters = (filters: readonly HttpFilter[], route: RouteObject): readonly FilterSpec[] =>
  filters.map(({ kind, config, path }) => ({ kind, config, origin: originOf(route, path) }))

/**
 * The mirrors that get anything. A reference that leads nowhere is reported and otherwise left out: nobody waits for a
 * mirror, so nobody is refused for the want of one (HTTPRequestMirrorFilter.backendRef).
 */
const translateMirrors = (
  refs: readonly MirrorRef[],
  route: RouteObject,
  scope: BackendScope,
): { readonly mirrors?: readonly Mirror[] } => {
  const mirrors = refs.flatMap((ref): readonly Mirror[] => {
    const { numerator, denominator, path } = ref
    const found = resolveBackend({ ...ref, path: `${path}.requestMirror.backendRef` }, route, scope)
    if ('bad' in found || numerator === 0) return []
    return [{ ...found, numerator, denominator, origin: originOf(route, path) }]
  })
  return mirrors.length === 0 ? {} : { mirrors }
}

const originOf = ({ kind, metadata }: RouteObject, path: string): string =>
  `${kind} ${metadata.namespace}/${metadata.name} ${path.replace(/^spec\./, '')}`
