import type { LiveObject } from '../../../controller/manifest.ts'

/** What came of reading objects of a kind. */
export type Reading =
  /**
   * All of them, or the first `objects` when `isCut`; `unseen` is the right without which some of further
   * namespaces are not among them.
   */
  | { readonly state: 'read'; readonly objects: readonly LiveObject[]; readonly isCut?: true; readonly unseen?: string }
  /** The server has no such kind. */
  | { readonly state: 'absent' }
  /** Nobody knows what there is; `objects` are those of other namespaces, where there were any. */
  | {
      readonly state: 'refused'
      /** For people: `403 Forbidden: …`. */
      readonly why: string
      /** The right that is missing: `list pods in the namespace shop`; absent when it was something else. */
      readonly right?: string
      readonly objects: readonly LiveObject[]
    }

/** The objects that are known. */
export const objectsOf = (reading: Reading | undefined): readonly LiveObject[] =>
  reading === undefined || reading.state === 'absent' ? [] : reading.objects
