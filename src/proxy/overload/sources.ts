import type { WaitLimits } from './request-queue.ts'
import { SourceLoad } from './source-load.ts'

/** The clients that are connected, by identity. */
export class Sources {
  readonly #limits: WaitLimits | undefined
  readonly #loads = new Map<string, SourceLoad>()

  constructor(limits?: WaitLimits) {
    this.#limits = limits
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
      load = new SourceLoad(principal, this.#limits)
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
