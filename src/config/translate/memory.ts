/** Something that is asked by key: what a step of the translation may see of the other objects. */
export interface Lookup<V> {
  readonly get: (key: string) => V | undefined
}

/** What a step may look things up in, by name. */
export type Lookups = Readonly<Record<string, Lookup<unknown>>>

interface Answer {
  readonly lookup: string
  readonly key: string
  readonly value: unknown
}

interface Remembered<R> {
  readonly answers: readonly Answer[]
  readonly result: R
}

/** Takes a step for an object, or gives what it came to before. */
export type Memory<R, L extends Lookups> = (subject: object, lookups: L, step: (seen: L) => R) => R

/**
 * Remembers what a step of the translation came to for an object, and what it looked up on the way: as long as the
 * object is the same and every look-up would be answered the same, the step is not taken again and its result is the
 * very same. The step must depend on nothing else, and see of a sourced object only the object, not its place.
 */
export const createMemory = <R, L extends Lookups>(): Memory<R, L> => {
  const remembered = new WeakMap<object, Remembered<R>>()
  return (subject, lookups, step) => {
    const before = remembered.get(subject)
    if (before?.answers.every(({ lookup, key, value }) => isSame(lookups[lookup]?.get(key), value)) === true) {
      return before.result
    }
    const answers: Answer[] = []
    const watched = Object.entries(lookups).map(([lookup, source]) => [
      lookup,
      {
        get: (key: string): unknown => {
          const value = source.get(key)
          answers.push({ lookup, key, value })
          return value
        },
      },
    ])
    // The same names with the same answers, each noted.
    const result = step(Object.fromEntries(watched) as L)
    remembered.set(subject, { answers, result })
    return result
  }
}

/** Whether two answers are the same objects; what stands around them (their place, a list of them) is made anew each time. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isSame(item, b[i]))
  return isSourced(a) && isSourced(b) && a.object === b.object
}

const isSourced = (value: unknown): value is { readonly object: unknown } =>
  typeof value === 'object' && value !== null && 'object' in value
