/** What an adaptive limit may do. */
export interface GradientOptions {
  readonly min: number
  readonly max: number
  readonly initial: number
  /** How many times as long as alone a request may take before the limit falls. */
  readonly tolerance: number
  readonly windowMs: number
  readonly probeEveryMs: number
}

/** Fewer answers than that say nothing. */
const MIN_SAMPLES = 10
/** How much of what a window asks for is done. */
const SMOOTHING = 0.2
/** Part of the limit that is left while it is found out how long a request takes alone. */
const PROBE_RATIO = 0.25
const MAX_PROBE_MS = 5000

/**
 * A limit that follows how long answers take: when they take longer than without a queue it falls by that ratio, else it
 * rises by its root. How long they take without a queue is found out in short probes, in which the limit is a quarter:
 * otherwise a queue that never ends would be taken for how things are. The idea is that of Netflix's and Envoy's gradients.
 */
export class GradientLimit {
  readonly #options: GradientOptions
  #limit: number
  /** How long an answer takes without a queue. */
  #aloneMs = Infinity
  #windowAtMs: number
  #sumMs = 0
  #samples = 0
  #peak = 0
  #probeAtMs: number
  #probe: 'none' | 'draining' | 'measuring' = 'none'

  constructor(options: GradientOptions, nowMs: number) {
    this.#options = options
    this.#limit = options.initial
    this.#windowAtMs = nowMs
    this.#probeAtMs = nowMs + options.probeEveryMs
  }

  /** How many may be under way now. */
  get current(): number {
    const { min } = this.#options
    return Math.floor(this.#probe === 'none' ? this.#limit : Math.max(min, this.#limit * PROBE_RATIO))
  }

  /** Notes how long an answer took, and how many were under way beside it. */
  note(tookMs: number, inFlight: number, nowMs: number): void {
    if (this.#probe === 'none' && nowMs >= this.#probeAtMs) this.#beginProbe(nowMs)
    if (this.#probe === 'draining') {
      if (inFlight <= this.current) this.#startMeasuring(nowMs)
      else if (nowMs - this.#probeAtMs > MAX_PROBE_MS) this.#endProbe(nowMs)
      return
    }
    this.#sumMs += tookMs
    this.#samples++
    if (inFlight > this.#peak) this.#peak = inFlight
    const isProbe = this.#probe === 'measuring'
    if (this.#samples < MIN_SAMPLES || (!isProbe && nowMs - this.#windowAtMs < this.#options.windowMs)) return
    // A clock of whole milliseconds would call the quickest answers nothing.
    const meanMs = Math.max(0.01, this.#sumMs / this.#samples)
    if (isProbe) {
      this.#aloneMs = meanMs
      this.#endProbe(nowMs)
    } else {
      this.#aloneMs = Math.min(this.#aloneMs, meanMs)
      this.#follow(meanMs)
      this.#restart(nowMs)
    }
  }

  #follow(meanMs: number): void {
    const { min, max, tolerance } = this.#options
    // Of a limit that nobody came near nothing can be learned.
    if (this.#peak < this.#limit / 2) return
    const gradient = Math.min(1, Math.max(0.5, (tolerance * this.#aloneMs) / meanMs))
    const wanted = this.#limit * gradient + Math.sqrt(this.#limit)
    this.#limit = Math.min(max, Math.max(min, this.#limit * (1 - SMOOTHING) + wanted * SMOOTHING))
  }

  #beginProbe(nowMs: number): void {
    this.#probe = 'draining'
    this.#probeAtMs = nowMs
  }

  /** What was begun before would count for a queue that is no more. */
  #startMeasuring(nowMs: number): void {
    this.#probe = 'measuring'
    this.#restart(nowMs)
  }

  #endProbe(nowMs: number): void {
    this.#probe = 'none'
    this.#probeAtMs = nowMs + this.#options.probeEveryMs
    this.#restart(nowMs)
  }

  #restart(nowMs: number): void {
    this.#windowAtMs = nowMs
    this.#sumMs = 0
    this.#samples = 0
    this.#peak = 0
  }
}
