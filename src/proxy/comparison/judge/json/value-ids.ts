import { sortInSteps } from '../../../../lib/steps/sort-in-steps.ts'
import type { PathState } from './path-patterns.ts'

/** Below this nothing is looked at one by one: whoever nests so deeply wants to see us fall. */
export const MAX_DEPTH = 64
/** Values that are looked at between two pauses. */
export const STEP = 256
/** Of what has no match, this much says where it belongs. */
const ORDER_CHARS = 256
/** Of what is ignored. */
const NOTHING = 0

/** What makes no difference below where somebody stands. */
export interface PathRules {
  readonly ignored: PathState
  readonly unordered: PathState
}

/** What a value is made of: a scalar as it is written, a list, or an object with its names in order. */
type Parts = string | { readonly names?: readonly string[]; readonly ids: readonly number[] }

/**
 * Numbers for JSON values: two that are alike have the same one, whatever the order of their fields, and of the lists that
 * have none. Each value is looked at once, however often and however deep below others it is asked for: else a body of
 * 64 KiB in lists within lists would take a second. Pauses at each `yield`.
 */
export class ValueIds {
  /** Something was nested too deeply: no number of this one means anything. */
  isTooDeep = false
  readonly #ids = new Map<string, number>()
  readonly #parts: Parts[] = ['']
  readonly #known = new Map<PathState, Map<PathState, Map<object, number>>>()
  #seen = 0

  /** The beginning of a value, which stands at the same place among others on both sides. */
  orderOf(id: number, room = ORDER_CHARS): string {
    const parts = this.#parts[id] ?? ''
    if (typeof parts === 'string') return parts.slice(0, room)
    const { names, ids } = parts
    let text = names === undefined ? '[' : '{'
    for (let i = 0; i < ids.length && text.length < room; i++) {
      const name = names?.[i]
      if (name !== undefined) text += `${scalarText(name)}:`
      text += `${this.orderOf(ids[i] ?? NOTHING, room - text.length)},`
    }
    return text
  }

  /** The number of a value that stands where these rules begin. */
  *of(value: unknown, rules: PathRules, depth = 0): Generator<void, number> {
    if (rules.ignored.found !== undefined) return NOTHING
    if (!isObject(value)) return this.#intern(scalarText(value))
    if (depth > MAX_DEPTH) this.isTooDeep = true
    if (this.isTooDeep) return NOTHING
    const known = this.#knownUnder(rules)
    const before = known.get(value)
    if (before !== undefined) return before
    const id = Array.isArray(value)
      ? yield* this.#ofList(value, rules, depth)
      : yield* this.#ofFields(value, rules, depth)
    known.set(value, id)
    return id
  }

  *#ofList(items: readonly unknown[], rules: PathRules, depth: number): Generator<void, number> {
    const ids: number[] = []
    for (const [i, item] of items.entries()) {
      const below = rulesAt(rules, String(i))
      if (++this.#seen % STEP === 0) yield
      ids.push(isObject(item) ? yield* this.of(item, below, depth + 1) : this.#ofScalar(item, below))
    }
    if (rules.unordered.found !== undefined) ids.sort((a, b) => a - b)
    return this.#intern(`[${ids.join()}]`, { ids })
  }

  *#ofFields(fields: Readonly<Record<string, unknown>>, rules: PathRules, depth: number): Generator<void, number> {
    const names: string[] = []
    const ids: number[] = []
    for (const name of yield* inOrder(Object.keys(fields))) {
      const below = rulesAt(rules, name)
      if (below.ignored.found !== undefined) continue
      if (++this.#seen % STEP === 0) yield
      const value = fields[name]
      names.push(name)
      ids.push(isObject(value) ? yield* this.of(value, below, depth + 1) : this.#ofScalar(value, below))
    }
    return this.#intern(`{${ids.map((id, i) => `${scalarText(names[i])}:${id}`).join()}}`, { names, ids })
  }

  #ofScalar(value: unknown, { ignored }: PathRules): number {
    return ignored.found === undefined ? this.#intern(scalarText(value)) : NOTHING
  }

  #intern(text: string, parts: Parts = text): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#parts.push(parts) - 1
    this.#ids.set(text, id)
    return id
  }

  #knownUnder({ ignored, unordered }: PathRules): Map<object, number> {
    const first = this.#known.get(ignored) ?? new Map<PathState, Map<object, number>>()
    this.#known.set(ignored, first)
    const second = first.get(unordered) ?? new Map<object, number>()
    first.set(unordered, second)
    return second
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** A large integer is written as any other number. */
const scalarText = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))

const rulesAt = (rules: PathRules, name: string): PathRules => {
  const ignored = rules.ignored.step(name)
  const unordered = rules.unordered.step(name)
  return ignored === rules.ignored && unordered === rules.unordered ? rules : { ignored, unordered }
}

function* inOrder(names: readonly string[]): Generator<void, readonly string[]> {
  return names.length <= STEP ? names.toSorted() : yield* sortInSteps(names, (a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
