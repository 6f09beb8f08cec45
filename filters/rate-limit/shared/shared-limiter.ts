import type { FilterEnv, JoinSiblings, Siblings } from 'fairway/filter'
import type { Decision, Demand, Limit, Limiter } from '../counting/limit.ts'
import { LocalLimiter, type LocalLimiterOptions, type Used } from '../counting/local-limiter.ts'
import { formatReports, readReport } from './report.ts'

/** How long what was taken is collected before the others are told. */
const TELL_AFTER_MS = 5
/** What a worker that has just come is told: to find it out may not hold the loop. */
const MAX_GREETED = 20_000

interface Taken {
  readonly limit: Limit
  readonly key: string
  cost: number
  readonly sinceMs: number
}

/**
 * Counts together with the other workers of the replica. Each has the whole count, decides by it at once, and tells the
 * others what it has taken a few milliseconds later. What they let pass meanwhile beyond the limit is owed by all, and has to
 * be earned back: over time no more pass than the limit says.
 */
export class SharedLimiter implements Limiter {
  readonly #local: LocalLimiter
  readonly #limits: readonly Limit[]
  readonly #maxKeys: number
  readonly #env: Pick<FilterEnv, 'now' | 'after'>
  readonly #siblings: Siblings
  /** What the others do not know yet, by limit and key. */
  readonly #taken: ReadonlyMap<Limit, Map<string, Taken>>
  #isTelling = false

  constructor(
    counting: Omit<LocalLimiterOptions, 'onTake'>,
    env: Pick<FilterEnv, 'now' | 'after'>,
    join: JoinSiblings,
  ) {
    const { limits, maxKeys } = counting
    this.#local = new LocalLimiter({ ...counting, onTake: (demand, nowMs) => this.#onTake(demand, nowMs) }, env.now())
    this.#limits = limits
    this.#maxKeys = maxKeys
    this.#env = env
    this.#taken = new Map(limits.map((limit) => [limit, new Map()]))
    this.#siblings = join({
      hear: (text) => {
        const nowMs = env.now()
        for (const used of readReport(text, limits)) this.#local.note(used, nowMs)
      },
      greet: () => formatReports(this.#toldUntilNow(), limits),
    })
  }

  decide(demands: readonly Demand[], nowMs: number): Decision {
    return this.#local.decide(demands, nowMs)
  }

  charge(demands: readonly Demand[], nowMs: number): void {
    this.#local.charge(demands, nowMs)
  }

  /** What is not told yet the newcomer hears with the others. */
  #toldUntilNow(): readonly Used[] {
    const most = Math.ceil(MAX_GREETED / this.#limits.length)
    return this.#local.used(most, this.#env.now(), (limit, key) => this.#taken.get(limit)?.get(key)?.cost ?? 0)
  }

  #onTake({ limit, key, cost }: Demand, nowMs: number): void {
    if (cost === 0) return
    const taken = this.#taken.get(limit)
    const known = taken?.get(key)
    if (known !== undefined) known.cost += cost
    // While the others cannot be told no more are kept than keys are remembered.
    else if (taken !== undefined && taken.size < this.#maxKeys) taken.set(key, { limit, key, cost, sinceMs: nowMs })
    if (this.#isTelling) return
    this.#isTelling = true
    this.#env.after(TELL_AFTER_MS, () => void this.#tell())
  }

  /** What is taken while this is on its way is told at the end of it. */
  async #tell(): Promise<void> {
    const used = [...this.#taken.values()].flatMap((taken) => [...taken.values()])
    for (const taken of this.#taken.values()) taken.clear()
    for (const text of formatReports(used, this.#limits)) await this.#siblings.tell(text)
    this.#isTelling = [...this.#taken.values()].some(({ size }) => size > 0)
    if (this.#isTelling) this.#env.after(TELL_AFTER_MS, () => void this.#tell())
  }
}
