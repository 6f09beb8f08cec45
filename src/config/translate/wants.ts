import type { GatewayObject } from '../objects/gateway.ts'
import type { ServiceObject } from '../objects/service.ts'
import type { Catalog } from './catalog.ts'
import type { ChosenGateway } from './gateway/choose-gateway.ts'
import { isNamespaceAllowed } from './service/bind-services.ts'

/**
 * What of a cluster the translation of a set depends on, for whoever reads no more than that. Names of namespaces, or
 * `NAMESPACE/NAME`; all sorted.
 */
export interface Wants {
  /** Where Services were looked for by name, found or not, where hosts of ServiceEntries are sent to, and where filters may call some. */
  readonly services: readonly string[]
  /** Where Pods are that something is sent to. */
  readonly pods: readonly string[]
  readonly configMaps: readonly string[]
  readonly secrets: readonly string[]
  /** Policies in it hold for the whole mesh. */
  readonly rootNamespace: string
}

/** Writes down what is asked of a catalog. */
export interface Noted {
  readonly catalog: Catalog
  /** Namespaces of Services that were asked for. */
  readonly services: ReadonlySet<string>
  readonly configMaps: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
}

/** The same catalog, with a note of what is asked of it from now on. */
export const noteWants = (catalog: Catalog): Noted => {
  const [services, configMaps, secrets] = [new Set<string>(), new Set<string>(), new Set<string>()]
  return {
    catalog: {
      ...catalog,
      services: noting(catalog.services, (key) => void services.add(namespaceOf(key))),
      configMaps: noting(catalog.configMaps, (key) => void configMaps.add(key)),
      secrets: noting(catalog.secrets, (key) => void secrets.add(key)),
    },
    services,
    configMaps,
    secrets,
  }
}

interface WantsScope {
  readonly gateway: ChosenGateway | undefined
  readonly rootNamespace: string
  /** The Services whose endpoints are in the model. */
  readonly reached: Iterable<ServiceObject>
  /** Namespaces that filters may call, if there are filters that call at all. */
  readonly callable: readonly string[]
}

/** What was wanted in all. */
export const wantsOf = (
  { catalog, services, configMaps, secrets }: Noted,
  { gateway, rootNamespace, reached, callable }: WantsScope,
): Wants => {
  const pods = new Set<string>()
  // Entries are known of all namespaces; what policies there say of their hosts has to be as well.
  const ofEntries = new Set<string>()
  for (const { metadata, entry } of reached) {
    pods.add(metadata.namespace)
    if (entry !== undefined) ofEntries.add(metadata.namespace)
  }
  if (gateway?.trafficType === 'workload' || gateway?.trafficType === 'all') {
    for (const namespace of namespacesOf(catalog, gateway.entry.object)) {
      if (isNamespaceAllowed(namespace, gateway, catalog)) pods.add(namespace)
    }
  }
  return {
    services: [...new Set([...services, ...ofEntries, ...callable])].toSorted(),
    pods: [...pods].toSorted(),
    configMaps: [...configMaps].toSorted(),
    secrets: [...secrets].toSorted(),
    rootNamespace,
  }
}

/** The Gateway's own is there, whether there is an object of it or not. */
const namespacesOf = ({ namespaces }: Catalog, { metadata }: GatewayObject): ReadonlySet<string> =>
  new Set([...namespaces.keys(), metadata.namespace])

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

const noting = <V>(map: ReadonlyMap<string, V>, note: (key: string) => void): ReadonlyMap<string, V> => ({
  get: (key) => {
    note(key)
    return map.get(key)
  },
  has: (key) => map.has(key),
  size: map.size,
  entries: () => map.entries(),
  keys: () => map.keys(),
  values: () => map.values(),
  forEach: (each) => map.forEach(each),
  [Symbol.iterator]: () => map[Symbol.iterator](),
})
