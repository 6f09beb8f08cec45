import type { Issue } from '../lib/decoded.ts'
import { isEqual } from '../lib/is-equal.ts'
import { createTranslationCooling } from './translate/cool-translation.ts'
import { createObjectLoading } from './load-objects.ts'
import { withMeshConfig, type MeshSource } from './mesh-options.ts'
import { isUserKind, type FilterObject } from './objects/filter/filter-object.ts'
import type { ReadObject } from './objects/read-object.ts'
import type { ObjectSet } from './source/object-set.ts'
import type { MeshFile } from './source/mesh-file.ts'
import type { Names } from './translate/entry/entry-hosts.ts'
import type { FilterVersions } from './translate/filter/filter-version.ts'
import { weakly } from './translate/memory.ts'
import type { SourcedObject, TranslateOptions } from './translate/options.ts'
import { createTranslator, type Translate } from './translate/translate.ts'
import type { Wants } from './translate/wants.ts'
import type { ConfigUpdate } from './update.ts'

/** What there is at the moment: a set of objects, and a MeshConfig where one is wanted. */
export interface SetTranslation {
  /** Takes the next set. */
  readonly takeObjects: (set: ObjectSet<ReadObject>) => void
  /** Takes what the file says now; one that cannot be read leaves the last good one in force. */
  readonly takeMesh: (file: MeshFile) => void
  /** Takes what host names are now. */
  readonly takeNames: (names: Names) => void
  /** Takes what was found out about Filters. */
  readonly takeVersions: (versions: FilterVersions) => void
  /** The Filters of the present set. */
  readonly filters: () => readonly FilterObject[]
  /**
   * What it all comes to, and the host names whose addresses it depends on. `waiting` until there are objects; `refused` while no MeshConfig could be read yet, without
   * which nobody knows who is trusted, and who is asked.
   */
  readonly translate: () =>
    | {
        readonly kind: 'update'
        readonly update: Omit<ConfigUpdate, 'generation'>
        readonly names: readonly string[]
        readonly wants: Wants
      }
    | { readonly kind: 'refused'; readonly issues: readonly Issue[] }
    | { readonly kind: 'waiting' }
}

const none: readonly Issue[] = []

/** Makes one for flags that come to `base`. */
export const createSetTranslation = (base: TranslateOptions, source: MeshSource | undefined): SetTranslation => {
  const load = createObjectLoading()
  let { options, notes } = source === undefined ? { options: base, notes: [] } : nothingKnown
  let translate = options === undefined ? undefined : createSparing(options)
  let meshIssues = none
  let set: ObjectSet<ReadObject> | undefined
  let names: Names | undefined
  let versions: FilterVersions | undefined
  return {
    takeVersions: (now) => {
      versions = now
    },
    filters: () => (set === undefined ? [] : load(set.objects).objects.flatMap(filterOf)),
    takeNames: (now) => {
      names = now
    },
    takeObjects: (next) => {
      set = next
    },
    takeMesh: (file) => {
      meshIssues = file.ok ? file.faults : file.issues
      if (!file.ok || source === undefined) return
      const meshed = withMeshConfig(base, file, source)
      notes = meshed.notes
      // What was remembered of objects may be otherwise under other options.
      if (translate === undefined || !isEqual(options, meshed.options)) translate = createSparing(meshed.options)
      options = meshed.options
    },
    translate: () => {
      if (set === undefined) return { kind: 'waiting' }
      if (translate === undefined) return { kind: 'refused', issues: meshIssues }
      const { objects, issues: objectIssues } = load(set.objects)
      const { model, conditions, names: wanted, wants } = translate(objects, names, versions)
      const issues = meshIssues.length === 0 ? set.issues : [...meshIssues, ...set.issues]
      const update = { model, conditions, issues, objectIssues, notes, objects: objects.length }
      return { kind: 'update', update, names: wanted, wants }
    },
  }
}

/** Makes a translator that keeps of thousands of objects what it has to. */
const createSparing = (options: TranslateOptions): Translate =>
  createTranslator(options, { keep: createTranslationCooling(), hold: weakly })

const filterOf = (object: SourcedObject): readonly FilterObject[] => {
  if (object.brief !== undefined) return []
  const { read } = object
  return read.state === 'typed' && read.object.kind === 'Filter' && isUserKind(read.object.as) ? [read.object] : []
}

const nothingKnown: { readonly options: TranslateOptions | undefined; readonly notes: readonly string[] } = {
  options: undefined,
  notes: [],
}
