import type { ServiceEntryObject } from '../../objects/service-entry/service-entry.ts'
import type { ServiceObject } from '../../objects/service.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { createMemory, type Lookup } from '../memory.ts'
import type { TranslateOptions } from '../options.ts'
import { takes } from '../service/match-labels.ts'
import { entryVisibilityIn } from './entry-visibility.ts'
import { expandEntry, type EntryLookups, type ExpandedEntry } from './expand-entry.ts'

/** The hosts of all ServiceEntries, each as the Service that it is served like. */
export interface EntryHosts {
  /** By `NAMESPACE/HOST`, in the order of these. */
  readonly services: ReadonlyMap<string, Entry<ServiceObject>>
  /** By host, in the order of precedence. */
  readonly byHost: Lookup<readonly Entry<ServiceObject>[]>
  /** Keys of its hosts in `services`, by the `NAMESPACE/NAME` of a ServiceEntry. */
  readonly keysOf: Lookup<readonly string[]>
  /** Those of a ServiceEntry, by its `NAMESPACE/NAME`. */
  readonly ofEntry: Lookup<readonly Entry<ServiceObject>[]>
  readonly entries: readonly HostsOfEntry[]
  /** All names whose addresses are endpoints, sorted. */
  readonly names: readonly string[]
}

/** What became of the hosts of one ServiceEntry. */
export interface HostsOfEntry {
  readonly entry: Entry<ServiceEntryObject>
  /** In `services`. */
  readonly keys: readonly string[]
  readonly notes: readonly string[]
}

/** What host names are at the moment; `undefined`: not known yet. */
export type Names = Lookup<readonly string[]>

export const noNames: Names = { get: () => undefined }

const none: EntryHosts = {
  services: new Map(),
  byHost: { get: () => undefined },
  keysOf: { get: () => undefined },
  ofEntry: { get: () => undefined },
  entries: [],
  names: [],
}

/**
 * Finds them, with a memory: an entry comes to the very same as long as it, its Pods and its names are. Of two entries that
 * have one host the older has it, and a Service before any entry that calls itself by its name.
 */
export const createEntryHosts = ({
  clusterDomain,
  mesh,
}: Pick<TranslateOptions, 'clusterDomain' | 'mesh'>): ((catalog: Catalog, names: Names) => EntryHosts) => {
  const remember = createMemory<ExpandedEntry, EntryLookups>()
  return (catalog, names) => {
    if (catalog.serviceEntries.size === 0) return none
    const visibility = entryVisibilityIn(catalog, mesh?.entryVisibility)
    const lookups = {
      pods: selectPods(catalog),
      workloads: selectWorkloads(catalog),
      podsByAddress: catalog.podsByAddress,
      names,
      visibility,
    }
    const found = [...catalog.serviceEntries.values()]
      .toSorted(byAge)
      .map((entry) => ({ entry, expanded: remember(entry.object, lookups, (seen) => expandEntry(entry.object, seen)) }))
    return arrange(found, catalog, clusterDomain)
  }
}

/** The Pods of its namespace that it selects, in the order of their names. */
const selectPods = ({ serviceEntries, pods }: Catalog): EntryLookups['pods'] => ({
  get: (key) => {
    const entry = serviceEntries.get(key)?.object
    const neighbours = [...pods.values()].flatMap(({ object }) => (isNeighbour(object, entry) ? [object] : []))
    return neighbours.length === 0 ? undefined : neighbours.filter((pod) => takes(entry?.selector, pod.metadata.labels))
  },
})

/** The WorkloadEntries of its namespace that it selects, in the order of their names. */
const selectWorkloads = ({ serviceEntries, workloadEntries }: Catalog): EntryLookups['workloads'] => ({
  get: (key) => {
    const entry = serviceEntries.get(key)?.object
    return [...workloadEntries.values()].filter(
      (workload) => isNeighbour(workload, entry) && takes(entry?.selector, workload.endpoint.labels),
    )
  },
})

const isNeighbour = (
  { metadata }: Pick<ServiceEntryObject, 'metadata'>,
  entry: ServiceEntryObject | undefined,
): boolean => metadata.namespace === entry?.metadata.namespace

const arrange = (
  found: readonly { readonly entry: Entry<ServiceEntryObject>; readonly expanded: ExpandedEntry }[],
  catalog: Catalog,
  clusterDomain: string,
): EntryHosts => {
  const services = new Map<string, Entry<ServiceObject>>()
  const byHost = new Map<string, Entry<ServiceObject>[]>()
  const keysOf = new Map<string, readonly string[]>()
  const entries = found.map(({ entry, expanded }): HostsOfEntry => {
    const notes = [...expanded.notes]
    const keys = expanded.hosts.flatMap((object) => {
      const { namespace, name: host } = object.metadata
      const key = `${namespace}/${host}`
      const taken = findHolder(key, host, { services, catalog, clusterDomain })
      if (taken !== undefined) {
        notes.push(`host ${host} is not served for it: ${taken} has it`)
        return []
      }
      const service = { object, source: entry.source }
      services.set(key, service)
      const others = byHost.get(host)
      if (others === undefined) byHost.set(host, [service])
      else others.push(service)
      return [key]
    })
    keysOf.set(formatKey(entry), keys)
    return { entry, keys, notes }
  })
  const sorted = [...services].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const names = [...new Set(found.flatMap(({ expanded }) => expanded.names))].toSorted()
  const ofEntry = { get: (key: string) => keysOf.get(key)?.flatMap((host) => services.get(host) ?? []) }
  return { services: new Map(sorted), byHost, keysOf, ofEntry, entries, names }
}

/** Who has a host already, where the entry would be mistaken for it. */
const findHolder = (
  key: string,
  host: string,
  { services, catalog, clusterDomain }: Pick<EntryHosts, 'services'> & { catalog: Catalog; clusterDomain: string },
): string | undefined => {
  const [name = '', namespace = '', ...rest] = host.split('.')
  const isOfService = rest.join('.') === `svc.${clusterDomain}`
  const meant = isOfService ? `${namespace}/${name}` : key
  if (catalog.services.has(meant)) return `Service ${meant}`
  // A Service that cannot be read must not lose its name to somebody else.
  if (isOfService && !key.startsWith(`${namespace}/`)) return `namespace ${namespace}`
  const other = services.get(key)?.object.entry?.ref
  return other === undefined ? undefined : `ServiceEntry ${other.namespace}/${other.name}`
}

const formatKey = ({ object: { metadata } }: Entry<ServiceEntryObject>): string =>
  `${metadata.namespace}/${metadata.name}`

/** The oldest first, then by name. */
const byAge = (a: Entry<ServiceEntryObject>, b: Entry<ServiceEntryObject>): number => {
  const [ours, theirs] = [a.object.metadata.createdAtMs ?? Infinity, b.object.metadata.createdAtMs ?? Infinity]
  if (ours !== theirs) return ours < theirs ? -1 : 1
  return formatKey(a) < formatKey(b) ? -1 : 1
}

/** Whether what stands in a namespace may see a host (`spec.exportTo`). */
export const isExported = ({ entry, metadata }: ServiceObject, namespace: string): boolean => {
  if (entry === undefined || entry.exportTo.length === 0) return true
  return entry.exportTo.some((to) => to === '*' || to === namespace || (to === '.' && namespace === metadata.namespace))
}
