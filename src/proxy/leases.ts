import type { Snapshot } from '../snapshot/snapshot.ts'

/** A snapshot with the exchanges that are using it. */
export interface SnapshotLease {
  readonly snapshot: Snapshot
  /** The same for another exchange, which goes on where this one is. */
  readonly share: () => SnapshotLease
  /** To be called once by each exchange when it is over. */
  readonly end: () => void
}

/**
 * Which snapshot is in force, and since when the older ones are not needed any more: an exchange keeps the one it
 * began with to its end.
 */
export class SnapshotLeases {
  readonly #onUnused: (generation: number) => void
  #current: Counted | undefined

  constructor(onUnused: (generation: number) => void) {
    this.#onUnused = onUnused
  }

  get current(): Snapshot | undefined {
    return this.#current?.snapshot
  }

  /** Puts a snapshot in force. */
  swap(snapshot: Snapshot): void {
    const before = this.#current
    this.#current = new Counted(snapshot, this.#onUnused)
    before?.retire()
  }

  /** The snapshot for one exchange; `undefined` before the first one. */
  take(): SnapshotLease | undefined {
    this.#current?.begin()
    return this.#current
  }
}

class Counted implements SnapshotLease {
  readonly snapshot: Snapshot
  readonly #onUnused: (generation: number) => void
  #uses = 0
  #isRetired = false

  constructor(snapshot: Snapshot, onUnused: (generation: number) => void) {
    this.snapshot = snapshot
    this.#onUnused = onUnused
  }

  begin(): void {
    this.#uses++
  }

  share(): SnapshotLease {
    this.#uses++
    return this
  }

  end(): void {
    this.#uses--
    this.#check()
  }

  retire(): void {
    this.#isRetired = true
    this.#check()
  }

  #check(): void {
    if (this.#isRetired && this.#uses === 0) this.#onUnused(this.snapshot.generation)
  }
}
