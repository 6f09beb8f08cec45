/**
 * From objects to the model: a pure function of a complete set. No I/O, no time and no chance may ever enter this
 * room; it never throws over what objects say, and changes none of them. Every list comes out sorted, so that the same
 * set gives the same model in whatever order it is read.
 */
import type { Condition } from '../../model/condition.ts'
import type { Model } from '../../model/model.ts'
import type { ServiceObject, ServicePortObject } from '../objects/service.ts'
import type { Translated } from './change/change-routes.ts'
import { changeSet } from './change/change-set.ts'
import { attachRoutes, type AttachScope } from './route/attach-routes.ts'
import { createRouteMemory, type RouteLookups, type RouteMemory } from './route/route-memory.ts'
import { createHiddenRules } from './route/shadow/shadow-conditions.ts'
import {
  createBackendPolicyConditions,
  type BackendPolicyConditions,
} from './backend-policy/backend-policy-conditions.ts'
import { createSessionAdding } from './backend-policy/route-sessions.ts'
import {
  createBackendPolicyTranslation,
  type TranslateBackendPolicies,
} from './backend-policy/translate-backend-policies.ts'
import { backendTlsConditions } from './backend-tls/backend-tls-conditions.ts'
import { translateBackendTls } from './backend-tls/translate-backend-tls.ts'
import { translateComparisons } from './comparison/translate-comparisons.ts'
import { attachFilters } from './filter/attach-filters.ts'
import { callGrantsOf } from './filter/call-grants.ts'
import { guardedCaches } from './filter/guarded-caches.ts'
import { mayCall } from './filter/may-call.ts'
import { noFilterVersions, type FilterVersions } from './filter/filter-version.ts'
import { createFilterSecrets } from './filter/filter-secrets.ts'
import { createFilterResolution } from './filter/resolve-filters.ts'
import { translateFilters } from './filter/translate-filters.ts'
import { bindPods, createPodTranslation, type TranslatePod } from './service/bind-pods.ts'
import { bindEntries } from './entry/bind-entries.ts'
import { createEntryHosts, noNames, type Names } from './entry/entry-hosts.ts'
import { bindServices } from './service/bind-services.ts'
import { findProviders } from './security/providers.ts'
import { createCatalog } from './catalog.ts'
import { sortByKey } from './sort-by-key.ts'
import { chooseGateway } from './gateway/choose-gateway.ts'
import { unmetClaims } from './gateway/unmet-claims.ts'
import { createIssuersOf, translateAuthentications } from './security/authentications.ts'
import { createAuthorizationTranslation, type TranslateAuthorizations } from './security/authorizations.ts'
import { sortConditions, unusableConditions } from './conditions.ts'
import type { SourcedObject, TranslateOptions } from './options.ts'
import { tcpPortsOf } from './service/service-facts.ts'
import { createEndpointsTranslation, endpointLookups, type TranslateEndpoints } from './service/translate-endpoints.ts'
import { translateServices, type SecurityOf } from './service/translate-services.ts'
import { sliceConditions } from './service/slice-conditions.ts'
import { reachCollectors } from './telemetry/reach-collectors.ts'
import { createTelemetryTranslation, type TranslateTelemetries } from './telemetry/translate-telemetries.ts'
import type { Reaching } from './change/change-places.ts'
import type { Shelf } from './memory.ts'
import { noteWants, wantsOf, type Wants } from './wants.ts'

/** A model and what became of the objects that it was made from. */
export interface Translation {
  readonly model: Model
  readonly conditions: readonly Condition[]
  /** Host names whose addresses are endpoints, sorted; which ones they are is for the caller to find out (`Names`). */
  readonly names: readonly string[]
  readonly wants: Wants
}

/** Translates one complete set of objects for the Gateway that this process is. */
export const translate = (
  objects: readonly SourcedObject[],
  options: TranslateOptions,
  versions: FilterVersions = noFilterVersions,
): Translation => createTranslator(options)(objects, noNames, versions)

/** How a translation is kept until the next one. */
export interface Keeping {
  /** Makes what is kept of it; it must read as the same. */
  readonly keep: (translation: Translated['translation']) => Translated['translation']
  /** Where that is kept which is done for one object, and can be done again. */
  readonly hold: <R extends object>() => Shelf<R>
}

