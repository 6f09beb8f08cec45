import type { Issue } from '../lib/decoded.ts'
import { isEqual } from '../lib/is-equal.ts'
import { createObjectLoading } from './load-objects.ts'
import { withMeshConfig, type MeshSource } from './mesh-options.ts'
import type { ReadObject } from './objects/read-object.ts'
import type { FileSet } from './source/files.ts'
import type { MeshFile } from './source/mesh-file.ts'
import type { TranslateOptions } from './translate/options.ts'
import { createTranslator } from './translate/translate.ts'
import type { ConfigUpdate } from './update.ts'

/** What there is at the moment: a set of objects, and a MeshConfig where one is wanted. */
export interface SetTranslation {
  /** Takes the next set. */
  readonly takeObjects: (set: FileSet<ReadObject>) => void
  /** Takes what the file says now; one that cannot be read leaves the last good one in force. */
  readonly takeMesh: (file: MeshFile) => void
  /**
   * What it all comes to. `waiting` until there are objects; `refused` while no MeshConfig could be read yet, without
   * which nobody knows who is trusted, and who is asked.
   */
  readonly translate: () =>
    | { readonly kind: 'update'; readonly update: Omit<ConfigUpdate, 'generation'> }
    | { readonly kind: 'refused'; readonly issues: readonly Issue[] }
    | { readonly kind: 'waiting' }
}

const none: readonly Issue[] = []

/** Makes one for flags that come to `base`. */
export const createSetTranslation = (base: TranslateOptions, source: MeshSource | undefined): SetTranslation => {
  const load = createObjectLoading()
  let { options, notes } = source === undefined ? { options: base, notes: [] } : nothingKnown
  let translate = options === undefined ? undefined : createTranslator(options)
  let meshIssues = none
  let set: FileSet<ReadObject> | undefined
  return {
    takeObjects: (next) => {
      set = next
    },
    takeMesh: (file) => {
      meshIssues = file.ok ? none : file.issues
      if (!file.ok || source === undefined) return
      const meshed = withMeshConfig(base, file, source)
      notes = meshed.notes
      // What was remembered of objects may be otherwise under other options.
      if (translate === undefined || !isEqual(options, meshed.options)) translate = createTranslator(meshed.options)
      options = meshed.options
    },
    translate: () => {
      if (set === undefined) return { kind: 'waiting' }
      if (translate === undefined) return { kind: 'refused', issues: meshIssues }
      const { objects, issues: objectIssues } = load(set.objects)
      const { model, conditions } = translate(objects)
      const issues = meshIssues.length === 0 ? set.issues : [...meshIssues, ...set.issues]
      return { kind: 'update', update: { model, conditions, issues, objectIssues, notes, objects: objects.length } }
    },
  }
}

const nothingKnown: { readonly options: TranslateOptions | undefined; readonly notes: readonly string[] } = {
  options: undefined,
  notes: [],
}
