import type { Condition } from '../../../model/condition.ts'
import { isWaypoint } from '../../objects/gateway.ts'
import type { Metadata } from '../../objects/metadata.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { conditionOf, type Verdict } from '../conditions.ts'
import {
  CANARY,
  claimsOf,
  probablyMeant,
  USE_WAYPOINT,
  USE_WAYPOINT_NAMESPACE,
  type WaypointClaim,
  type WaypointRef,
} from './waypoint-labels.ts'

type Claimants = Pick<Catalog, 'gateways' | 'namespaces' | 'services' | 'serviceEntries'>

/**
 * What is to be said of labels that ask for a waypoint which nobody is: Istio then sends traffic past all routes and policies.
 * What has nothing to do with the namespace of our Gateway is for others to tell; of Gateways something may have been `told` by now.
 */
export const unmetClaims = (
  catalog: Claimants,
  { gateway, told }: { readonly gateway: WaypointRef | undefined; readonly told: readonly Condition[] },
): readonly Condition[] => {
  // Of files without any Gateway that is said once, and a folder of Services alone is nothing wrong.
  if (gateway === undefined && catalog.gateways.size === 0) return []
  const home = gateway?.namespace
  const known = new Set(told.map(({ object }) => keyOf(object)))
  const isOurs = (claim: WaypointClaim): boolean => gateway !== undefined && keyOf(claim.gateway) === keyOf(gateway)
  const isOfHome = (namespace: string, claimed: string): boolean =>
    home === undefined || namespace === home || claimed === home
  const judge = (entry: Entry<Claimant>, namespace: string): readonly Condition[] => [
    ...misplacedClaim(entry, (named = namespace) => isOfHome(namespace, named)),
    ...judgeLabels(entry, namespace),
  ]
  const judgeLabels = (entry: Entry<Claimant>, namespace: string): readonly Condition[] => {
    const claims = claimsOf(entry.object.metadata.labels, namespace)
    // Who has the rest of what we have a share of is not for us to say.
    if (claims.some(isOurs)) return []
    return claims.flatMap((claim) => {
      if (!isOfHome(namespace, claim.gateway.namespace)) return []
      if (known.has(keyOf(claim.gateway))) return []
      const verdict = refuse(claim, catalog)
      return verdict === undefined ? [] : [conditionOf(entry, verdict)]
    })
  }
  return [
    ...[...catalog.namespaces.values()].flatMap((entry) => judge(entry, entry.object.metadata.name)),
    ...[...catalog.services.values(), ...catalog.serviceEntries.values()].flatMap((entry) =>
      judge(entry, entry.object.metadata.namespace),
    ),
  ]
}

interface Claimant {
  readonly kind: string
  readonly metadata: Metadata
}

/** As an annotation, which it was at first (Istio’s release note 50572), it neither asks for a waypoint nor opts out of one. */
const misplacedClaim = (
  entry: Entry<Claimant>,
  isOurs: (namespace: string | undefined) => boolean,
): readonly Condition[] => {
  const { annotations, labels } = entry.object.metadata
  const written = annotations[USE_WAYPOINT]
  if (written === undefined || labels[USE_WAYPOINT] === written) return []
  if (!isOurs(annotations[USE_WAYPOINT_NAMESPACE])) return []
  const message = `${USE_WAYPOINT}: ${written} is an annotation, and has no effect: istiod reads the label of this name`
  const path = `metadata.annotations["${USE_WAYPOINT}"]`
  return [conditionOf(entry, { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message, path })]
}

const refuse = ({ gateway, role }: WaypointClaim, { gateways }: Claimants): Verdict | undefined => {
  const lack = lackOf(gateway, gateways)
  if (lack === undefined) return undefined
  const isCanary = role === 'canary'
  const label = isCanary ? CANARY : USE_WAYPOINT
  const effect = isCanary ? 'it gets no share' : 'traffic goes past routes and policies'
  const message = `label ${label} asks for Gateway ${keyOf(gateway)}, which ${lack.message}: ${effect}`
  return { type: 'Accepted', status: 'False', reason: lack.reason, message, path: `metadata.labels["${label}"]` }
}

/** Why a Gateway that is asked for is nobody's waypoint, with `which` before it; `undefined`: it is somebody's. */
export const lackOf = (
  gateway: WaypointRef,
  gateways: Claimants['gateways'],
): Pick<Verdict, 'reason' | 'message'> | undefined => {
  const found = gateways.get(keyOf(gateway))
  if (found === undefined) {
    return { reason: 'NotFound', message: `is not among the readable objects${guess(gateway, gateways)}` }
  }
  return isWaypoint(found.object) ? undefined : { reason: 'NoMatchingParent', message: 'has no HBONE listener' }
}

const guess = (gateway: WaypointRef, gateways: Claimants['gateways']): string => {
  const waypoints = [...gateways.values()]
    .filter(({ object }) => isWaypoint(object))
    .map(({ object }) => object.metadata)
  const meant = probablyMeant(gateway, waypoints)
  if (meant === undefined) return ''
  const { kind, ref } = meant
  return kind === 'elsewhere' ? ` (there is one in namespace ${ref.namespace})` : ` (did you mean ${ref.name}?)`
}

const keyOf = ({ namespace, name }: WaypointRef): string => `${namespace}/${name}`
