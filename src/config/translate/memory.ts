import { SourceEntry } from './catalog.ts'

/** Something that is asked by key: what a step of the translation may see of the other objects. */
export interface Lookup<V> {
  readonly get: (key: string) => V | undefined
}

/** What a step may look things up in, by name. */
export type Lookups = Readonly<Record<string, Lookup<unknown>>>

interface Remembered<R> {
  /**
   * What was asked and what came back: lookup, key, answer, lookup, key, answer, …; there are tens of thousands. Answers
   * are without what stands around objects (their place, a list of them), which is made anew each time.
   */
  readonly answers: readonly unknown[]
  readonly result: Held<R>
}

/** Takes a step for an object, or gives what it came to before. The very same lookups always answer the same. */
export type Memory<R, L extends Lookups> = (subject: object, lookups: L, step: (seen: L) => R) => R

/** How a result is held. */
export type Hold<R> = (result: R) => Held<R>

export interface Held<R> {
  readonly deref: () => R | undefined
}

/** For as long as somebody else has it as well, and a while longer. */
export const weakly = <R extends object>(result: R): Held<R> => new WeakRef(result)

/** For as long as the object is there. */
const strongly = <R>(result: R): Held<R> => new Kept(result)

/** A class, since there are thousands. */
class Kept<R> implements Held<R> {
  readonly #result: R

  constructor(result: R) {
    this.#result = result
  }

  deref(): R {
    return this.#result
  }
}

/**
 * Remembers what a step of the translation came to for an object, and what it looked up on the way: as long as the
 * object is the same and every look-up would be answered the same, the step is not taken again and its result is the
 * very same. The step must depend on nothing else, and see of a sourced object only the object, not its place.
 */
export const createMemory = <R, L extends Lookups>(hold: Hold<R> = strongly): Memory<R, L> => {
  const remembered = new WeakMap<object, Remembered<R>>()
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
    const before = remembered.get(subject)
    const known = before?.result.deref()
    if (before !== undefined && known !== undefined && isSame(before.answers, lookups)) return known
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
    remembered.set(subject, { answers: last, result: hold(result) })
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
