/** Paths into JSON (RFC 6901) whose steps may be `*`, for any one, or `**`, for any number of them. */

/** A pattern, and what is found where it fits. */
interface Pattern {
  readonly steps: readonly string[]
  readonly value: string
}

/** How far one pattern has come. */
interface Place {
  readonly pattern: Pattern
  readonly at: number
  /** Tells it from all others. */
  readonly id: string
}

/** More states than this are not remembered: whoever writes bodies decides how many there are. */
const MAX_STATES = 1000

/** The steps of a pointer: of `/a~1b/*` they are `a/b` and `*`; of the empty one there are none. */
export const stepsOf = (pointer: string): readonly string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

/** A step as it stands in a pointer. */
export const escapeStep = (name: string): string =>
  /[~/]/.test(name) ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name

/** What of some patterns may still fit below where somebody stands; the steps from it are found once. */
export class PathState {
  /** The value of the pattern that ends here; of several that do, the first. */
  readonly found: string | undefined
  readonly #places: readonly Place[]
  readonly #states: Map<string, PathState>
  /** The names that some pattern is waiting for here. */
  readonly #names: ReadonlySet<string>
  readonly #next = new Map<string, PathState>()
  /** Behind any other name. */
  #other: PathState | undefined

  constructor(places: readonly Place[], states: Map<string, PathState>) {
    this.#places = places
    this.#states = states
    this.found = places.find(({ pattern, at }) => at === pattern.steps.length)?.pattern.value
    this.#names = new Set(places.map(({ pattern, at }) => pattern.steps[at] ?? ''))
  }

  step(name: string): PathState {
    if (this.#places.length === 0) return this
    if (!this.#names.has(name)) return (this.#other ??= this.#find(undefined))
    const known = this.#next.get(name)
    if (known !== undefined) return known
    const found = this.#find(name)
    this.#next.set(name, found)
    return found
  }

  /** Lets go of what was found once. */
  forget(): void {
    this.#next.clear()
    this.#other = undefined
  }

  #find(name: string | undefined): PathState {
    const places = new Map(this.#places.flatMap((place) => take(place, name)).map((place) => [place.id, place]))
    const key = [...places.keys()].join()
    const known = this.#states.get(key)
    if (known !== undefined) return known
    if (this.#states.size >= MAX_STATES) {
      for (const state of this.#states.values()) state.forget()
      this.#states.clear()
    }
    const state = new PathState([...places.values()], this.#states)
    this.#states.set(key, state)
    return state
  }
}

/** Where a walk begins that looks for the places of `patterns`, each with what is found there. */
export const startPatterns = (patterns: readonly (readonly [pointer: string, value: string])[]): PathState => {
  const places = patterns.flatMap(([pointer, value], index) => {
    // Several one after the other say no more than one, and each would be a place of its own in every state.
    const steps = stepsOf(pointer).filter((step, i, all) => step !== '**' || all[i - 1] !== '**')
    return spread({ steps, value }, 0, String(index))
  })
  const states = new Map<string, PathState>()
  const start = new PathState(places, states)
  states.set('start', start)
  return start
}

/** Where nothing fits. */
export const noPatterns: PathState = startPatterns([])

/** `name` is `undefined` for one that stands in no pattern. */
const take = ({ pattern, at, id }: Place, name: string | undefined): readonly Place[] => {
  const step = pattern.steps[at]
  const [index = ''] = id.split(':')
  if (step === '**') return spread(pattern, at, index)
  return step === '*' || (step !== undefined && step === name) ? spread(pattern, at + 1, index) : []
}

/** `**` may be no step at all. */
const spread = (pattern: Pattern, at: number, index: string): readonly Place[] => {
  const place = { pattern, at, id: `${index}:${at}` }
  return pattern.steps[at] === '**' ? [place, ...spread(pattern, at + 1, index)] : [place]
}
