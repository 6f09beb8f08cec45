import { resolve } from 'node:path'
import { translateOptionsOf, type MeshOptions } from '../../app/options.ts'
import { loadObjects, type LoadedSet } from '../../config/load-objects.ts'
import { withMeshConfig } from '../../config/mesh-options.ts'
import { isUserKind } from '../../config/objects/filter/filter-object.ts'
import { readObject } from '../../config/objects/read-object.ts'
import { refuseUnreadable } from '../../config/refuse-unreadable.ts'
import { readFileSet } from '../../config/source/files.ts'
import { readMeshFile } from '../../config/source/mesh-file.ts'
import { noFilterVersions, type FilterVersions } from '../../config/translate/filter/filter-version.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { translate } from '../../config/translate/translate.ts'
import type { Condition } from '../../model/condition.ts'
import type { Model } from '../../model/model.ts'
import { briefly, nameBriefly, placeBriefly } from './brief-places.ts'

/** Where to look, beside the files. */
export interface OfflineOptions {
  readonly cwd: string
  readonly mesh: MeshOptions
  /** The folder of the users' filters. */
  readonly filtersDir?: string | undefined
}

/** What the objects in some files come to. */
export interface LoadedModel {
  readonly loaded: LoadedSet
  readonly model: Model
  /** Whatever the time is: `conditionsAt`. */
  readonly conditions: readonly Condition[]
}

/**
 * Reads the objects as `fairway run` does, once, without a cluster. Throws `StartupError` when a file cannot be read:
 * what the others come to depends on it.
 */
export const loadModel = async (
  files: readonly string[],
  { cwd, mesh, filtersDir }: OfflineOptions,
): Promise<LoadedModel> => {
  const paths = files.map((file) => resolve(cwd, file))
  const set = nameBriefly(readFileSet(paths, readObject), cwd)
  refuseUnreadable(set.issues)
  const loaded = loadObjects(set.objects)
  const versions = await tryFilters(filtersDir, loaded)
  const { model, conditions } = translate(loaded.objects, optionsOf(mesh, cwd), versions)
  return { loaded, model, conditions }
}

/** Tries Filters as `fairway run` does before it puts them in force. */
export const tryFilters = async (root: string | undefined, { objects }: LoadedSet): Promise<FilterVersions> => {
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
  // Whoever looks at files may look at those of another mesh than the default's.
  if (mesh.mesh === undefined) return { ...base, isTrustDomainAssumed: mesh.isTrustDomainDefault === true }
  const file = readMeshFile(mesh.mesh.path)
  // What leaves the rest in force is a fault all the same, of which somebody should hear before it is.
  refuseUnreadable((file.ok ? file.faults : file.issues).map((issue) => placeBriefly(issue, cwd)))
  return file.ok ? withMeshConfig(base, file, { ...mesh.mesh, path: briefly(mesh.mesh.path, cwd) }).options : base
}
