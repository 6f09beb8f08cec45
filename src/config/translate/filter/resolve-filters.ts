import type { FilterSpec } from '../../../model/filter-spec.ts'
import { isUserKind, type FilterObject } from '../../objects/filter/filter-object.ts'
import type { Catalog } from '../catalog.ts'
import { formatFaults } from '../conditions.ts'
import type { Lookup } from '../memory.ts'
import { versionOf, type FilterVersion, type FilterVersions } from './filter-version.ts'

/** What a Filter comes to wherever it acts. The same object for as long as nothing of it changed. */
export type ResolvedFilter =
  | { readonly kind: 'in-force'; readonly spec: Omit<FilterSpec, 'origin'> }
  /** There is nothing to carry out, and it was said that requests then pass without it. */
  | { readonly kind: 'left-out' }
  /** There is nothing to carry out: what it is for is closed. */
  | { readonly kind: 'closed'; readonly reason: string }

/** By `KIND/NAMESPACE/NAME`. */
export type ResolvedFilters = Lookup<ResolvedFilter>

/** Makes the look-up of what Filters come to, with a memory. */
export const createFilterResolution = (): ((
  filters: Catalog['filters'],
  versions: FilterVersions,
) => ResolvedFilters) => {
  const known = new WeakMap<FilterObject, { readonly version: FilterVersion; readonly resolved: ResolvedFilter }>()
  return (filters, versions) => ({
    get: (key) => {
      const object = filters.get(key)?.object
      if (object === undefined) return undefined
      const version = versionOf(versions, object)
      const before = known.get(object)
      if (before?.version === version) return before.resolved
      const resolved = resolve(object, version)
      known.set(object, { version, resolved })
      return resolved
    },
  })
}

const resolve = (
  { as, metadata, content, failureMode, defects }: FilterObject,
  { inForce, refused }: FilterVersion,
): ResolvedFilter => {
  if (content?.kind === 'built-in') return { kind: 'in-force', spec: { kind: as, config: content.config } }
  if (inForce !== undefined) {
    const { module, config, user } = inForce
    return { kind: 'in-force', spec: { kind: module.kind, config, user } }
  }
  if (failureMode === 'open') return { kind: 'left-out' }
  const why = isUserKind(as) ? (refused?.message ?? 'it has not been tried yet') : formatFaults(defects)
  const reason = `${as} ${metadata.namespace}/${metadata.name}: ${why}`
  return { kind: 'closed', reason }
}
