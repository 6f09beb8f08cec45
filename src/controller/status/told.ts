import { createHash } from 'node:crypto'
import { isUserKind } from '../../config/objects/filter/filter-object.ts'
import { CONTROLLER_NAME, statusShapeOf, type KubeStatus } from '../../config/status/kube-status.ts'
import { listAt, textAt, valueAt, type LiveObject } from '../manifest.ts'
import { conditionsOf } from './conditions.ts'
import { keyOfReference, mergeStatus, type OwnedTypes } from './merge-status.ts'

/** All types of conditions that we have. */
const allTypes: OwnedTypes = new Set([
  ...['Accepted', 'Bypassed', 'Conflicted', 'Healthy', 'PartiallyInvalid', 'Programmed', 'ResolvedRefs', 'Shadowed'],
])
/** How the code of a Filter or an App does, waypoints say. */
const typesOfFilter: OwnedTypes = new Set([...allTypes].filter((type) => type !== 'Programmed' && type !== 'Healthy'))
const noTypes: OwnedTypes = new Set()

/** Kinds of Gateway API have no conditions beside those of their entries. */
const withoutConditions: ReadonlySet<string> = new Set(['BackendTLSPolicy', 'XBackendTrafficPolicy'])

/** The types of conditions in `status.conditions` of a kind that are ours. */
export const ownedTypesOf = (kind: string): OwnedTypes => {
  if (isUserKind(kind)) return typesOfFilter
  return statusShapeOf(kind) === 'parents' || withoutConditions.has(kind) ? noTypes : allTypes
}

/**
 * What we have said of an object, in a form that can be compared and kept of thousands: a digest of our part of its status
 * without times; `''`: nothing.
 */
export const toldIn = (kind: string, live: LiveObject): string => {
  const namespace = textAt(live, 'metadata', 'namespace')
  const shape = statusShapeOf(kind)
  const field = shape === 'ancestors' ? 'ancestorRef' : 'parentRef'
  const entries = (shape === 'conditions' ? [] : listAt(live, 'status', shape))
    .filter((entry) => textAt(entry, 'controllerName') === CONTROLLER_NAME)
    .map((entry) => `${keyOfReference(valueAt(entry, field), namespace)} ${plain(listAt(entry, 'conditions'))}`)
    .toSorted()
  const owned = ownedTypesOf(kind)
  const conditions = plain(conditionsOf(live).filter((condition) => owned.has(textAt(condition, 'type'))))
  if (entries.length === 0 && conditions === '') return ''
  return createHash('sha256')
    .update(JSON.stringify([entries, conditions]))
    .digest('base64')
    .slice(0, 22)
}

/** The digest that an object will have when it is told so. */
export const toldBy = (kind: string, namespace: string, wanted: KubeStatus): string => {
  const metadata = { namespace }
  const status = mergeStatus({ metadata }, wanted, { owned: ownedTypesOf(kind), now: '' })
  return toldIn(kind, { metadata, status })
}

const plain = (conditions: readonly unknown[]): string =>
  conditions
    .map((one) =>
      JSON.stringify([
        ...['type', 'status', 'reason', 'message'].map((field) => textAt(one, field)),
        valueAt(one, 'observedGeneration') ?? -1,
      ]),
    )
    .toSorted()
    .join()
