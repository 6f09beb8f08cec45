/** Frames that cost us and carry nothing, allowed in one period. */
const DEFAULT_LIMIT = 4000
/** Streams opened for nothing that are allowed, as a share of the limit. */
const RESET_SHARE = 0.25
/** Small DATA frames that are allowed, as a multiple of the limit: more than a core can carry, even if a period is long. */
const SMALL_DATA_FACTOR = 500
/** WINDOW_UPDATE and the like that each DATA frame we send may bring, as Envoy has it, and each stream. */
const SIGNALS_PER_DATA_FRAME = 10
const SIGNALS_PER_STREAM = 2
/** What each other DATA frame may leave of windows: a rest of the stream's, and one of the connection's. */
const SLIVERS_PER_DATA_FRAME = 2

/**
 * What a peer may cost us beyond its use. Every frame is paid for by somebody: floods are those that are cheap to send,
 * cost us time, and bring nobody anything. Four accounts, each with what an ordinary peer may do in any case and what
 * useful work adds to it, so that a limit is never met by being busy:
 *
 * - nuisances (SETTINGS, empty DATA, mistakes that have us reset a stream: CVE-2025-8671): a fixed number in a period.
 *   So are slivers, DATA frames of ours that a rest of a few bytes of window had us make, but for two for each other one:
 *   a server that gives 32,769 bytes at a time leaves one to every 32 KB that it gets, which was seen;
 * - signals (WINDOW_UPDATE, PING, PRIORITY, unknown frames, interim heads), which go along with work: the same, and ten
 *   for each DATA frame that we have sent and two for each stream;
 * - streams for nothing (reset by the peer before it got a byte: CVE-2023-44487; beyond the limit that we told; with too
 *   many fields): a quarter of it, and one for each stream that was of use in the period;
 * - DATA frames of a few bytes, which are legal and what an interactive tunnel sends: five hundred times as
 *   many. Tunnels that echo single bytes were seen with 180,000 in a second.
 *
 * A period is what lies between two calls of `forgive`, about a second. Each method says whether the peer may go on.
 */
export class FloodGuard {
  readonly #limit: number
  #nuisances = 0
  #signals = 0
  #slivers = 0
  #streams = 0
  #resets = 0
  #useful = 0
  #smallData = 0

  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit
  }

  /** Something that costs `points` times what a small frame does. */
  takeNuisance(points: number): boolean {
    this.#nuisances += points
    return this.#nuisances <= this.#limit
  }

  /** `count` more slivers, which are among the DATA frames sent so far. */
  takeSlivers(count: number, dataFramesSent: number): boolean {
    this.#slivers += count
    const earned = Math.max(0, dataFramesSent - this.#slivers) * SLIVERS_PER_DATA_FRAME
    const excess = this.#slivers - earned
    return excess <= 0 || this.takeNuisance(Math.min(count, excess))
  }

  /** `dataFramesSent` counts from the connection's beginning: a slow peer answers late. */
  takeSignal(dataFramesSent: number): boolean {
    return ++this.#signals <= this.#limit + this.#earnedSignals(dataFramesSent)
  }

  /** A stream was opened, and then not wanted or not fit. */
  takeReset(): boolean {
    return ++this.#resets <= this.#limit * RESET_SHARE + this.#useful
  }

  /** A DATA frame of few bytes. */
  takeSmallData(): boolean {
    return ++this.#smallData <= this.#limit * SMALL_DATA_FACTOR
  }

  noteStream(): void {
    this.#streams++
  }

  /** A stream ended in order, or the peer got something on it. */
  noteUsefulStream(): void {
    this.#useful++
  }

  /** Begins a new period. */
  forgive(dataFramesSent: number): void {
    this.#nuisances = 0
    this.#resets = 0
    this.#useful = 0
    this.#smallData = 0
    this.#signals = Math.min(this.#signals, this.#earnedSignals(dataFramesSent))
  }

  #earnedSignals(dataFramesSent: number): number {
    return dataFramesSent * SIGNALS_PER_DATA_FRAME + this.#streams * SIGNALS_PER_STREAM
  }
}
