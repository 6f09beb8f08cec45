/** Steps per power of two: a quantile is at most 1/64 (1.6 %) above the truth. */
const STEPS = 64
const STEP_BITS = 6
const BUCKETS = STEPS * 27

/**
 * Latencies counted in buckets that grow with the value, in microseconds: exact below 64 µs, within 1.6 % above, up to
 * about 70 minutes. Recording is a few integer operations, so that the generator measures the proxy and not itself.
 */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0
  #max = 0

  get total(): number {
    return this.#total
  }

  /** Negative values count as 0; `micros` above the range count in the last bucket. */
  record(micros: number): void {
    const value = micros > 0 ? Math.min(micros, 0xffff_ffff) >>> 0 : 0
    const bucket = bucketOf(value)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#total++
    if (value > this.#max) this.#max = value
  }

  /** The value that `share` (0 to 1) of the recorded ones do not exceed, in microseconds; 0 when nothing was recorded. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#total * share))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0
      if (seen >= wanted) return Math.min(highestIn(bucket), this.#max)
    }
    return this.#max
  }

  reset(): void {
    this.#counts.fill(0)
    this.#total = 0
    this.#max = 0
  }
}

const bucketOf = (value: number): number => {
  if (value < STEPS) return value
  const octave = 31 - Math.clz32(value) - STEP_BITS
  return (octave + 1) * STEPS + ((value >>> octave) - STEPS)
}

const highestIn = (bucket: number): number => {
  if (bucket < STEPS) return bucket
  const octave = Math.floor(bucket / STEPS) - 1
  return (STEPS + (bucket % STEPS) + 1) * 2 ** octave - 1
}
