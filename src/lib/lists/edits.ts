import { isEqual } from '../is-equal.ts'
import { isSameCold } from '../memory/cold.ts'

/** Takes the place of `remove` items of the old list from `at` on. */
export interface Edit<T> {
  readonly at: number
  readonly remove: number
  readonly items: readonly T[]
}

/**
 * How one list becomes another, ascending; nothing when the two are equal. Lists that are sorted by `keyOf` give the
 * fewest edits, others correct ones. Items that are the same objects cost little, and the same list nothing.
 */
export const findEdits = <T extends object>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
): readonly Edit<T>[] => {
  if (before === after) return noEdits
  const edits: { readonly at: number; remove: number; readonly items: T[] }[] = []
  let at = 0
  let taken = 0
  while (at < before.length || taken < after.length) {
    const old = before[at]
    const next = after[taken]
    if (old !== undefined && next !== undefined && (old === next || isSameCold(old, next))) {
      at++
      taken++
      continue
    }
    const order = compare(old === undefined ? undefined : keyOf(old), next === undefined ? undefined : keyOf(next))
    if (order === 0 && isEqual(old, next)) {
      at++
      taken++
      continue
    }
    let edit = edits.at(-1)
    if (edit === undefined || edit.at + edit.remove !== at) {
      edit = { at, remove: 0, items: [] }
      edits.push(edit)
    }
    if (order <= 0) {
      edit.remove++
      at++
    }
    if (order >= 0) {
      if (next !== undefined) edit.items.push(next)
      taken++
    }
  }
  return edits
}

const noEdits: readonly Edit<never>[] = []

/** Carries edits out; without any the list itself comes back. */
export const applyEdits = <T extends object>(before: readonly T[], edits: readonly Edit<T>[]): readonly T[] => {
  if (edits.length === 0) return before
  const pieces: (readonly T[])[] = []
  let copied = 0
  for (const { at, remove, items } of edits) {
    pieces.push(before.slice(copied, at), items)
    copied = at + remove
  }
  return new Array<T>().concat(...pieces, before.slice(copied))
}

/** What is not there comes last. */
const compare = (a: string | undefined, b: string | undefined): number => {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return a < b ? -1 : 1
}
