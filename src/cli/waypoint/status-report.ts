import { isAbsolute, relative, resolve } from 'node:path'
import { translateOptionsOf, type MeshOptions } from '../../app/options.ts'
import { formatObject } from '../../config/format-object.ts'
import { loadObjects, type LoadedSet } from '../../config/load-objects.ts'
import { readObject, type ReadObject } from '../../config/objects/read-object.ts'
import { withMeshConfig } from '../../config/mesh-options.ts'
import { refuseUnreadable } from '../../config/refuse-unreadable.ts'
import { readFileSet, type FileSet } from '../../config/source/files.ts'
import { readMeshFile } from '../../config/source/mesh-file.ts'
import { groupConditions, type ConditionGroup } from '../../config/status/object-status.ts'
import { isUserKind } from '../../config/objects/filter/filter-object.ts'
import { noFilterVersions, type FilterVersions } from '../../config/translate/filter/filter-version.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { translate } from '../../config/translate/translate.ts'
import type { Issue, SourcePosition } from '../../lib/decoded.ts'
import { isFault } from '../../model/condition.ts'
import type { Model, ObjectRef } from '../../model/model.ts'

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

/** Where to look, beside the files. */
export interface StatusOptions {
  readonly cwd: string
  readonly mesh: MeshOptions
  /** The folder of the users' filters. */
  readonly filtersDir?: string | undefined
}

/** Whether there is anything wrong with an object. */
export const hasFindings = ({ conditions, issues }: StatusItem): boolean =>
  issues.length > 0 || conditions.some(isFault)

/**
 * Reads the objects as `fairway run` does, once. Throws `StartupError` when a file cannot be read: what the others come
 * to depends on it.
 */
export const loadStatus = async (
  files: readonly string[],
  { cwd, mesh, filtersDir }: StatusOptions,
): Promise<StatusReport> => {
  const paths = files.map((file) => resolve(cwd, file))
  const set = nameBriefly(readFileSet(paths, readObject), cwd)
  refuseUnreadable(set.issues)
  const loaded = loadObjects(set.objects)
  const versions = await tryFilters(filtersDir, loaded)
  const { model, conditions } = translate(loaded.objects, optionsOf(mesh, cwd), versions)
  const items = joinItems(loaded, groupConditions(conditions))
  return { gateway: model.gateway, items, stray: loaded.issues.filter(({ object }) => object === undefined) }
}

/** Tries Filters as `fairway run` does before it puts them in force. */
const tryFilters = async (root: string | undefined, { objects }: LoadedSet): Promise<FilterVersions> => {
  const filters = objects.flatMap(({ read }) =>
    read.state === 'typed' && read.object.kind === 'Filter' && isUserKind(read.object.as) ? [read.object] : [],
  )
  if (root === undefined || filters.length === 0) return noFilterVersions
  const { createFilterTrials } = await import('../../config/filters/filter-trials.ts')
  return createFilterTrials(root).settle(filters)
}

/** What flags and MeshConfig come to; the latter must be readable, as everything else. */
const optionsOf = (mesh: MeshOptions, cwd: string): TranslateOptions => {
  const base = translateOptionsOf(mesh)
  if (mesh.mesh === undefined) return base
  const file = readMeshFile(mesh.mesh.path)
  if (file.ok) return withMeshConfig(base, file, { ...mesh.mesh, path: briefly(mesh.mesh.path, cwd) }).options
  refuseUnreadable(file.issues.map((issue) => placeBriefly(issue, cwd)))
  return base
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

/** Files below the folder that the user stands in are named from there. */
const nameBriefly = ({ objects, issues }: FileSet<ReadObject>, cwd: string): FileSet<ReadObject> => ({
  objects: objects.map((found) => ({
    ...found,
    file: briefly(found.file, cwd),
    locate: (path: string) => {
      const position = found.locate(path)
      return position === undefined ? undefined : { ...position, file: briefly(position.file, cwd) }
    },
  })),
  issues: issues.map((issue) => placeBriefly(issue, cwd)),
})

const briefly = (file: string, cwd: string): string => {
  const path = relative(cwd, file)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path
}

const placeBriefly = (issue: Issue, cwd: string): Issue => {
  const { position } = issue
  return position === undefined ? issue : { ...issue, position: { ...position, file: briefly(position.file, cwd) } }
}
