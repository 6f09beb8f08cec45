import { getHeapStatistics } from 'node:v8'
import type { Logger } from '../../lib/log.ts'
import { allowHeapGrowth } from '../../lib/memory/heap-growth.ts'
import type { AllowHeapGrowth } from '../../lib/memory/heap-growth.ts'
import type { Counters } from '../counters.ts'
import type { MemoryGuard } from './memory-guard.ts'
import type { Overload } from './overload.ts'
import type { SourceLoad } from './source-load.ts'

export interface OverloadWatchOptions {
  readonly overload: Overload
  readonly counters: Counters
  readonly memory: MemoryGuard
  /** As `ByteBudget` has it. */
  readonly bufferBytes: number
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Closes so many of a client's connections; how many there were. */
  readonly closeOf: (load: SourceLoad, most: number) => number
  /** Frees what can be freed, and stops everything for 50 ms or so. */
  readonly collect?: (() => void) | undefined
  /** Collections of V8's whole heap so far. */
  readonly fullCollections?: (() => number) | undefined
  /** Default: V8's. */
  readonly allowGrowth?: AllowHeapGrowth
  /** What is used of the heap; default: V8's. */
  readonly heapBytes?: () => number
}

/** While it goes on there is a line this often. */
const REPEAT_MS = 10_000
/** It is over when nothing was refused, or nobody waited, for so long. */
const CALM_MS = 3000
const COLLECT_EVERY_MS = 60_000
/** Bytes that wait, in budgets: there are no more requests for them. */
const BYTES_RATIO = 2
/**
 * What is under way while requests wait lives longer, and more of it reaches the old generation. It may grow by so many
 * bytes until all is collected: much for the heap of a few tunnels, which is collected several times a second otherwise,
 * and no more than always for that of tens of thousands.
 */
const CROWDED_GROWTH_BYTES = 16 * 1024 * 1024
/** It may double when that is not enough: see `TlsGate`. */
const GROWTH_PERCENT = 100
/**
 * Full collections in a second, for two seconds, that bring about each other: each stops the loop, what piles up meanwhile
 * lives long enough for the old generation, and that is full again in 0.3 s. Traffic of few tunnels stays at one or two.
 */
const MANY_COLLECTIONS = 3
/** Growth is not taken back in the pause that it has brought. */
const GROWTH_CALM_MS = 30_000
/** Of the connections of one client, in a second. */
const CLOSED_SHARE = 4

/** Looks once a second at memory and at what was refused; says so, and what to do. */
export class OverloadWatch {
  readonly #options: OverloadWatchOptions
  #seen = 0
  #closedSeen = 0
  #begunMs = -1
  #lastRefusedMs = 0
  #toldMs = 0
  #total = 0
  #collectedMs = Number.NEGATIVE_INFINITY
  #crowdedMs = 0
  #oftenMs = 0
  #collections = 0
  #hasCollectedMuch = false
  #restoreCrowded: (() => void) | undefined
  #restoreOften: (() => void) | undefined

  constructor(options: OverloadWatchOptions) {
    this.#options = options
  }

  tick(nowMs: number): void {
    this.#tickMemory(nowMs)
    this.#tickGrowth(nowMs)
    const { counters } = this.#options
    const all = Object.values(counters.overloadRefused).reduce((sum, count) => sum + count, 0)
    const refused = all - this.#seen
    const closed = counters.overloadConnectionsClosed - this.#closedSeen
    this.#seen = all
    this.#closedSeen = counters.overloadConnectionsClosed
    if (refused + closed > 0) this.#tellOf(refused, closed, nowMs)
    else if (this.#begunMs >= 0 && nowMs - this.#lastRefusedMs >= CALM_MS) this.#tellEnd()
  }

  close(): void {
    this.#calmCrowded()
    this.#calmOften()
  }

  #tickMemory(nowMs: number): void {
    const { overload, memory, counters, bufferBytes } = this.#options
    let pressure = memory.check()
    if (pressure !== 'none' && nowMs - this.#collectedMs >= COLLECT_EVERY_MS) {
      this.#collectedMs = nowMs
      this.#options.collect?.()
      pressure = memory.check()
    }
    const hasBytes = counters.heldBytes > bufferBytes * BYTES_RATIO
    overload.setPressure(hasBytes && pressure === 'none' ? 'high' : pressure, pressure === 'none' ? 'bytes' : 'heap')
    if (pressure === 'critical') this.#closeGreediest()
  }

  /** Where requests have to wait there are hundreds of them, whether any are refused or not. */
  #tickGrowth(nowMs: number): void {
    const { counters, allowGrowth = allowHeapGrowth, heapBytes = usedHeapBytes } = this.#options
    if (counters.waitingRequests > 0) {
      this.#crowdedMs = nowMs
      this.#restoreCrowded ??= allowGrowth(growthPercent(heapBytes()))
    } else if (nowMs - this.#crowdedMs >= GROWTH_CALM_MS) this.#calmCrowded()
    if (this.#collectsOften()) {
      this.#oftenMs = nowMs
      this.#restoreOften ??= allowGrowth(GROWTH_PERCENT)
    } else if (nowMs - this.#oftenMs >= GROWTH_CALM_MS) this.#calmOften()
  }

  #calmCrowded(): void {
    this.#restoreCrowded?.()
    this.#restoreCrowded = undefined
  }

  #calmOften(): void {
    this.#restoreOften?.()
    this.#restoreOften = undefined
  }

  #collectsOften(): boolean {
    const { fullCollections } = this.#options
    if (fullCollections === undefined) return false
    const all = fullCollections()
    const isMuch = all - this.#collections >= MANY_COLLECTIONS
    const isOften = isMuch && this.#hasCollectedMuch
    this.#collections = all
    this.#hasCollectedMuch = isMuch
    return isOften
  }

  #closeGreediest(): void {
    const { overload, counters, closeOf } = this.#options
    const load = overload.greediest()
    if (load === undefined) return
    counters.overloadConnectionsClosed += closeOf(load, Math.ceil(load.connections / CLOSED_SHARE))
  }

  #tellOf(refused: number, closed: number, nowMs: number): void {
    this.#lastRefusedMs = nowMs
    this.#total += refused
    if (this.#begunMs < 0) this.#begunMs = nowMs
    else if (nowMs - this.#toldMs < REPEAT_MS) return
    this.#toldMs = nowMs
    const { overload, counters, memory, log } = this.#options
    const greediest = overload.greediest()
    log.warn(
      `overload: ${refused} requests or tunnels were refused in the last second${closed === 0 ? '' : `, and ${closed} connections closed`}; run more replicas or workers, give them more CPU or memory, or limit the client that asks for most`,
      {
        event: 'overload',
        refused: { ...counters.overloadRefused },
        memory: Math.round(memory.ratio * 100) / 100,
        requests: counters.activeExchanges,
        waiting: counters.waitingRequests,
        tunnels: counters.openTunnels,
        greediest: greediest?.principal,
      },
    )
  }

  #tellEnd(): void {
    const seconds = Math.round((this.#lastRefusedMs - this.#begunMs) / 1000) + 1
    this.#options.log.info(`the overload is over: ${this.#total} refused in ${seconds} s`, { event: 'overload-over' })
    this.#begunMs = -1
    this.#total = 0
  }
}

const usedHeapBytes = (): number => getHeapStatistics().used_heap_size

const growthPercent = (heapBytes: number): number =>
  Math.min(Math.ceil((CROWDED_GROWTH_BYTES / Math.max(heapBytes, 1)) * 100), GROWTH_PERCENT)
