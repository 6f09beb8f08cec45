import { canonicalIp } from '../../../lib/ip.ts'
import type { ListChange } from '../../../lib/lists/find-change.ts'
import type { Condition } from '../../../model/condition.ts'
import type { EndpointSet } from '../../../model/endpoint.ts'
import type { ObjectRef } from '../../../model/model.ts'
import type { EndpointSliceObject } from '../../objects/endpoint-slice.ts'
import type { PodObject } from '../../objects/pod.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import { entryOf, type Catalog, type Entry } from '../catalog.ts'
import { compareRefs, sortConditions, unusableConditions } from '../conditions.ts'
import type { SourcedObject } from '../options.ts'
import { endpointLookups, type EndpointLookups } from '../service/translate-endpoints.ts'
import { sliceConditions } from '../service/slice-conditions.ts'
import { sortByKey } from '../sort-by-key.ts'
import { replaceGroups } from './replace-groups.ts'

/** The objects that say where endpoints are: of the sets that come, most differ in nothing else. */
export type Places = Pick<Catalog, 'slices' | 'pods' | 'podsByAddress' | 'brokenPods' | 'namespaces'>

/** What endpoints were made from, there again for the next set. */
export interface Reaching {
  readonly places: Places
  /** The Service ports whose endpoints are in the model, by `NAMESPACE/NAME` of the Service. */
  readonly wanted: ReadonlyMap<string, readonly (readonly [ServiceObject, ServicePortObject])[]>
  readonly makeSet: (service: ServiceObject, port: ServicePortObject, lookups: EndpointLookups) => EndpointSet
  /** Whether Pods mean anything but endpoints: they are bound themselves, or hosts of ServiceEntries select them. */
  readonly podsMeanMore: boolean
  readonly refusesLocal: boolean
}

interface Reached {
  readonly endpoints: readonly EndpointSet[]
  readonly conditions: readonly Condition[]
}

/** The kinds that this is about. */
export const placeKinds: ReadonlySet<string> = new Set(['EndpointSlice', 'Pod'])

/**
 * Translates slices and Pods that changed: the endpoints of the Services that have to do with them are made anew, and the
 * rest stays what it is. `undefined` when they mean more than that.
 */
export const changePlaces = (
  { endpoints, conditions }: Reached,
  reaching: Reaching,
  change: ListChange<SourcedObject>,
): (Reached & { readonly reaching: Reaching }) | undefined => {
  const { wanted, makeSet, podsMeanMore, refusesLocal } = reaching
  const changed = [...change.gone, ...change.come]
  const hasPods = changed.some(({ read }) => read.ref?.kind === 'Pod')
  if (hasPods && (podsMeanMore || changed.some(isBound))) return undefined
  const slices = changeSlices(reaching.places.slices, change)
  const pods = hasPods ? changePods(reaching.places, change) : {}
  const places = { ...reaching.places, ...pods, slices }
  const affected = new Set(changed.flatMap(({ read }) => serviceOf(read) ?? []))
  if (hasPods) for (const key of servicesOfPods(slices, podsOf(changed))) affected.add(key)
  const lookups = endpointLookups(places)
  const sets = [...affected].flatMap((key) =>
    (wanted.get(key) ?? []).map(([service, port]) => makeSet(service, port, lookups)),
  )
  const refs = refsOf(changed)
  const come = change.come.flatMap(sliceEntry)
  return {
    reaching: { ...reaching, places },
    endpoints: replaceGroups(endpoints, {
      groups: sets.map(({ key }) => key).toSorted(),
      items: sortByKey(sets),
      compare: ({ key }, group) => (key < group ? -1 : key > group ? 1 : 0),
    }),
    conditions: replaceGroups(conditions, {
      groups: refs,
      items: sortConditions([...unusableConditions(change.come), ...sliceConditions(come, { refusesLocal })]),
      compare: ({ object }, ref) => compareRefs(object, ref),
    }),
  }
}

/** A Pod with the label is bound by itself, or told why not. */
const isBound = ({ read }: SourcedObject): boolean =>
  read.state === 'typed' &&
  read.object.kind === 'Pod' &&
  read.object.metadata.labels['istio.io/use-waypoint'] !== undefined

const sliceEntry = (source: SourcedObject): readonly Entry<EndpointSliceObject>[] =>
  source.read.state === 'typed' && source.read.object.kind === 'EndpointSlice'
    ? [entryOf(source.read.object, source)]
    : []

/** By the label, which says whose slice it is. */
const serviceOf = (read: SourcedObject['read']): string | undefined => {
  if (read.state !== 'typed' || read.object.kind !== 'EndpointSlice') return undefined
  const { namespace, labels } = read.object.metadata
  const name = labels['kubernetes.io/service-name']
  return name === undefined ? undefined : `${namespace}/${name}`
}

