import type { EntryVisibilities, EntryVisibility } from '../../objects/mesh-config/entry-visibility.ts'
import type { Catalog } from '../catalog.ts'
import type { Lookup } from '../memory.ts'
import { matchLabels, namespaceLabels } from '../service/match-labels.ts'

/** How far ServiceEntries are seen, by their namespace: what `serviceEntryVisibility` of the MeshConfig comes to. */
export const entryVisibilityIn = (
  catalog: Pick<Catalog, 'namespaces'>,
  written: EntryVisibilities | undefined,
): Lookup<EntryVisibility> => ({
  get: (namespace) => {
    if (written === undefined) return 'PUBLIC'
    const labels = namespaceLabels(catalog, namespace)
    const policy = written.policies.find((each) =>
      each.namespaces.every((selector) => selector !== undefined && matchLabels(selector, labels)),
    )
    return policy?.visibility ?? written.fallback
  },
})

/** What is left of `spec.exportTo` within what the mesh allows. */
export const exportWithin = (
  exportTo: readonly string[],
  namespace: string,
  visibility: EntryVisibility,
): readonly string[] => {
  if (visibility === 'PUBLIC') return exportTo
  const isOwn = exportTo.length === 0 || exportTo.some((to) => to === '*' || to === '.' || to === namespace)
  return isOwn && visibility === 'NAMESPACE' ? ['.'] : ['~']
}
