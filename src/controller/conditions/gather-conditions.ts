import { isUserKind } from '../../config/objects/filter/filter-object.ts'
import { kindApi } from '../../config/objects/kind-apis.ts'
import { kubeStatusOf, statusShapeOf, type KubeStatus } from '../../config/status/kube-status.ts'
import type { SourcedObject } from '../../config/translate/options.ts'
import type { Condition } from '../../model/condition.ts'
import type { ObjectRef } from '../../model/model.ts'
import { secretNamesOf } from './stand-ins.ts'
import type { Ownership } from './ownership.ts'

/** `KIND/NAMESPACE/NAME` */
export const keyOfRef = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`

/** Kinds whose statuses are not ours to write, or are made elsewhere. */
const untold: ReadonlySet<string> = new Set([
  ...['ConfigMap', 'EndpointSlice', 'Gateway', 'GatewayClass', 'Namespace', 'PeerAuthentication', 'Pod'],
  ...['ReferenceGrant', 'Secret', 'Service', 'ServiceEntry'],
])

/** What only waypoints know: whether the code of a Filter is in force, and how it does. */
const waypointsSay: ReadonlySet<string> = new Set(['Programmed', 'Healthy'])

/** What there is to say of objects, by `KIND/NAMESPACE/NAME`: what all Gateways of ours come to, put together. */
export const gatherStatuses = (
  conditions: readonly Condition[],
  objects: readonly SourcedObject[],
  ownership: Ownership,
): ReadonlyMap<string, KubeStatus> => {
  const concerned = new Set(
    objects.flatMap(({ read }) =>
      read.state === 'typed' &&
      (read.object.kind === 'AuthorizationPolicy' ||
        read.object.kind === 'RequestAuthentication' ||
        read.object.kind === 'Telemetry') &&
      ownership.isConcerned(read.object)
        ? [keyOfRef(read.ref)]
        : [],
    ),
  )
  const byObject = Map.groupBy(
    qualify(conditions, objects).filter(({ object }) => !untold.has(object.kind)),
    ({ object }) => keyOfRef(object),
  )
  const statuses = new Map<string, KubeStatus>()
  for (const [key, all] of byObject) {
    const [first] = all
    if (first === undefined) continue
    const told = tell(first.object, distinct(all), { ownership, isConcerned: concerned.has(key) })
    if (told !== undefined) statuses.set(key, told)
  }
  return statuses
}

/** Whether Secrets are there, and in order, only waypoints know. */
const qualify = (conditions: readonly Condition[], objects: readonly SourcedObject[]): readonly Condition[] => {
  const referring = new Set(
    objects.flatMap(({ read }) =>
      read.state === 'typed' && read.object.kind === 'Filter' && secretNamesOf(read.object.content).length > 0
        ? [keyOfRef(read.ref)]
        : [],
    ),
  )
  if (referring.size === 0) return conditions
  return conditions.map((one) =>
    one.type === 'Programmed' && one.status === 'True' && referring.has(keyOfRef(one.object))
      ? { ...one, message: `${one.message}, unless a Secret is missing or of another type: its waypoints say so` }
      : one,
  )
}

interface Telling {
  readonly ownership: Ownership
  readonly isConcerned: boolean
}

const tell = (
  { kind, namespace }: ObjectRef,
  all: readonly Condition[],
  { ownership, isConcerned }: Telling,
): KubeStatus | undefined => {
  const isOurs = kindApi(kind)?.group === 'fairway.dev'
  switch (statusShapeOf(kind)) {
    case 'parents': {
      // Only what is said to a parent has a place; parents that are others' business are told nothing.
      const told = all.filter(
        ({ parentRef }) => parentRef !== undefined && ownership.ofParent(parentRef, namespace) !== undefined,
      )
      return told.length === 0 ? undefined : kubeStatusOf(kind, told)
    }
    case 'ancestors': {
      const told = isOurs ? withoutElsewhere(all) : all.filter(({ parentRef }) => parentRef !== undefined)
      return told.length === 0 ? undefined : kubeStatusOf(kind, told)
    }
    case 'conditions': {
      if (!isOurs) return isConcerned ? kubeStatusOf(kind, withoutElsewhere(all)) : undefined
      const told = isUserKind(kind) ? all.filter(({ type }) => !waypointsSay.has(type)) : all
      return kubeStatusOf(kind, withoutElsewhere(told))
    }
  }
}

/** A target of one Gateway is none of another: what that one says of it goes, as long as anybody has more to say. */
const withoutElsewhere = (all: readonly Condition[]): readonly Condition[] => {
  const told = all.filter((one) => !isElsewhere(one))
  return told.length > 0 ? told : all
}

const isElsewhere = ({ type, status, reason, parentRef }: Condition): boolean =>
  parentRef === undefined &&
  (type === 'Accepted' || type === 'Programmed') &&
  status === 'False' &&
  reason === 'TargetNotFound'

/** Several Gateways often say the very same. */
const distinct = (all: readonly Condition[]): readonly Condition[] => [
  ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
]
