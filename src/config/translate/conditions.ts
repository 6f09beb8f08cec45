import type { Issue } from '../../lib/decoded.ts'
import { isFault, type Condition, type ParentReference } from '../../model/condition.ts'
import type { ObjectRef } from '../../model/model.ts'
import { formatFault } from '../../lib/format-issue.ts'
import type { Metadata } from '../objects/metadata.ts'
import type { ParentRef } from '../objects/parent-ref.ts'
import type { Entry } from './catalog.ts'
import type { SourcedObject } from './options.ts'
import { formatParent } from './route/format-parent.ts'

interface Named {
  readonly kind: string
  readonly metadata: Metadata
  readonly parentRefs?: readonly ParentRef[]
  /** There for a host of a ServiceEntry, which stands for the whole of it. */
  readonly entry?: { readonly ref: ObjectRef }
}

/** What a condition says; `path` is the field at fault, whose position is looked up only when the status is not True. */
export interface Verdict {
  readonly type: Condition['type']
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
  readonly parent?: string
  /** Of a policy, which does not name its parent itself (`ancestorRef`); a route's is found among its parentRefs. */
  readonly parentRef?: ParentReference
  readonly path?: string
  /** When what it says comes to an end, at that field. */
  readonly endsAtMs?: number
}

/** How messages and conditions refer to an object. */
export const refOf = ({ kind, metadata, entry }: Named): ObjectRef =>
  entry?.ref ?? { kind, namespace: metadata.namespace, name: metadata.name }

/** Makes a condition of an object. */
export const conditionOf = ({ object, source }: Entry<Named>, { path, ...verdict }: Verdict): Condition => {
  const { generation } = object.metadata
  const parentRef =
    verdict.parent === undefined ? undefined : (verdict.parentRef ?? parentReference(object, verdict.parent))
  const position = isFault(verdict) || verdict.endsAtMs !== undefined ? source.locate(path ?? '') : undefined
  return {
    object: refOf(object),
    ...verdict,
    ...(parentRef === undefined ? {} : { parentRef }),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(position === undefined ? {} : { position }),
  }
}

/** What all conditions of an object about one parent have in common, for those who share it among them. */
export const aboutParent = (object: Named, parent: string): Pick<Condition, 'object' | 'parentRef'> => {
  const parentRef = parentReference(object, parent)
  return { object: refOf(object), ...(parentRef === undefined ? {} : { parentRef }) }
}

/** The reference of the object that `formatParent` writes like that. */
const parentReference = ({ parentRefs = [], metadata }: Named, parent: string): ParentReference | undefined => {
  const ref = parentRefs.find((candidate) => formatParent(candidate, metadata.namespace) === parent)
  if (ref === undefined) return undefined
  const { path: _path, ...written } = ref
  return written
}

/** The conditions of objects that could not be read, or that nothing is done with. */
export const unusableConditions = (objects: readonly SourcedObject[]): readonly Condition[] =>
  objects.flatMap((source) => {
    if (source.brief !== undefined) return []
    const { read } = source
    if (read.state !== 'broken' && read.state !== 'unsupported') return []
    const position = source.locate(read.issues[0]?.path ?? '')
    return [
      {
        object: read.ref,
        type: 'Accepted' as const,
        status: 'False' as const,
        reason: read.state === 'broken' ? 'Invalid' : 'UnsupportedKind',
        message: formatFaults(read.issues),
        ...(position === undefined ? {} : { position }),
      },
    ]
  })

/** Several faults as one text; after five the rest is only counted. */
export const formatFaults = (issues: readonly Issue[]): string => {
  const shown = issues
    .slice(0, 5)
    .map((issue) => `${issue.path === undefined ? '' : `${issue.path}: `}${formatFault(issue)}`)
  const more = issues.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join('; ')
}

/** Conditions in one fixed order: by object, parent and type. */
export const sortConditions = (conditions: readonly Condition[]): readonly Condition[] =>
  conditions.toSorted(
    (a, b) => compareRefs(a.object, b.object) || compare(a.parent ?? '', b.parent ?? '') || compare(a.type, b.type),
  )

/** The order of objects in which their conditions come. */
export const compareRefs = (a: ObjectRef, b: ObjectRef): number =>
  compare(a.kind, b.kind) || compare(a.namespace, b.namespace) || compare(a.name, b.name)

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
