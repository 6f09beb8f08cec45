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
}

/** Counts in this process. Decides at once, and makes nothing for a request that passes. */
export class LocalLimiter implements Limiter {
  readonly #tables: ReadonlyMap<Limit, TallyTable>
  readonly #tellsAll: boolean
  /** Of the request that is being decided; there is never another. */
  readonly #tallies: Tally[] = []

  constructor({ limits, maxKeys, tellsAll }: LocalLimiterOptions, nowMs: number) {
    this.#tables = new Map(limits.map((limit) => [limit, new TallyTable(limit, maxKeys, nowMs)]))
    this.#tellsAll = tellsAll
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
    for (const demand of demands) this.#tallyOf(demand, nowMs).take(demand.cost, nowMs)
  }

  /** How many keys are remembered, of all limits. */
  get size(): number {
    return [...this.#tables.values()].reduce((sum, { size }) => sum + size, 0)
  }

  #tallyOf({ limit, key }: Demand, nowMs: number): Tally {
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
