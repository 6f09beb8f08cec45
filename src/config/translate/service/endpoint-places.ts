import { canonicalIp } from '../../../lib/ip.ts'
import type { EndpointSliceObject, SliceEndpoint } from '../../objects/endpoint-slice.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import { meaningOfLocal } from '../entry/local-address.ts'
import type { TranslateOptions } from '../options.ts'
import { addressesOf } from './service-facts.ts'

/** An address and port that EndpointSlices name for a Service port. */
export interface Place {
  /** In canonical form. */
  readonly address: string
  readonly port: number
  readonly condition: PlaceCondition
  readonly endpoint: SliceEndpoint
  /** Of its slice. */
  readonly namespace: string
}

/** `draining`: it terminates, and serves until it ends. */
export type PlaceCondition = 'ready' | 'draining' | 'terminating' | 'not-ready'

/** All places behind a Service port, whatever their condition, by address and port. */
export const collectPlaces = (
  slices: readonly EndpointSliceObject[],
  service: ServiceObject,
  port: ServicePortObject,
  { refusesLocal = false }: Pick<TranslateOptions, 'refusesLocal'> = {},
): readonly Place[] => {
  const found = new Map<string, Place>()
  for (const slice of slices) {
    const target = slice.addressType === 'FQDN' ? undefined : targetPort(port, slice, service)
    if (target === undefined) continue
    const { namespace } = slice.metadata
    for (const endpoint of slice.endpoints) {
      const condition = conditionOf(endpoint)
      for (const written of endpoint.addresses) {
        const address = canonicalIp(written)
        if (address === undefined || (refusesLocal && meaningOfLocal(address) !== undefined)) continue
        keepBetter(found, { address, port: target, condition, endpoint, namespace })
      }
    }
  }
  return dropOtherFamily([...found.values()], service).toSorted(
    (a, b) => compare(a.address, b.address) || a.port - b.port,
  )
}

/** Of what stands in two slices, as for a moment while the controller moves it, the better condition counts. */
const keepBetter = (found: Map<string, Place>, place: Place): void => {
  const key = `${place.address} ${place.port}`
  const other = found.get(key)
  if (other === undefined || ranks[place.condition] < ranks[other.condition]) found.set(key, place)
}

/**
 * A Pod with addresses of both families stands in slices of both, and is one endpoint nonetheless: twice there it would have two
 * shares wherever others have one address, be tried again after it failed, and be left over when it is put aside. The family
 * of the Service's first address is taken, where the Pod has it; Istio does the same with dual stack.
 */
const dropOtherFamily = (places: readonly Place[], service: ServiceObject): readonly Place[] => {
  const isSix = isIPv6(addressesOf(service)[0] ?? '')
  const isWanted = ({ address }: Place): boolean => isIPv6(address) === isSix
  if (places.every(isWanted)) return places
  const pods = new Set(places.flatMap((place) => (isWanted(place) ? (podKeyOf(place) ?? []) : [])))
  return places.filter((place) => isWanted(place) || !pods.has(podKeyOf(place) ?? ''))
}

const isIPv6 = (address: string): boolean => address.includes(':')

/** `NAMESPACE/NAME` of the Pod that an endpoint says it is. */
export const podKeyOf = ({ namespace, endpoint: { targetRef } }: Place): string | undefined =>
  targetRef?.kind === 'Pod' && targetRef.name !== undefined
    ? `${targetRef.namespace ?? namespace}/${targetRef.name}`
    : undefined

const ranks = { ready: 0, draining: 1, terminating: 2, 'not-ready': 3 } as const satisfies Record<
  PlaceCondition,
  number
>

/** What is not known counts as ready, and as not terminating; whether it serves, as its readiness (EndpointConditions). */
const conditionOf = ({ conditions: { ready, serving, terminating } }: SliceEndpoint): PlaceCondition => {
  if (ready !== false) return 'ready'
  if (terminating !== true) return 'not-ready'
  return serving === true ? 'draining' : 'terminating'
}

/**
 * The endpoints' port for a Service port: by name, as Kubernetes' controller writes it. Slices written by hand often
 * leave the name out: then by number, or because there is only one.
 */
const targetPort = (
  port: ServicePortObject,
  slice: EndpointSliceObject,
  service: ServiceObject,
): number | undefined => {
  const direct = typeof port.targetPort === 'number' ? port.targetPort : port.port
  // No ports at all means every port (EndpointSlice.ports).
  if (slice.ports.length === 0) return direct
  const tcp = slice.ports.filter((candidate) => candidate.protocol === 'TCP')
  const named = tcp.find((candidate) => (candidate.name ?? '') === (port.name ?? ''))
  if (named !== undefined) return named.port ?? direct
  const unnamed = tcp.filter((candidate) => (candidate.name ?? '') === '')
  const isOnly = tcp.length === 1 && service.ports.length === 1
  return (isOnly ? unnamed[0] : unnamed.find((candidate) => candidate.port === direct))?.port
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
