/** Two JSON values side by side, and what is different about the second. */
import type { Difference, DifferenceKind } from '../difference.ts'
import { matchItems, type ItemKeys } from './match-items.ts'
import { noPatterns, stepsOf, type PathState } from './path-patterns.ts'
import { MAX_DEPTH, STEP, ValueIds, type PathRules } from './value-ids.ts'

/** More differences are not told of one pair. */
const MAX_DIFFERENCES = 256

/** What is the same all the same; `unordered` finds the pointer that items are told apart by, from the item on; empty: there is none. */
export interface JsonRules extends PathRules {
  readonly tolerance: number
}

/** `undefined`: too deep to be compared. Pauses at each `yield`: much that is without order takes its time. */
export function* diffJson(
  primary: unknown,
  mirror: unknown,
  rules: JsonRules,
): Generator<void, readonly Difference[] | undefined> {
  const walk = new Walk(rules)
  yield* walk.compare(primary, mirror, rules.ignored, rules.unordered)
  return walk.isTooDeep ? undefined : walk.differences
}

type Fields = Readonly<Record<string, unknown>>

/** One comparison on its way through both values; it looks at every value of both, so it makes nothing on its way that it need not. */
class Walk {
  readonly differences: Difference[] = []
  readonly #ids = new ValueIds()
  readonly #tolerance: number
  readonly #steps: string[] = []
  readonly #pattern: string[] = []
  #isTooDeep = false
  #entered = 0

  constructor({ tolerance }: JsonRules) {
    this.#tolerance = tolerance
  }

  get isTooDeep(): boolean {
    return this.#isTooDeep || this.#ids.isTooDeep
  }

  *compare(a: unknown, b: unknown, ignored: PathState, unordered: PathState): Generator<void, void> {
    if (a === b || ignored.found !== undefined) return
    if (++this.#entered % STEP === 0) yield
    if (Array.isArray(a) && Array.isArray(b)) yield* this.#compareLists(a, b, ignored, unordered)
    else if (isFields(a) && isFields(b)) yield* this.#compareFields(a, b, ignored, unordered)
    else if (typeOf(a) !== typeOf(b)) this.#tell('type', a, b)
    else if (!isNear(a, b, this.#tolerance)) this.#tell('value', a, b)
  }

  get #isOver(): boolean {
    return this.isTooDeep || this.differences.length >= MAX_DIFFERENCES
  }

  *#compareFields(a: Fields, b: Fields, ignored: PathState, unordered: PathState): Generator<void, void> {
    const names = Object.keys(a)
    let common = 0
    for (const name of names) {
      const isThere = Object.hasOwn(b, name)
      if (isThere) common++
      if (isThere && a[name] === b[name]) continue
      if (!this.#enter(name, name)) return
      if (isThere) yield* this.compare(a[name], b[name], ignored.step(name), unordered.step(name))
      else this.#tellOne('missing', a[name], ignored.step(name))
      this.#leave()
    }
    const others = Object.keys(b)
    if (others.length === common) return
    for (const name of others) {
      if (Object.hasOwn(a, name)) continue
      if (!this.#enter(name, name)) return
      this.#tellOne('extra', b[name], ignored.step(name))
      this.#leave()
    }
  }

  *#compareLists(
    a: readonly unknown[],
    b: readonly unknown[],
    ignored: PathState,
    unordered: PathState,
  ): Generator<void, void> {
    const by = unordered.found
    if (by !== undefined) return yield* this.#compareBags({ a, b, by }, ignored, unordered)
    if (a.length !== b.length) this.#tell('length', a.length, b.length)
    const length = Math.min(a.length, b.length)
    for (let i = 0; i < length; i++) {
      if (a[i] === b[i]) continue
      if (!(yield* this.#compareItems(i, a[i], b[i], { ignored, unordered }))) return
    }
  }

  *#compareItems(i: number, a: unknown, b: unknown, { ignored, unordered }: PathRules): Generator<void, boolean> {
    const name = String(i)
    if (!this.#enter(name, '*')) return false
    yield* this.compare(a, b, ignored.step(name), unordered.step(name))
    this.#leave()
    return true
  }

  /** Lists whose order means nothing: each item is compared with the one that it belongs to. */
  *#compareBags({ a, b, by }: Bags, ignored: PathState, unordered: PathState): Generator<void, void> {
    const matched = yield* matchItems(a, b, this.#keysFor(by, ignored, unordered))
    if (this.#isOver) return
    for (const [i, j] of by === '' ? matched.byOrder : matched.byKey)
      if (!(yield* this.#compareItems(i, a[i], b[j], { ignored, unordered }))) return
    const alone = by === '' ? matched.byOrder.length : 0
    for (const i of matched.left.slice(alone)) this.#tellItem('missing', i, a[i], ignored)
    for (const j of matched.right.slice(alone)) this.#tellItem('extra', j, b[j], ignored)
  }

  #keysFor(by: string, ignored: PathState, unordered: PathState): ItemKeys {
    const ids = this.#ids
    const steps = stepsOf(by)
    // A rule for one place in a list is none for items that have no place.
    const rules = { ignored: ignored.step('*'), unordered: unordered.step('*') }
    const idOf = (item: unknown): Generator<void, number> => ids.of(item, rules)
    return {
      keyOf: by === '' ? idOf : (item) => ids.of(valueAt(item, steps), noRules),
      orderOf: function* (item) {
        return ids.orderOf(yield* idOf(item))
      },
    }
  }

  /** False: there is no use in going on. */
  #enter(name: string, pattern: string): boolean {
    if (this.#isOver) return false
    if (this.#steps.length >= MAX_DEPTH) {
      this.#isTooDeep = true
      return false
    }
    this.#steps.push(name)
    this.#pattern.push(pattern)
    return true
  }

  #leave(): void {
    this.#steps.pop()
    this.#pattern.pop()
  }

  #tellItem(kind: 'missing' | 'extra', i: number, value: unknown, ignored: PathState): void {
    const name = String(i)
    if (!this.#enter(name, '*')) return
    this.#tellOne(kind, value, ignored.step(name))
    this.#leave()
  }

  #tellOne(kind: 'missing' | 'extra', value: unknown, { found }: PathState): void {
    if (found === undefined) this.#tell(kind, ...(kind === 'missing' ? [value, undefined] : [undefined, value]))
  }

  #tell(kind: DifferenceKind, primary?: unknown, mirror?: unknown): void {
    if (this.#isOver) return
    const place = { steps: [...this.#steps], pattern: [...this.#pattern] }
    this.differences.push({ part: 'body', ...place, kind, primary, mirror })
  }
}

interface Bags {
  readonly a: readonly unknown[]
  readonly b: readonly unknown[]
  readonly by: string
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A large integer is a number as any other. */
const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'bigint' ? 'number' : typeof value
}

/** Integers are counts and names of things: those have no tolerance. */
const isNear = (a: unknown, b: unknown, tolerance: number): boolean => {
  if (typeof a !== 'number' || typeof b !== 'number' || (Number.isInteger(a) && Number.isInteger(b))) return a === b
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b))
}

const valueAt = (item: unknown, steps: readonly string[]): unknown => {
  let value = item
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = Reflect.get(value, step)
  }
  return value
}

const noRules = { ignored: noPatterns, unordered: noPatterns }
