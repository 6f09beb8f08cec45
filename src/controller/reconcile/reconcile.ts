import { GATEWAY_UID } from '../desired/access.ts'
import {
  APPLIED_HASH,
  FIELD_MANAGER,
  keyOfManifest,
  listAt,
  textAt,
  type LiveObject,
  type Manifest,
} from '../manifest.ts'
import { covers } from './coverage.ts'

/** What is to be done so that the cluster is as it should be. */
export type Action =
  | {
      readonly kind: 'apply'
      readonly manifest: Manifest
      /** `missing`: it may be there all the same, and belong to somebody else. */
      readonly why: 'missing' | 'changed' | 'drift'
    }
  | { readonly kind: 'delete'; readonly object: ObjectId }

/** One certain object as it was seen, and no later one of its name. */
export interface ObjectId {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/** What should be there for one Gateway. */
export interface Wanted {
  readonly uid: string
  readonly manifests: readonly Manifest[]
  /** Whether what is no longer wanted may go already. */
  readonly mayDelete: boolean
}

/** The objects of ours that are there, and what was applied by this process already. */
export interface Actual {
  /** By `keyOfManifest`. */
  readonly objects: ReadonlyMap<string, LiveObject>
  /** What an apply came to: the version of the object then; by `keyOfManifest`. */
  readonly applied: ReadonlyMap<string, Applied>
}

export interface Applied {
  readonly hash: string
  readonly resourceVersion: string
}

/** What one Gateway's objects come to. */
export interface Reconciled {
  readonly actions: readonly Action[]
  /** Objects that another Gateway of ours has: `Service shop/waypoint`. */
  readonly taken: readonly string[]
}

/** Compares what should be there for one Gateway with what is. `isAlive` tells of other Gateways of ours. */
export const reconcile = (
  { uid, manifests, mayDelete }: Wanted,
  actual: Actual,
  isAlive: (uid: string) => boolean,
): Reconciled => {
  const taken: string[] = []
  const actions: Action[] = []
  const wanted = new Set<string>()
  for (const manifest of manifests) {
    const key = keyOfManifest(manifest)
    wanted.add(key)
    const live = actual.objects.get(key)
    const owner = live === undefined ? uid : ownerOf(live)
    if (owner !== uid && isAlive(owner)) {
      taken.push(key)
      continue
    }
    const why = live === undefined ? 'missing' : lackOf(manifest, live, actual.applied.get(key))
    if (why !== undefined) actions.push({ kind: 'apply', manifest, why })
  }
  if (mayDelete) {
    for (const [key, live] of actual.objects) {
      if (!wanted.has(key) && ownerOf(live) === uid && !isGoing(live))
        actions.push({ kind: 'delete', object: idOf(live) })
    }
  }
  return { actions, taken }
}

/** An object of ours whose Gateway is no longer ours, or no longer there. */
export interface Leftover {
  /** The `uid` of the Gateway. */
  readonly owner: string
  readonly action: Action
}

/** Finds what is left of Gateways. */
export const findLeftovers = (objects: Actual['objects'], isAlive: (uid: string) => boolean): readonly Leftover[] =>
  [...objects.values()].flatMap((live) => {
    const owner = ownerOf(live)
    if (owner === '' || isAlive(owner) || isGoing(live)) return []
    return [{ owner, action: { kind: 'delete', object: idOf(live) } }]
  })

const lackOf = (
  manifest: Manifest,
  live: LiveObject,
  applied: Applied | undefined,
): 'changed' | 'drift' | undefined => {
  const hash = appliedHash(manifest)
  // A value that the API server writes otherwise (`1000m` as `1`) would look like drift for ever.
  if (applied?.hash === hash && applied.resourceVersion === textAt(live, 'metadata', 'resourceVersion'))
    return undefined
  if (appliedHash(live) !== hash) return 'changed'
  return covers(live, manifest) ? undefined : 'drift'
}

/** The hash that an object was applied with. */
export const appliedHash = (object: LiveObject): string => textAt(object, 'metadata', 'annotations', APPLIED_HASH)

/** The `uid` of the Gateway that an object of ours belongs to; `''`: of none. */
export const ownerOf = (live: LiveObject): string => {
  // Istio has a kind of that name too, and what belongs to one of those is not ours to take away.
  const owner = listAt(live, 'metadata', 'ownerReferences').find(
    (one) => textAt(one, 'kind') === 'Gateway' && textAt(one, 'apiVersion').startsWith('gateway.networking.k8s.io/'),
  )
  return owner === undefined ? textAt(live, 'metadata', 'labels', GATEWAY_UID) : textAt(owner, 'uid')
}

/** Whether we are among those who wrote an object by server-side apply. */
export const isAppliedByUs = (live: LiveObject): boolean => appliedByUs(live).length > 0

/** What the API server has written down of what we applied. */
export const appliedByUs = (live: LiveObject): readonly unknown[] =>
  listAt(live, 'metadata', 'managedFields').filter(
    (entry) => textAt(entry, 'manager') === FIELD_MANAGER && textAt(entry, 'operation') === 'Apply',
  )

const isGoing = (live: LiveObject): boolean => textAt(live, 'metadata', 'deletionTimestamp') !== ''

const idOf = (live: LiveObject): ObjectId => ({
  kind: textAt(live, 'kind'),
  namespace: textAt(live, 'metadata', 'namespace'),
  name: textAt(live, 'metadata', 'name'),
  uid: textAt(live, 'metadata', 'uid'),
  resourceVersion: textAt(live, 'metadata', 'resourceVersion'),
})
