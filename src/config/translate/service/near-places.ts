import type { NamespaceObject } from '../../objects/namespace.ts'
import type { SliceEndpoint } from '../../objects/endpoint-slice.ts'
import type { ServiceObject } from '../../objects/service.ts'
import type { TrafficDistribution } from '../../objects/traffic-distribution.ts'
import type { Lookup } from '../memory.ts'
import type { TranslateOptions } from '../options.ts'

/** What a Service prefers, or else its Namespace for it, as in Istio. */
export const distributionFor = (
  { metadata, distribution }: Pick<ServiceObject, 'metadata' | 'distribution'>,
  namespaces: Lookup<{ readonly object: NamespaceObject }>,
): TrafficDistribution | undefined => {
  const asked = distribution ?? namespaces.get(metadata.namespace)?.object.distribution
  return asked === 'Any' ? undefined : asked
}

/**
 * Which of the ready places are to be preferred by this process: those on its node, or else those in its zone, as the
 * Service asks (KEP-3015). The hints of an EndpointSlice say whom an endpoint is for; where it has none, its own zone and
 * node do. `undefined` when that tells nothing: none of them is near, or all are.
 */
export const nearPlaces = <P extends { readonly endpoint: SliceEndpoint }>(
  places: readonly P[],
  distribution: TrafficDistribution | undefined,
  { zone, node }: Pick<TranslateOptions, 'zone' | 'node'>,
): ReadonlySet<P> | undefined => {
  if (distribution === undefined) return undefined
  const onNode = distribution === 'PreferSameNode' ? places.filter(({ endpoint }) => isForNode(endpoint, node)) : []
  const near = onNode.length > 0 ? onNode : places.filter(({ endpoint }) => isForZone(endpoint, zone))
  return near.length === 0 || near.length === places.length ? undefined : new Set(near)
}

/** Why a Service that prefers what is near will not get it, for people: nobody said where we are. */
export const lackOfPlace = (
  distribution: TrafficDistribution | undefined,
  { zone, node }: Pick<TranslateOptions, 'zone' | 'node'>,
): string | undefined => {
  if (distribution === undefined || zone !== undefined) return undefined
  if (distribution === 'PreferSameNode' && node !== undefined) return undefined
  const flags = distribution === 'PreferSameNode' ? '--node, --zone' : '--zone'
  return `trafficDistribution ${distribution} has no effect, since this process was not told where it runs (${flags})`
}

const isForNode = ({ hints, nodeName }: SliceEndpoint, node: string | undefined): boolean =>
  isFor(hints?.nodes, nodeName, node)

const isForZone = ({ hints, zone }: SliceEndpoint, ours: string | undefined): boolean => isFor(hints?.zones, zone, ours)

const isFor = (hints: readonly string[] = [], own: string | undefined, ours: string | undefined): boolean =>
  ours !== undefined && (hints.length > 0 ? hints.includes(ours) : own === ours)