/** `names` are the addresses of host names, and `versions` what was found out about Filters by trying them. */
export type Translate = (objects: readonly SourcedObject[], names?: Names, versions?: FilterVersions) => Translation

/**
 * Makes a `translate` that remembers: routes and endpoints are translated again only when something changed that they
 * refer to, and otherwise come out as the very same objects; where only routes or places changed, nothing else is looked at. What it
 * gives does not depend on what it remembers. `names` and `versions` are others whenever they would answer otherwise.
 */
export const createTranslator = (options: TranslateOptions, keeping?: Keeping): Translate => {
  const memory = createRouteMemory(options.clusterDomain, keeping?.hold)
  const translateEndpoints = createEndpointsTranslation(options, keeping?.hold)
  const translatePod = createPodTranslation(options)
  const findHidden = createHiddenRules()
  const remembering = {
    memory,
    translateEndpoints,
    translatePod,
    findHidden,
    addingSessions: createSessionAdding(),
    translateBackendPolicies: createBackendPolicyTranslation(),
    backendPolicyConditions: createBackendPolicyConditions(),
    translateAuthorizations: createAuthorizationTranslation(options),
    entryHosts: createEntryHosts(options),
    filterSecrets: createFilterSecrets(),
    resolveFilters: createFilterResolution(),
    translateTelemetries: createTelemetryTranslation(options),
  }
  let before: Translated | undefined
  return (objects, names = noNames, versions = noFilterVersions) => {
    const canChange = before?.names === names && before.versions === versions
    const changed = before !== undefined && canChange ? changeSet(before, objects) : undefined
    const now = changed ?? translateSet({ objects, names, versions }, options, remembering)
    before = keeping === undefined ? now : { ...now, translation: keeping.keep(now.translation) }
    return before.translation
  }
}

interface Remembering {
  readonly memory: RouteMemory
  readonly translateEndpoints: TranslateEndpoints
  readonly translatePod: TranslatePod
  readonly findHidden: ReturnType<typeof createHiddenRules>
  readonly addingSessions: ReturnType<typeof createSessionAdding>
  readonly translateBackendPolicies: TranslateBackendPolicies
  readonly backendPolicyConditions: BackendPolicyConditions
  readonly translateAuthorizations: TranslateAuthorizations
  readonly entryHosts: ReturnType<typeof createEntryHosts>
  readonly filterSecrets: ReturnType<typeof createFilterSecrets>
  readonly resolveFilters: ReturnType<typeof createFilterResolution>
  readonly translateTelemetries: TranslateTelemetries
}

