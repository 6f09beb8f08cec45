/** The labels by which Namespaces, Services, ServiceEntries and Pods ask for waypoints (waypoint contract, labels). */
import { nearestWord } from '../../../lib/nearest.ts'
import type { Metadata } from '../../objects/metadata.ts'
import type { Catalog } from '../catalog.ts'

export const USE_WAYPOINT = 'istio.io/use-waypoint'
export const USE_WAYPOINT_NAMESPACE = 'istio.io/use-waypoint-namespace'
export const CANARY = 'istio.io/use-waypoint-canary'
export const CANARY_NAMESPACE = 'istio.io/use-waypoint-canary-namespace'

/** A Gateway as labels name it. */
export interface WaypointRef {
  readonly namespace: string
  readonly name: string
}

/** What a Gateway is to something that is bound to it. */
export type WaypointRole = 'primary' | 'canary'

/** A Gateway that labels ask for. */
export interface WaypointClaim {
  readonly gateway: WaypointRef
  readonly role: WaypointRole
}

type Labels = Metadata['labels']

/** What labels ask for as they stand, `home` being the namespace of what carries them: of a Namespace its name. */
export const claimsOf = (labels: Labels, home: string): readonly WaypointClaim[] => {
  const primary = primaryOf(labels, home)
  if (primary === undefined) return []
  const canary = canaryOf(labels, home)
  const claim = { gateway: primary, role: 'primary' } as const
  return canary === undefined ? [claim] : [claim, { gateway: canary, role: 'canary' }]
}

const primaryOf = (labels: Labels, home: string): WaypointRef | undefined =>
  refOf(labels[USE_WAYPOINT], labels[USE_WAYPOINT_NAMESPACE] ?? home)

const canaryOf = (labels: Labels, home: string): WaypointRef | undefined =>
  refOf(labels[CANARY], labels[CANARY_NAMESPACE] ?? home)

const refOf = (name: string | undefined, namespace: string): WaypointRef | undefined =>
  name === undefined || name === 'none' || name === '' ? undefined : { namespace, name }

/** Which of `all` was probably meant by one that is not among them: most often it stands elsewhere, or is misspelt. */
export const probablyMeant = (
  { namespace, name }: WaypointRef,
  all: readonly WaypointRef[],
): { readonly kind: 'elsewhere' | 'near'; readonly ref: WaypointRef } | undefined => {
  const elsewhere = all.find((one) => one.name === name)
  if (elsewhere !== undefined) return { kind: 'elsewhere', ref: elsewhere }
  const names = all.filter((one) => one.namespace === namespace).map((one) => one.name)
  const near = nearestWord(name, names)
  return near === undefined ? undefined : { kind: 'near', ref: { namespace, name: near } }
}

interface Labelled {
  readonly metadata: Metadata
}

type Namespaces = Pick<Catalog, 'namespaces'>

/** The Gateway that the labels of a Service or Pod, or of its Namespace, ask for. */
export const waypointOf = ({ metadata }: Labelled, { namespaces }: Namespaces): WaypointRef | undefined => {
  const { namespace, labels } = metadata
  // The object's labels are taken as a pair: its name never meets the Namespace's `use-waypoint-namespace`.
  return primaryOf(labels[USE_WAYPOINT] === undefined ? labelsOf(namespace, namespaces) : labels, namespace)
}

/**
 * The Gateways that may get traffic of a Service or ServiceEntry: that of `waypointOf`, and the one that has a share of it
 * (`istio.io/use-waypoint-canary`, istiod from 1.31 on; which share is istiod's and ztunnel's business). Who names a
 * waypoint itself takes no canary from its Namespace, and without a waypoint there is no canary.
 */
export const waypointsOf = (object: Labelled, { namespaces }: Namespaces): readonly WaypointRef[] => {
  const primary = waypointOf(object, { namespaces })
  if (primary === undefined) return []
  const { namespace, labels: own } = object.metadata
  const isInherited = own[USE_WAYPOINT] === undefined && own[CANARY] === undefined
  const canary = canaryOf(isInherited ? labelsOf(namespace, namespaces) : own, namespace)
  const isOther = canary !== undefined && (canary.name !== primary.name || canary.namespace !== primary.namespace)
  return isOther ? [primary, canary] : [primary]
}

const labelsOf = (namespace: string, namespaces: Catalog['namespaces']): Labels =>
  namespaces.get(namespace)?.object.metadata.labels ?? {}
