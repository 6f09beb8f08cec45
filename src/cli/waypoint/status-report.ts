import { formatObject } from '../../config/format-object.ts'
import type { LoadedSet } from '../../config/load-objects.ts'
import { groupConditions, type ConditionGroup } from '../../config/status/object-status.ts'
import type { Issue, SourcePosition } from '../../lib/decoded.ts'
import { systemClock } from '../../lib/clock.ts'
import { conditionsAt, isFault } from '../../model/condition.ts'
import type { Model, ObjectRef } from '../../model/model.ts'
import { loadModel, type OfflineOptions } from '../offline/load-model.ts'

/** What became of the objects in some files, as the data plane would see them. */
export interface StatusReport {
  readonly gateway: Model['gateway']
  /** Every object, those with nothing to say about them included; in a fixed order. */
  readonly items: readonly StatusItem[]
  /** What is wrong with documents that are no objects at all. */
  readonly stray: readonly Issue[]
}

/** One object and all that there is to say about it. */
export interface StatusItem extends ConditionGroup {
  readonly source: SourcePosition | undefined
  /** What is wrong with its fields. */
  readonly issues: readonly Issue[]
}

/** Whether there is anything wrong with an object. */
export const hasFindings = ({ conditions, issues }: StatusItem): boolean =>
  issues.length > 0 || conditions.some(isFault)

/**
 * Reads the objects as `fairway run` does, once. Throws `StartupError` when a file cannot be read: what the others come
 * to depends on it.
 */
export const loadStatus = async (files: readonly string[], options: OfflineOptions): Promise<StatusReport> => {
  const { loaded, model, conditions } = await loadModel(files, options)
  const items = joinItems(loaded, groupConditions(conditionsAt(conditions, systemClock.nowMs())))
  return { gateway: model.gateway, items, stray: loaded.issues.filter(({ object }) => object === undefined) }
}

const joinItems = ({ objects, issues }: LoadedSet, groups: readonly ConditionGroup[]): readonly StatusItem[] => {
  const issuesOf = Map.groupBy(issues, ({ object }) => object ?? '')
  const conditionsOf = new Map(groups.map(({ object, conditions }) => [formatObject(object), conditions]))
  const sources = new Map<string, SourcePosition | undefined>()
  const refs = new Map<string, ObjectRef>()
  for (const object of objects) {
    const { ref } = object.read
    if (ref === undefined) continue
    refs.set(formatObject(ref), ref)
    sources.set(formatObject(ref), object.locate(''))
  }
  // A Gateway that was asked for and is not there has a condition as well.
  for (const { object } of groups) refs.set(formatObject(object), object)
  return [...refs]
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, object]) => ({
      object,
      conditions: conditionsOf.get(key) ?? [],
      source: sources.get(key),
      issues: issuesOf.get(key) ?? [],
    }))
}