const translateSet = (
  { objects, names, versions }: Pick<Translated, 'objects' | 'names' | 'versions'>,
  options: TranslateOptions,
  { memory, translateEndpoints, translatePod, findHidden, addingSessions, ...remembering }: Remembering,
): Translated => {
  const noted = noteWants(createCatalog(objects))
  const { catalog } = noted
  const { gateway, conditions: aboutGateway } = chooseGateway(catalog, options)
  const hosts = remembering.entryHosts(catalog, names)
  const ofServices = bindServices(catalog, gateway, options)
  const ofEntries = bindEntries(hosts, { catalog, gateway, options })
  const bound =
    hosts.services.size === 0 ? ofServices.services : new Map([...ofServices.services, ...ofEntries.services])
  const wanted = new Map<string, readonly [ServiceObject, ServicePortObject]>()
  const want = createWanting(wanted)
  for (const { object } of bound.values()) for (const port of tcpPortsOf(object)) want(object, port)
  const boundPorts = wanted.size
  const hasCalls = mayCall(versions)
  if (hasCalls)
    for (const { object } of catalog.services.values()) for (const port of tcpPortsOf(object)) want(object, port)
  const { clusterDomain, rootNamespace, refusesLocal = false } = options
  const backendTls = translateBackendTls(catalog, hosts.ofEntry)
  const backendPolicies = remembering.translateBackendPolicies(catalog, hosts.ofEntry)
  const withSecrets = remembering.filterSecrets(catalog)
  const resolved = remembering.resolveFilters(withSecrets, versions)
  const { services, namespaces, gateways } = catalog
  const attaching = {
    catalog: { services, namespaces, gateways, hosts: hosts.services, hostsOf: hosts.keysOf },
    bound,
    gateway,
    clusterDomain,
    ...lookInto({ services, hosts: hosts.byHost, filters: resolved }, backendTls.ports),
    memory,
    findHidden,
    addSessions: addingSessions(backendPolicies.ports),
    pathNormalization: options.pathNormalization,
  }
  const {
    routes,
    byKey,
    attachments,
    setOf,
    conditions: aboutRoutes,
  } = attachRoutes(catalog, {
    ...attaching,
    onBackend: want,
  })
  const keys = ofEntries.services.size === 0 ? [...bound.keys()] : [...bound.keys()].toSorted()
  const targets = { bound, keys, hostsOf: hosts.keysOf, gateway, rootNamespace }
  const authentications = translateAuthentications(catalog.authentications, targets)
  const reachable = { services, hosts: hosts.byHost, speaksTls: attaching.speaksTls }
  const providers = findProviders(options, reachable)
  const authorizations = remembering.translateAuthorizations(catalog.authorizations, {
    ...targets,
    providerFault: providers.faultOf,
    isForRequests: providers.isForRequests,
    issuersOf: createIssuersOf(authentications),
  })
  const asked = providers.use(
    authorizations.policies.flatMap(({ provider }) => provider ?? []),
    want,
  )
  const telemetries = remembering.translateTelemetries(catalog.telemetries, targets)
  const telemetry = reachCollectors(telemetries.telemetry, { ...reachable, clusterDomain, rootNamespace }, want)
  const { pods, conditions: aboutPods } = bindPods({
    catalog,
    gateway,
    translatePod,
    closedFor: (namespace) => authentications.closed.pods(namespace) ?? authorizations.closed.pods(namespace),
    securityOf: (namespace) =>
      securityOf(authentications.inForce.pods(namespace), authorizations.inForce.pods(namespace)),
  })
  const { slices, pods: allPods, podsByAddress, brokenPods } = catalog
  const places = { slices, pods: allPods, podsByAddress, brokenPods, namespaces }
  const lookups = endpointLookups(places)
  const makeSet: Reaching['makeSet'] = (service, port, seen) => {
    const key = `${service.metadata.namespace}/${service.metadata.name}:${port.port}`
    const tls = backendTls.ports.get(key)
    const policy = backendPolicies.ports.get(key)?.policy
    const set = translateEndpoints(service, port, seen)
    if (tls === undefined && policy === undefined) return set
    return { ...set, ...tls, ...(policy === undefined ? {} : { policy }) }
  }
  const served = translateServices(bound, {
    clusterDomain,
    attachments,
    closedServices: new Map([...authentications.closed.services, ...authorizations.closed.services]),
    securityOf: (key) =>
      securityOf(authentications.inForce.services.get(key), authorizations.inForce.services.get(key)),
    telemetryOf: telemetries.policyOf,
    setOf,
    tlsPorts: backendTls.ports,
  })
  const targeting = { ...catalog, gateway, bound, attached: byKey, parents: attaching }
  const filters = translateFilters(withSecrets, { ...targeting, resolved, versions })
  const comparisons = translateComparisons(catalog.comparisons, sortByKey(routes), targeting)
  const model: Model = {
    gateway: gateway === undefined ? undefined : nameOf(gateway.entry.object),
    trafficType: gateway?.trafficType ?? 'none',
    pathNormalization: options.pathNormalization,
    ...(gateway?.tellsClientIdentity === true ? { tellsClientIdentity: true as const } : {}),
    ...(options.mesh === undefined ? {} : { trustDomains: trustDomainsOf(options) }),
    ...(options.mesh?.defaultRepeats === undefined ? {} : { defaultRepeats: options.mesh.defaultRepeats }),
    ...(asked.length === 0 ? {} : { providers: asked }),
    ...(telemetry === undefined ? {} : { telemetry }),
    ...(hasCalls ? { clusterDomain, ...callGrantsOf(catalog.referenceGrants) } : {}),
    services: served.services,
    routes: comparisons.routes,
    endpoints: sortByKey([...wanted.values()].map(([service, port]) => makeSet(service, port, lookups))),
    pods: sortByKey(pods),
    authentications: authentications.policies,
    authorizations: authorizations.policies,
  }
  const reached = [...new Set(wanted.values().map(([service]) => service))]
  const callable = hasCalls ? catalog.referenceGrants.map(({ metadata }) => metadata.namespace) : []
  const wants = (): Wants => wantsOf(noted, { gateway, rootNamespace, reached, callable })
  const attachedModel = attachFilters(model, filters.attachments, versions)
  const translation = {
    model: attachedModel,
    conditions: sortConditions([
      ...unusableConditions(objects),
      ...aboutGateway,
      ...unmetClaims(catalog, { gateway: gateway?.entry.object.metadata ?? options.gateway, told: aboutGateway }),
      ...ofServices.conditions,
      ...ofEntries.conditions,
      ...aboutPods,
      ...served.conditions,
      ...aboutRoutes,
      ...authentications.conditions,
      ...authorizations.conditions,
      ...telemetries.conditions,
      ...remembering.backendPolicyConditions({
        policies: backendPolicies,
        gateway,
        isReached: (key) => wanted.has(key),
      }),
      ...backendTlsConditions({ policies: backendTls, gateway, isReached: (key) => wanted.has(key) }),
      ...filters.conditions,
      ...guardedCaches(catalog.filters.values(), attachedModel.routes),
      ...comparisons.conditions,
      ...sliceConditions([...catalog.orphanSlices, ...[...slices.values()].flat()], { refusesLocal }),
    ]),
    names: hosts.names,
    wants: wants(),
  }
  return {
    objects,
    names,
    versions,
    hasAttachments: catalog.filters.size > 0 || catalog.comparisons.length > 0,
    translation,
    attaching,
    tlsPorts: backendTls.ports,
    sendsElsewhere: wanted.size > boundPorts,
    reaching: {
      places,
      wanted: Map.groupBy(wanted.values(), ([{ metadata }]) => `${metadata.namespace}/${metadata.name}`),
      makeSet,
      podsMeanMore: gateway?.trafficType === 'workload' || gateway?.trafficType === 'all' || hosts.services.size > 0,
      refusesLocal,
    },
    wants,
  }
}

