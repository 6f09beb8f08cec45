/** Something with output that waits to be written. */
export interface Flushable {
  readonly flush: () => void
}

/**
 * What follows it runs when the current callback ends, as a tick does. For a tick Node makes an object with keys that are
 * symbols, in C++, and leaves V8's queue for its own: a fiftieth of the time of a quiet waypoint.
 */
const done = Promise.resolve()

/** Reads per turn of the loop from which on waiting for the end of the turn pays. */
const BUSY_READS = 3
/** Reads per turn from which on a second turn is waited for. */
const CROWDED_READS = 8
/** One flush in so many looks how busy the loop is. */
const PROBE_EVERY = 16
/** A read from this size on is memory of its own that V8 hardly counts. */
const BULKY_READ_BYTES = 8 * 1024
/** Requests leave so much beside their bytes that V8 collects often enough by itself: bulk is what has no more frames. */
const MIN_BULKY_FRAME_BYTES = 4 * 1024
/** Bulky reads after which the young generation is collected, and them with it; what is written doubles it. */
const COLLECT_AFTER_BYTES = 2 * 1024 * 1024

/**
 * Decides when what was encoded goes out: at the end of the current callback while the loop is quiet (latency), at the
 * end of the turn while it is busy (one write for many frames). How busy it is shows in the reads of one turn, counted
 * with one increment each (engine.md, rule 3).
 */
export class Flusher {
  #pending: Flushable[] = []
  #gathering: Flushable[] = []
  #isArmed = false
  #isBusy = false
  #isDeferred = false
  #reads = 0
  #quietTurns = 0
  #flushes = 0
  #bulkyBytes = 0
  /** Since the last read. */
  #innerFrames = 0
  /** The last read was one of a long body: what follows it in the same turn goes out in the same write. */
  #isBulk = false
  readonly #collectYoung: (() => void) | undefined
  /** Turns are long by themselves: whoever is in the middle of one shall not have to wait for two. */
  isCrowded = false
  /** Counts the times that gathered output was written: what is scheduled in one turn goes out together. */
  turn = 0

  /**
   * `collectYoung` frees the memory of buffers that are done with. Left to itself V8 waits until 64 MB of them have
   * gathered, and then takes 5 to 9 ms for a collection of everything: three times a second at 80 MB/s.
   */
  constructor(collectYoung?: () => void) {
    this.#collectYoung = collectYoung
  }

  /** To be called for each read from a socket. */
  noteRead(): void {
    this.#reads++
  }

  /** To be called with what a read held, after that was worked on. */
  noteBytes(bytes: number, frames: number): void {
    const all = frames + this.#innerFrames
    this.#innerFrames = 0
    this.#isBulk = bytes >= BULKY_READ_BYTES && bytes >= all * MIN_BULKY_FRAME_BYTES
    if (this.#isBulk) this.#bulkyBytes += bytes
  }

  /** A connection inside another had so many frames: a full frame of the outer one that holds requests is no bulk. */
  noteInnerFrames(frames: number): void {
    this.#innerFrames += frames
  }

  /** `target.flush` runs soon, once for each call; targets keep themselves from being listed twice. */
  schedule(target: Flushable): void {
    this.#pending.push(target)
    this.#arm()
  }

  /** The same, ahead of all that is scheduled: for a target whose output goes into that of others. */
  gather(target: Flushable): void {
    this.#gathering.push(target)
    this.#arm()
  }

  #arm(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    if (this.#isBusy || this.#isBulk) setImmediate(this.#runBusy)
    else void done.then(this.#runQuiet)
  }

  readonly #runBusy = (): void => {
    // So much came in one turn that the next one brings more at once: writing both together is one write less each.
    if (this.#reads >= CROWDED_READS && !this.#isDeferred && !this.#isBulk && !this.isCrowded) {
      this.#isDeferred = true
      setImmediate(this.#runBusy)
      return
    }
    this.#isDeferred = false
    if (this.#reads >= BUSY_READS) this.#quietTurns = 0
    else if (++this.#quietTurns >= 4) this.#isBusy = false
    this.#reads = 0
    this.#run()
  }

  readonly #runQuiet = (): void => {
    if (this.#flushes++ % PROBE_EVERY === 0) {
      this.#reads = 1
      setImmediate(this.#probe)
    }
    try {
      this.#run()
    } catch (error) {
      // An error, and no promise that nobody waits for.
      setImmediate(() => {
        throw error
      })
    }
  }

  readonly #probe = (): void => {
    if (this.#reads < BUSY_READS) return
    this.#isBusy = true
    this.#quietTurns = 0
  }

  /** What they come to is scheduled while this run is armed still, and so goes out in it. */
  #runGathering(): void {
    const inner = this.#gathering
    this.#gathering = []
    try {
      flushAll(inner, (target) => void this.#gathering.push(target))
    } catch (error) {
      this.#isArmed = false
      this.#arm()
      throw error
    }
  }

  #run(): void {
    this.turn++
    if (this.#gathering.length > 0) this.#runGathering()
    this.#isArmed = false
    const due = this.#pending
    this.#pending = []
    flushAll(due, (target) => this.schedule(target))
    if (this.#gathering.length > 0) this.#arm()
    if (this.#bulkyBytes >= COLLECT_AFTER_BYTES) {
      this.#bulkyBytes = 0
      this.#collectYoung?.()
    }
  }
}

/** One that throws must not keep the others from their turn: they believe that they are listed. */
const flushAll = (due: readonly Flushable[], postpone: (target: Flushable) => void): void => {
  let at = 0
  try {
    while (at < due.length) due[at++]?.flush()
  } finally {
    for (; at < due.length; at++) {
      const target = due[at]
      if (target !== undefined) postpone(target)
    }
  }
}
