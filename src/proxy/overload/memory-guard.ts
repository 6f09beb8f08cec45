import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { readResidentBytes } from '../../lib/memory/resident.ts'

/** Memory as far as it matters here: fine, short, or nearly gone. */
export type Pressure = 'none' | 'high' | 'critical'

/** From which share of what there is each begins; it is over some way below, so that nothing flickers. */
const HIGH = { from: 0.85, until: 0.8 }
const CRITICAL = { from: 0.95, until: 0.9 }
/** As much of what traffic has for itself, where a process at rest fills so much that the shares above say nothing. */
const TIGHT_HIGH = { from: 0.5, until: 0.35 }
const TIGHT_CRITICAL = { from: 0.8, until: 0.65 }
const SHARED_ROOM = 0.25
/** Used at rest, from which it is worth a word. */
const TIGHT = 0.7

/** What is left is to be used by so many processes. */
export const memoryPerProcess = (processes = 1): number =>
  Math.min(process.constrainedMemory() || Infinity, totalmem()) / processes

/**
 * How much of its memory this process uses, 0 to 1: of V8's heap, or of what the container may have, whichever is
 * nearer to its end. Buffers and TLS lie outside of the heap.
 */
export const readMemoryRatio = (limitBytes: number): number => {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  // Where nobody can say what is resident the heap has to do.
  return Math.max(used / limit, (readResidentBytes() ?? 0) / limitBytes)
}

/** What is to be said of a process that uses so much of its memory at rest (`settle`); `undefined`: nothing. */
export const formatTight = (atRest: number): string | undefined => {
  if (atRest < TIGHT) return undefined
  const percent = Math.round(atRest * 100)
  return `${percent} % of the memory is used before there is any traffic: raise the container's memory limit, or run fewer workers`
}

/** Tells memory that is short from memory that is not. */
export class MemoryGuard {
  readonly #readRatio: () => number
  #pressure: Pressure = 'none'
  #high = HIGH
  #critical = CRITICAL
  ratio = 0

  constructor(readRatio: () => number) {
    this.#readRatio = readRatio
  }

  /**
   * Takes what is used now for what is used at rest; returns its share. In a small container that is most of it, and no
   * sign of traffic. More than there is, it can be where processes share pages that count for each of them.
   */
  settle(): number {
    const atRest = this.#readRatio()
    const room = atRest < 1 ? 1 - atRest : atRest * SHARED_ROOM
    const limitsOf = (of: typeof HIGH, tight: typeof HIGH): typeof HIGH => ({
      from: Math.max(of.from, atRest + room * tight.from),
      until: Math.max(of.until, atRest + room * tight.until),
    })
    this.#high = limitsOf(HIGH, TIGHT_HIGH)
    this.#critical = limitsOf(CRITICAL, TIGHT_CRITICAL)
    return atRest
  }

  /** To be called about once a second. */
  check(): Pressure {
    const ratio = this.#readRatio()
    this.ratio = ratio
    const isCritical = ratio >= (this.#pressure === 'critical' ? this.#critical.until : this.#critical.from)
    const isHigh = ratio >= (this.#pressure === 'none' ? this.#high.from : this.#high.until)
    this.#pressure = isCritical ? 'critical' : isHigh ? 'high' : 'none'
    return this.#pressure
  }
}
