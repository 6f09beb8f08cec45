import { SourceLoad } from './source-load.ts'

/** The clients that are connected, by identity. */
export class Sources {
  readonly #waitMs: number | undefined
  readonly #loads = new Map<string, SourceLoad>()

  /** `waitMs` as `RequestQueue` has it. */
  constructor(waitMs?: number) {
    this.#waitMs = waitMs
  }

  get size(): number {
    return this.#loads.size
  }

  all(): Iterable<SourceLoad> {
    return this.#loads.values()
  }

  /** A connection of this identity is there. */
  join(principal: string): SourceLoad {
    let load = this.#loads.get(principal)
    if (load === undefined) {
      load = new SourceLoad(principal, this.#waitMs)
      this.#loads.set(principal, load)
    }
    load.connections++
    return load
  }

  /** It is gone, and all that was on it. */
  leave(load: SourceLoad): void {
    load.connections--
    if (load.connections === 0) this.#loads.delete(load.principal)
  }
}
