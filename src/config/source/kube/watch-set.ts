import type { Reflector } from '../../../kube/reflector.ts'
import type { KubeFailure } from '../../../kube/failure.ts'
import type { PlannedWatch } from './plan-watches.ts'

/** A watch that runs, and its items as they were when somebody looked last. */
export interface Running<T> {
  readonly plan: PlannedWatch
  readonly reflector: Reflector<T>
  readonly items: readonly T[]
}

interface Entry<T> extends Running<T> {
  items: readonly T[]
  hasChanged: boolean
}

/**
 * The watches of a plan. A new plan takes the place of the old one when all that it adds is there, so that nothing is
 * missing in between; until then what the old one has is what there is.
 */
export class WatchSet<T> {
  readonly #start: (plan: PlannedWatch, onChange: () => void) => Reflector<T>
  readonly #onChange: () => void
  #active: ReadonlyMap<string, Entry<T>> = new Map()
  #next: ReadonlyMap<string, Entry<T>> | undefined
  #hasMoved = false

  constructor(start: (plan: PlannedWatch, onChange: () => void) => Reflector<T>, onChange: () => void) {
    this.#start = start
    this.#onChange = onChange
  }

  get isMoving(): boolean {
    return this.#next !== undefined
  }

  /** Takes a plan. */
  follow(plans: readonly PlannedWatch[]): void {
    const before = this.#next
    const next = new Map(
      plans.map((plan) => [plan.key, this.#active.get(plan.key) ?? before?.get(plan.key) ?? this.#open(plan)]),
    )
    for (const [key, { reflector }] of before ?? []) if (!next.has(key) && !this.#active.has(key)) reflector.close()
    const isSame = next.size === this.#active.size && next.keys().every((key) => this.#active.has(key))
    this.#next = isSame ? undefined : next
  }

  /** Moves to the next plan if it can, and looks at what changed; whether there is anything new. */
  look(): boolean {
    if (this.#next !== undefined && this.#next.values().every(isThere)) this.#move(this.#next)
    let isNew = this.#hasMoved
    this.#hasMoved = false
    for (const entry of this.#active.values()) {
      if (!entry.hasChanged) continue
      entry.hasChanged = false
      const items = [...entry.reflector.items()]
      if (items.length === entry.items.length && items.every((item, i) => item === entry.items[i])) continue
      entry.items = items
      isNew = true
    }
    return isNew
  }

  /** In the order of the plan. */
  active(): Iterable<Running<T>> {
    return this.#active.values()
  }

  failures(): readonly KubeFailure[] {
    const all = new Map([...this.#active, ...(this.#next ?? [])])
    return [...all.values()].flatMap(({ reflector }) => reflector.state().failure ?? [])
  }

  close(): void {
    for (const { reflector } of this.#active.values()) reflector.close()
    for (const { reflector } of this.#next?.values() ?? []) reflector.close()
  }

  #open(plan: PlannedWatch): Entry<T> {
    // Told of nothing before the server was asked, which takes a while.
    const tell = (): void => {
      entry.hasChanged = true
      this.#onChange()
    }
    const entry: Entry<T> = { plan, reflector: this.#start(plan, tell), items: [], hasChanged: true }
    return entry
  }

  #move(next: ReadonlyMap<string, Entry<T>>): void {
    for (const [key, { reflector }] of this.#active) if (!next.has(key)) reflector.close()
    this.#active = next
    this.#next = undefined
    // Whoever waits for it is told, even if there was nothing to be had.
    this.#hasMoved = true
  }
}

/** What may be forbidden, and is, need not be waited for. */
const isThere = ({ plan, reflector }: Running<unknown>): boolean => {
  const { phase, failure } = reflector.state()
  return phase === 'synced' || (plan.isOptional && (failure?.status === 403 || failure?.status === 404))
}
