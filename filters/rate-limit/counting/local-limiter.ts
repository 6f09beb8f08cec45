import { passed, type Decision, type Demand, type Limit, type Limiter, type Standing } from './limit.ts'
import { TallyTable } from './tally-table.ts'
import type { Tally } from './tally.ts'

/** What a limiter needs to know. */
export interface LocalLimiterOptions {
  readonly limits: readonly Limit[]
  /** For each limit. */
  readonly maxKeys: number
  /** Whether also those who pass are told how they stand. */
  readonly tellsAll: boolean
  /** Told of all that is taken. */
  readonly onTake?: ((demand: Demand, nowMs: number) => void) | undefined
}

/** What a key has used of a limit. */
export interface Used {
  readonly limit: Limit
  readonly key: string
  readonly cost: number
  readonly sinceMs: number
}

/** Counts in this process. Decides at once, and makes nothing for a request that passes. */
export class LocalLimiter implements Limiter {
  readonly #tables: ReadonlyMap<Limit, TallyTable>
  readonly #tellsAll: boolean
  readonly #onTake: LocalLimiterOptions['onTake']
  /** Of the request that is being decided; there is never another. */
  readonly #tallies: Tally[] = []

  constructor({ limits, maxKeys, tellsAll, onTake }: LocalLimiterOptions, nowMs: number) {
    this.#tables = new Map(limits.map((limit) => [limit, new TallyTable(limit, maxKeys, nowMs)]))
    this.#tellsAll = tellsAll
    this.#onTake = onTake
  }

  decide(demands: readonly Demand[], nowMs: number): Decision {
    let isAllowed = true
    let isTold = this.#tellsAll
    for (let i = 0; i < demands.length; i++) {
      const demand = demands[i]
      if (demand === undefined) continue
      const tally = this.#tallyOf(demand, nowMs)
      this.#tallies[i] = tally
      if (tally.waitMs(demand.cost, nowMs) === 0) continue
      isTold = true
      if (!demand.limit.isShadow) isAllowed = false
    }
    const waits = isTold ? demands.map(({ cost }, i) => this.#tallies[i]?.waitMs(cost, nowMs) ?? 0) : undefined
    if (isAllowed) this.#take(demands, nowMs)
    return waits === undefined ? passed : { isAllowed, standings: this.#tell(demands, waits, nowMs) }
  }

  charge(demands: readonly Demand[], nowMs: number): void {
    for (const demand of demands) {
      this.#tallyOf(demand, nowMs).take(demand.cost, nowMs)
      this.#onTake?.(demand, nowMs)
    }
  }

  /** Others, who count the same, have taken it. */
  note(used: Used, nowMs: number): void {
    this.#tallyOf(used, nowMs).note(used.cost, used.sinceMs, nowMs)
  }

  /** What is used, for others to take note of; at most so many keys of each limit, those that were seen last. */
  used(most: number, nowMs: number, untoldOf: (limit: Limit, key: string) => number): readonly Used[] {
    const all: Used[] = []
    for (const [limit, table] of this.#tables) {
      for (const [key, tally] of table.latest(most)) {
        for (const [cost, sinceMs] of tally.used(nowMs, untoldOf(limit, key))) {
          if (cost > 0) all.push({ limit, key, cost, sinceMs })
        }
      }
    }
    return all
  }

  /** How many keys are remembered, of all limits. */
  get size(): number {
    return [...this.#tables.values()].reduce((sum, { size }) => sum + size, 0)
  }

  #tallyOf({ limit, key }: Pick<Demand, 'limit' | 'key'>, nowMs: number): Tally {
    const table = this.#tables.get(limit)
    if (table === undefined) throw new Error(`limit ${limit.name} is none of this limiter's`)
    return table.of(key, nowMs)
  }

  /** From a shadow that would have refused nothing is taken: what it would have let pass is what it counts. */
  #take(demands: readonly Demand[], nowMs: number): void {
    for (let i = 0; i < demands.length; i++) {
      const demand = demands[i]
      const tally = this.#tallies[i]
      if (demand === undefined || tally === undefined) continue
      if (demand.limit.isShadow && tally.waitMs(demand.cost, nowMs) > 0) continue
      tally.take(demand.cost, nowMs)
      this.#onTake?.(demand, nowMs)
    }
  }

  #tell(demands: readonly Demand[], waits: readonly number[], nowMs: number): readonly Standing[] {
    return demands.map(({ limit }, i) => {
      const tally = this.#tallies[i]
      return {
        limit,
        waitMs: waits[i] ?? 0,
        remaining: tally?.remaining(nowMs) ?? 0,
        resetMs: tally?.resetMs(nowMs) ?? 0,
      }
    })
  }
}
