import { kindApi } from '../../config/objects/kind-apis.ts'
import { formatResourceName } from '../terminal/print-as.ts'
import { isFault } from '../../model/condition.ts'
import { objectStatusOf, type ObjectStatus } from '../../config/status/object-status.ts'
import type { Issue } from '../../lib/decoded.ts'
import type { SelectedStatus } from './select-items.ts'
import { hasFindings } from './status-report.ts'

/** What `-o json` and `-o yaml` print: a Kubernetes List, with what concerns no single object beside its items. */
export interface StatusDocument {
  readonly apiVersion: 'v1'
  readonly kind: 'List'
  readonly summary: StatusSummary
  readonly items: readonly ObjectStatus[]
  readonly issues: readonly Issue[]
}

export interface StatusSummary {
  /** Objects told about. */
  readonly objects: number
  /** Of these, such as something is wrong with. */
  readonly withFindings: number
  /** Conditions that are bad news. */
  readonly faults: number
  /** Fields and documents that are wrong. */
  readonly issues: number
}

/** Counts what was found; nothing found is exit code 0. */
export const summarize = (status: SelectedStatus): StatusSummary => ({
  objects: status.items.length,
  withFindings: status.items.filter(hasFindings).length,
  faults: status.items.reduce((sum, { conditions }) => sum + conditions.filter(isFault).length, 0),
  issues: issuesOf(status).length,
})

/** Everything that is wrong with single fields, by object, and then what is no object. */
export const issuesOf = ({ items, stray }: SelectedStatus): readonly Issue[] => [
  ...items.flatMap(({ issues }) => issues),
  ...stray,
]

/** As `kubectl get -o name` has them. */
export const namesOf = ({ items }: SelectedStatus): readonly string[] =>
  items.map(({ object: { kind, name } }) => formatResourceName({ kind, group: kindApi(kind)?.group ?? '' }, name))

/** The whole as one document for machines. */
export const createDocument = (status: SelectedStatus): StatusDocument => ({
  apiVersion: 'v1',
  kind: 'List',
  summary: summarize(status),
  items: status.items.map((item) => objectStatusOf(item, item.source)),
  issues: issuesOf(status),
})
