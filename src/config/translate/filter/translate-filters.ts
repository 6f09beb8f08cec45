import type { Condition } from '../../../model/condition.ts'
import type { FilterObject } from '../../objects/filter/filter-object.ts'
import type { Entry } from '../catalog.ts'
import type { FilterAttachment } from './attach-filters.ts'
import { filterConditions } from './filter-conditions.ts'
import { findReferences } from './filter-references.ts'
import { findFilterTargets, type TargetScope } from './filter-targets.ts'
import { versionOf, type FilterVersions } from './filter-version.ts'
import { judgeIdle } from './idle-targets.ts'
import type { ResolvedFilters } from './resolve-filters.ts'

/** What all Filters come to: where they act, in running order, and what is to be said of them. */
export interface TranslatedFilters {
  readonly attachments: readonly FilterAttachment[]
  readonly conditions: readonly Condition[]
}

/** The oldest runs first, then the first by name (Gateway API's order for what targets the same). */
const compare = ({ object: a }: Entry<FilterObject>, { object: b }: Entry<FilterObject>): number => {
  const [age, other] = [a.metadata.createdAtMs ?? Infinity, b.metadata.createdAtMs ?? Infinity]
  if (age !== other) return age < other ? -1 : 1
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0
}

/** Finds what Filters act on. */
export const translateFilters = (
  filters: ReadonlyMap<string, Entry<FilterObject>>,
  scope: TargetScope & { readonly resolved: ResolvedFilters; readonly versions: FilterVersions },
): TranslatedFilters => {
  const attachments: FilterAttachment[] = []
  const conditions: Condition[] = []
  const idle = { ...scope, isReferred: findReferences(scope.routes) }
  for (const entry of [...filters.values()].toSorted(compare)) {
    const { namespace, name } = entry.object.metadata
    const key = `${entry.object.as}/${namespace}/${name}`
    const targets = findFilterTargets(entry.object, scope)
    const version = versionOf(scope.versions, entry.object)
    const told = judgeIdle(entry.object, targets, { key, version, scope: idle })
    conditions.push(...filterConditions(entry, told, version))
    const resolved = scope.resolved.get(key)
    if (resolved === undefined) continue
    for (const target of targets) {
      if ('reason' in target || target.kind === 'elsewhere') continue
      attachments.push({ origin: `${entry.object.as} ${namespace}/${name} at ${target.name}`, target, resolved })
    }
  }
  return { attachments, conditions }
}
