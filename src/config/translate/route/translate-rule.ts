import type { FilterSpec } from '../../../model/filter-spec.ts'
import type { ExternalAuthorization } from '../../../model/security/external-authorization.ts'
import type { Backend, Mirror, Rule } from '../../../model/route.ts'
import type { BackendRef } from '../../objects/http-route/backend-ref.ts'
import type { ExtensionRef, FilterList } from '../../objects/http-route/filter.ts'
import type { ExternalAuthRef } from '../../objects/http-route/filter/external-auth.ts'
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
  const chain = translateChain(rule, route, scope)
  const mirrors = translateMirrors(rule.mirrors, route, scope)
  const backends = rule.backendRefs.map((ref) => translateBackend(ref, route, scope))
  return {
    ...base,
    filters: chain.filters,
    backends,
    ...(chain.bad === undefined ? {} : { closed: { status: 500, reason: chain.bad } }),
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
  translateChain(rule, route, reporting)
  translateMirrors(rule.mirrors, route, reporting)
  for (const ref of rule.backendRefs) translateBackend(ref, route, reporting)
}

const translateBackend = (ref: BackendRef, route: RouteObject, scope: BackendScope): Backend => {
  const { weight } = ref
  const found = resolveBackend(ref, route, scope)
  // The mirrors of a backend that is not there are looked for all the same: their own mistakes are to be told.
  const mirrors = translateMirrors(ref.mirrors, route, scope)
  const chain = translateChain(ref, route, scope)
  if ('bad' in found) return { kind: 'invalid', weight, status: 500, reason: found.bad.message, ref: found.ref }
  const { filters, bad } = chain
  if (bad === undefined) return { kind: 'service', weight, ...found, filters, ...mirrors }
  const { namespace, name, port } = found.service
  return { kind: 'invalid', weight, status: 500, reason: bad, ref: `Service ${namespace}/${name}:${port}` }
}

/**
 * The filters of a rule or backend, and why they cannot be carried out: a reference to somebody to be asked that leads
 * nowhere must not let anything through.
 */
const translateChain = (
  { externalAuths, filters }: Pick<FilterList, 'externalAuths' | 'filters'>,
  route: RouteObject,
  scope: BackendScope,
): { readonly filters: readonly FilterSpec[]; readonly bad?: string } => {
  const listed = filters.map((filter) =>
    filter.kind === 'ExtensionRef'
      ? translateExtension(filter, route, scope)
      : { kind: filter.kind, config: filter.config, origin: originOf(route, filter.path) },
  )
  const unusable = listed.find((one) => one !== undefined && 'bad' in one)
  // Copies are as long as they have to be; what grew has place for 17.
  const specs = listed.flatMap((one) => (one === undefined || 'bad' in one ? [] : [one])).slice()
  if (externalAuths.length === 0) return { filters: specs, ...unusable }
  const found = externalAuths.map((ref) => translateExternalAuth(ref, route, scope))
  const bad = found.find((one) => 'bad' in one)
  return { filters: [...found.flatMap((one) => ('bad' in one ? [] : [one])), ...specs], ...unusable, ...bad }
}

/** `undefined` for a Filter that is left out as it asks for. */
const translateExtension = (
  { of, name, path }: ExtensionRef,
  route: RouteObject,
  scope: BackendScope,
): FilterSpec | { readonly bad: string } | undefined => {
  const key = `${route.metadata.namespace}/${name}`
  const resolved = scope.filters?.get(`${of}/${key}`)
  if (resolved?.kind === 'in-force') return { ...resolved.spec, origin: originOf(route, path) }
  if (resolved?.kind === 'left-out') return undefined
  const bad = resolved?.reason ?? `there is no readable ${of} ${key}`
  const reason = resolved === undefined ? 'FilterNotFound' : 'FilterNotReady'
  scope.onBadRef({ reason, message: bad, path: `${path}.extensionRef` })
  return { bad }
}

const translateExternalAuth = (
  { settings, path, ...ref }: ExternalAuthRef,
  route: RouteObject,
  scope: BackendScope,
): FilterSpec | { readonly bad: string } => {
  const found = resolveBackend({ ...ref, path: `${path}.externalAuth.backendRef` }, route, scope)
  if ('bad' in found) return { bad: `filter ExternalAuth: ${found.bad.message}` }
  const config: ExternalAuthorization = { ...settings, ...found }
  return { kind: 'ExternalAuth', config, origin: originOf(route, path) }
}

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
