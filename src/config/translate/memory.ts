import { SourceEntry } from './catalog.ts'

/** Something that is asked by key: what a step of the translation may see of the other objects. */
export interface Lookup<V> {
  readonly get: (key: string) => V | undefined
}

/** What a step may look things up in, by name. */
export type Lookups = Readonly<Record<string, Lookup<unknown>>>

/** What a step came to. */
export interface Remembered<R> {
  /**
   * What was asked and what came back: lookup, key, answer, lookup, key, answer, …; there are tens of thousands. Answers
   * are without what stands around objects (their place, a list of them), which is made anew each time.
   */
  readonly answers: readonly unknown[]
  readonly result: R
}

/** Takes a step for an object, or gives what it came to before. The very same lookups always answer the same. */
export type Memory<R, L extends Lookups> = (subject: object, lookups: L, step: (seen: L) => R) => R

/** Where it is kept by subject what steps came to, for as long as the subject is there at most. */
export interface Shelf<R> {
  readonly get: (subject: object) => Remembered<R> | undefined
  readonly put: (subject: object, remembered: Remembered<R>) => void
}

/** Makes such a place. */
export type Hold<R> = () => Shelf<R>

/**
 * Keeps a result for as long as somebody else has it as well, and a while longer, and with it what was asked: that is ten times
 * as much as a cold set of endpoints, and of no use without the result.
 */
export const weakly = <R extends object>(): Shelf<R> => {
  const results = new WeakMap<object, WeakRef<R>>()
  const answersOf = new WeakMap<R, readonly unknown[]>()
  return {
    get: (subject) => {
      const result = results.get(subject)?.deref()
      const answers = result === undefined ? undefined : answersOf.get(result)
      return result === undefined || answers === undefined ? undefined : { answers, result }
    },
    put: (subject, { answers, result }) => {
      // One that came of other answers too cannot be told from itself: the step is taken again.
      const isElsewhere = (answersOf.get(result) ?? answers) !== answers
      if (isElsewhere) return void results.delete(subject)
      answersOf.set(result, answers)
      results.set(subject, new WeakRef(result))
    },
  }
}

/** Keeps it as long as the subject. */
const strongly = <R>(): Shelf<R> => {
  const remembered = new WeakMap<object, Remembered<R>>()
  return {
    get: (subject) => remembered.get(subject),
    put: (subject, result) => void remembered.set(subject, result),
  }
}

/**
 * Remembers what a step of the translation came to for an object, and what it looked up on the way: as long as the
 * object is the same and every look-up would be answered the same, the step is not taken again and its result is the
 * very same. The step must depend on nothing else, and see of a sourced object only the object, not its place.
 */
export const createMemory = <R, L extends Lookups>(hold: Hold<R> = strongly): Memory<R, L> => {
  const shelf = hold()
  let last: readonly unknown[] = []
  // By the lookups weakly: they hold everything that there was.
  const checked = new WeakMap<L, { readonly answers: readonly unknown[]; readonly isSame: boolean }>()
  const isSame = (answers: readonly unknown[], lookups: L): boolean => {
    const before = checked.get(lookups)
    if (before?.answers === answers) return before.isSame
    const now = { answers, isSame: isAnsweredSame(answers, lookups) }
    checked.set(lookups, now)
    return now.isSame
  }
  return (subject, lookups, step) => {
    const before = shelf.get(subject)
    if (before !== undefined && isSame(before.answers, lookups)) return before.result
    const answers: unknown[] = []
    const watched = Object.entries(lookups).map(([lookup, source]) => [
      lookup,
      {
        get: (key: string): unknown => {
          const value = source.get(key)
          answers.push(lookup, key, bare(value))
          return value
        },
      },
    ])
    // The same names with the same answers, each noted.
    const result = step(Object.fromEntries(watched) as L)
    // Neighbours often look up the same, which then is kept once; and a list that grew has room for sixteen more.
    const isAlike = answers.length === last.length && answers.every((answer, i) => answer === last[i])
    if (!isAlike) last = answers.slice()
    shelf.put(subject, { answers: last, result })
    return result
  }
}

const isAnsweredSame = (answers: readonly unknown[], lookups: Lookups): boolean => {
  for (let i = 0; i < answers.length; i += 3) {
    const now = lookups[String(answers[i])]?.get(String(answers[i + 1]))
    if (!isAnswer(now, answers[i + 2])) return false
  }
  return true
}

const bare = (value: unknown): unknown => (Array.isArray(value) ? value.map(bareObject) : bareObject(value))

/** Who reads an object anew whenever he is asked stands for it himself. */
const bareObject = (value: unknown): unknown => {
  if (value instanceof SourceEntry) return value.source
  return typeof value === 'object' && value !== null && 'object' in value ? value.object : value
}

/** Whether a look-up is answered now as it was. */
const isAnswer = (now: unknown, before: unknown): boolean =>
  Array.isArray(now)
    ? Array.isArray(before) && now.length === before.length && now.every((item, i) => bareObject(item) === before[i])
    : bareObject(now) === before