const changeSlices = (before: Places['slices'], { gone, come }: ListChange<SourcedObject>): Places['slices'] => {
  const slices = new Map(before)
  const edit = (source: SourcedObject, change: (list: readonly Entry<EndpointSliceObject>[]) => void): void => {
    const service = serviceOf(source.read)
    if (service !== undefined) change(slices.get(service) ?? [])
  }
  for (const source of gone) {
    edit(source, (list) => {
      const rest = list.filter((entry) => entry.source !== source)
      const service = serviceOf(source.read) ?? ''
      if (rest.length === 0) slices.delete(service)
      else slices.set(service, rest)
    })
  }
  for (const source of come) {
    edit(source, (list) => slices.set(serviceOf(source.read) ?? '', [...list, ...sliceEntry(source)].toSorted(byName)))
  }
  return slices
}

/** The order of a catalog. All are of one namespace. */
const byName = (a: Entry<EndpointSliceObject>, b: Entry<EndpointSliceObject>): number =>
  a.object.metadata.name < b.object.metadata.name ? -1 : 1

const changePods = (
  before: Places,
  { gone, come }: ListChange<SourcedObject>,
): Omit<Places, 'slices' | 'namespaces'> => {
  const pods = new Map(before.pods)
  const podsByAddress = new Map(before.podsByAddress)
  const brokenPods = new Set(before.brokenPods)
  const addresses = new Set<string>()
  for (const { read } of gone) {
    if (read.ref?.kind !== 'Pod') continue
    const key = `${read.ref.namespace}/${read.ref.name}`
    for (const address of addressesOf(pods.get(key)?.object)) addresses.add(address)
    pods.delete(key)
    brokenPods.delete(key)
  }
  for (const source of come) {
    const { read } = source
    if (read.ref?.kind !== 'Pod') continue
    const key = `${read.ref.namespace}/${read.ref.name}`
    if (read.state === 'broken') brokenPods.add(key)
    if (read.state !== 'typed' || read.object.kind !== 'Pod') continue
    pods.set(key, { object: read.object, source })
    for (const address of addressesOf(read.object)) addresses.add(address)
  }
  if (addresses.size > 0) ownAddresses(podsByAddress, addresses, pods)
  return { pods, podsByAddress, brokenPods }
}

/** Of several Pods with one address the first by name has it, as in a catalog. */
const ownAddresses = (owners: Map<string, PodObject>, addresses: ReadonlySet<string>, pods: Places['pods']): void => {
  for (const address of addresses) owners.delete(address)
  for (const { object } of pods.values()) {
    for (const address of addressesOf(object)) {
      if (!addresses.has(address)) continue
      const other = owners.get(address)
      if (other === undefined || keyOf(object) < keyOf(other)) owners.set(address, object)
    }
  }
}

const keyOf = ({ metadata }: PodObject): string => `${metadata.namespace}/${metadata.name}`

const addressesOf = (pod: PodObject | undefined): readonly string[] =>
  pod === undefined || pod.isOnHostNetwork === true ? [] : pod.addresses.flatMap((one) => canonicalIp(one) ?? [])

interface ChangedPods {
  readonly keys: ReadonlySet<string>
  readonly addresses: ReadonlySet<string>
}

const podsOf = (changed: readonly SourcedObject[]): ChangedPods => {
  const keys = new Set<string>()
  const addresses = new Set<string>()
  for (const { read } of changed) {
    if (read.ref?.kind !== 'Pod') continue
    keys.add(`${read.ref.namespace}/${read.ref.name}`)
    if (read.state !== 'typed' || read.object.kind !== 'Pod') continue
    for (const address of addressesOf(read.object)) addresses.add(address)
  }
  return { keys, addresses }
}

/** The Services that have endpoints on these Pods, by name or by address. */
const servicesOfPods = (slices: Places['slices'], { keys, addresses }: ChangedPods): readonly string[] =>
  [...slices].flatMap(([service, entries]) => {
    const namespace = service.slice(0, service.indexOf('/'))
    const isOn = entries.some(({ object }) =>
      object.endpoints.some(
        ({ targetRef, addresses: own }) =>
          keys.has(`${targetRef?.namespace ?? namespace}/${targetRef?.name ?? ''}`) ||
          own.some((one) => addresses.has(canonicalIp(one) ?? '')),
      ),
    )
    return isOn ? [service] : []
  })

const refsOf = (changed: readonly SourcedObject[]): readonly ObjectRef[] => {
  const refs = changed.flatMap(({ read: { ref } }) => (ref === undefined ? [] : [ref]))
  const distinct = new Map(refs.map((ref) => [`${ref.kind} ${ref.namespace}/${ref.name}`, ref]))
  return [...distinct.values()].toSorted(compareRefs)
}
