import type { SourcePosition } from '../../lib/decoded.ts'
import { isFault, type Condition } from '../../model/condition.ts'
import type { ObjectRef } from '../../model/model.ts'
import { formatObject } from '../format-object.ts'
import { kindApi } from '../objects/kind-apis.ts'
import { kubeStatusOf, type KubeStatus } from './kube-status.ts'

/** What became of one object: its reference and `status` as Kubernetes has them, and where to look in the files. */
export interface ObjectStatus {
  /** Absent for kinds that nobody knows. */
  readonly apiVersion?: string
  readonly kind: string
  readonly metadata: { readonly namespace?: string; readonly name: string }
  readonly status: KubeStatus
  /** Where the object stands, as far as that is known. */
  readonly source?: SourcePosition
  /** The conditions that are bad news, with the field at fault; absent when there are none. */
  readonly faults?: readonly FaultPlace[]
}

/** Points from a condition to the field that it is about. */
export interface FaultPlace {
  /** `Service shop/api` */
  readonly parent?: string
  readonly type: Condition['type']
  readonly reason: string
  readonly source?: SourcePosition
}

/** The conditions of one object. */
export interface ConditionGroup {
  readonly object: ObjectRef
  readonly conditions: readonly Condition[]
}

/** Conditions by object, in the order in which the objects come first. */
export const groupConditions = (conditions: readonly Condition[]): readonly ConditionGroup[] => {
  const groups = new Map<string, { readonly object: ObjectRef; readonly conditions: Condition[] }>()
  for (const condition of conditions) {
    const key = formatObject(condition.object)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { object: condition.object, conditions: [condition] })
    else group.conditions.push(condition)
  }
  return [...groups.values()]
}

/** The status of each object that there are conditions of; made one by one, since there may be thousands. */
export function* objectStatuses(conditions: readonly Condition[]): Generator<ObjectStatus, void, undefined> {
  for (const group of groupConditions(conditions)) yield objectStatusOf(group)
}

/** The status of one object, which may have no conditions at all; `source` is where it stands. */
export const objectStatusOf = ({ object, conditions }: ConditionGroup, source?: SourcePosition): ObjectStatus => {
  const { kind, namespace, name } = object
  const apiVersion = apiVersionOf(kind)
  const faults = conditions.filter(isFault).map(placeOf)
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    kind,
    metadata: { ...(namespace === '' ? {} : { namespace }), name },
    status: kubeStatusOf(kind, conditions),
    ...(source === undefined ? {} : { source }),
    ...(faults.length === 0 ? {} : { faults }),
  }
}

const placeOf = ({ parent, type, reason, position }: Condition): FaultPlace => ({
  ...(parent === undefined ? {} : { parent }),
  type,
  reason,
  ...(position === undefined ? {} : { source: position }),
})

/** In the newest version that is known: a reference to an object means it in any. */
const apiVersionOf = (kind: string): string | undefined => {
  const api = kindApi(kind)
  if (api === undefined) return undefined
  const [version] = api.versions
  return api.group === '' ? version : `${api.group}/${version}`
}
