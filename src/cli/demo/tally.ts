/** What became of one request, as the client saw it. `service` is `undefined` when nobody of the demo answered. */
export interface Sample {
  readonly isOk: boolean
  readonly service: string | undefined
  readonly ms: number
  /** Why it failed, for people. */
  readonly problem: string | undefined
}

/** Counts per Service, by name; those that never answered are there with 0. */
export type Counts = Readonly<Record<string, number>>

export interface Totals {
  readonly requests: number
  readonly ok: number
  readonly errors: number
  readonly backends: Counts
}

/** Percentiles in milliseconds; `null` when nothing was answered. */
export interface Latency {
  readonly p50: number | null
  readonly p99: number | null
}

export interface TallyOptions {
  readonly services: readonly string[]
  /** Samples kept for percentiles and recent shares: the last so many. */
  readonly capacity: number
}

interface Kept {
  readonly atMs: number
  readonly sample: Sample
}

/** Adds up samples: totals over all of them, latencies and shares over the last ones. */
export class Tally {
  readonly #capacity: number
  readonly #backends = new Map<string, number>()
  #kept: Kept[] = []
  #ok = 0
  #errors = 0
  #lastProblem: { readonly text: string; readonly atMs: number } | undefined

  constructor(options: TallyOptions) {
    this.#capacity = options.capacity
    for (const service of options.services) this.#backends.set(service, 0)
  }

  add(sample: Sample, atMs: number): void {
    if (sample.isOk) this.#ok++
    else {
      this.#errors++
      this.#lastProblem = { text: sample.problem ?? 'unknown', atMs }
    }
    if (sample.service !== undefined) this.#backends.set(sample.service, (this.#backends.get(sample.service) ?? 0) + 1)
    this.#kept.push({ atMs, sample })
    // Cutting off a whole capacity at once keeps the cost of one sample flat.
    if (this.#kept.length >= 2 * this.#capacity) this.#kept = this.#kept.slice(-this.#capacity)
  }

  totals(): Totals {
    return {
      requests: this.#ok + this.#errors,
      ok: this.#ok,
      errors: this.#errors,
      backends: Object.fromEntries(this.#backends),
    }
  }

  latency(): Latency {
    const answered = this.#kept.slice(-this.#capacity).filter(({ sample }) => sample.isOk)
    const times = Float64Array.from(answered, ({ sample }) => sample.ms).toSorted()
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
  }

  /** The latest failure's text, if it is not older than `sinceMs`. */
  problemSince(sinceMs: number): string | undefined {
    return this.#lastProblem !== undefined && this.#lastProblem.atMs >= sinceMs ? this.#lastProblem.text : undefined
  }

  /** Requests per Service since `sinceMs`, among those kept. */
  recent(sinceMs: number): Counts {
    const counts = new Map([...this.#backends.keys()].map((service) => [service, 0]))
    for (let i = this.#kept.length - 1; i >= 0; i--) {
      const kept = this.#kept[i]
      if (kept === undefined || kept.atMs < sinceMs) break
      const { service } = kept.sample
      if (service !== undefined) counts.set(service, (counts.get(service) ?? 0) + 1)
    }
    return Object.fromEntries(counts)
  }
}

/** Each count's part of the whole, from 0 to 1; all 0 when there is nothing. */
export const sharesOf = (counts: Counts): Counts => {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, total === 0 ? 0 : count / total]))
}

/** Nearest rank: the smallest value that at least `ratio` of all values do not exceed. */
const percentile = (sorted: Float64Array, ratio: number): number | null => {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * ratio) - 1)]
  return value === undefined ? null : Math.round(value * 1000) / 1000
}