/** Makes what notes that the endpoints of a Service port are wanted. Apart, so that nobody holds on to what it remembers. */
const createWanting = (
  wanted: Map<string, readonly [ServiceObject, ServicePortObject]>,
): ((service: ServiceObject, port: ServicePortObject) => void) => {
  const portsOf = new Map<ServiceObject, Set<number>>()
  return (service, port) => {
    const ports = portsOf.get(service) ?? new Set()
    // Thousands of routes send to the same few Services.
    if (ports.has(port.port)) return
    portsOf.set(service, ports.add(port.port))
    wanted.set(`${service.metadata.namespace}/${service.metadata.name}:${port.port}`, [service, port])
  }
}

const trustDomainsOf = ({ trustDomain, trustDomainAliases = [] }: TranslateOptions): readonly [string, ...string[]] => [
  trustDomain,
  ...trustDomainAliases,
]

/** Which security policies something is judged by, as far as there are any. */
const securityOf = (authentications: readonly string[] = [], authorizations: readonly string[] = []): SecurityOf => ({
  ...(authentications.length === 0 ? {} : { authentications }),
  ...(authorizations.length === 0 ? {} : { authorizations }),
})

/** What a step sees of the Services and their policies. Apart, so that it holds on to nothing else of the set. */
const lookInto = (
  { services, hosts, filters }: Omit<RouteLookups, 'tls'>,
  tlsPorts: ReadonlyMap<string, unknown>,
): Pick<AttachScope, 'lookups' | 'speaksTls'> => ({
  lookups: { services, hosts, tls: { get: (key) => tlsPorts.has(key) || undefined }, filters },
  speaksTls: ({ metadata }, { port }) => tlsPorts.has(`${metadata.namespace}/${metadata.name}:${port}`),
})

const nameOf = ({
  metadata,
}: ServiceObject | { readonly metadata: { readonly namespace: string; readonly name: string } }) => ({
  namespace: metadata.namespace,
  name: metadata.name,
})
