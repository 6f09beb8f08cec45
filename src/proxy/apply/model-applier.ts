import type { FilterInstances } from '../../filter/instances.ts'
import type { Filter } from '../../filter/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Model } from '../../model/model.ts'
import { compileInSteps, usedFilters } from '../../snapshot/compile.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { SnapshotLeases } from '../leases.ts'
import type { SnapshotLease } from '../leases.ts'

export interface ModelApplierOptions {
  readonly instances: FilterInstances
  readonly clock: Clock
  /** How long compiling may hold the loop at a time; default 2 ms. */
  readonly sliceMs?: number | undefined
  /** Called with each model before it is compiled. */
  readonly onModel?: (model: Model) => void
  /**
   * Called with each model when it is compiled. What it gives is waited for before the snapshot comes into force, and
   * refuses the model if it fails; `undefined`: nothing is missing.
   */
  readonly load?: (model: Model) => Promise<unknown> | undefined
  /** Called with each snapshot when it comes into force. */
  readonly onApplied?: (snapshot: Snapshot) => void
}

/** What is being asked for, and everybody who waits for it. */
interface Order {
  readonly model: Model
  readonly generation: number
  readonly waiting: readonly PromiseWithResolvers<Snapshot>[]
}

interface Build extends Order {
  readonly steps: Generator<void, Made>
}

interface Made {
  readonly snapshot: Snapshot
  readonly filters: ReadonlySet<Filter>
}

/** A fifth of what the engine allows anybody (10 ms), since others hold the loop in the same turn. */
const SLICE_MS = 2
/** How many filters are counted between two looks at the clock. */
const STEP = 256

/**
 * Makes models into the snapshot in force, a slice in each turn of the loop, so that thousands of routes hold up no
 * request; meanwhile the old snapshot serves. The first one, before which nobody is served, is made in one go.
 */
export class ModelApplier {
  readonly #options: ModelApplierOptions
  readonly #leases: SnapshotLeases
  #build: Build | undefined
  #next: Order | undefined
  /** Generations that are not needed any more; what a build has made belongs to none yet, and must not be closed. */
  readonly #released: number[] = []
  /** Of the snapshot in force. */
  #filters: ReadonlySet<Filter> = new Set()

  constructor(options: ModelApplierOptions) {
    this.#options = options
    this.#leases = new SnapshotLeases((generation) => {
      this.#released.push(generation)
      if (this.#build === undefined) this.#release()
    })
  }

  /** The snapshot in force. */
  get current(): Snapshot | undefined {
    return this.#leases.current
  }

  /** The snapshot for one exchange; `undefined` before the first one. */
  take(): SnapshotLease | undefined {
    return this.#leases.take()
  }

  /**
   * Puts a model in force: requests that begin from then on see it, those under way keep theirs. Resolves when it is, or
   * when a newer one is that came before its turn; rejects when it could not be made, and the last one stays.
   */
  apply(model: Model, generation: number): Promise<Snapshot> {
    const asked = Promise.withResolvers<Snapshot>()
    this.#next = { model, generation, waiting: [...(this.#next?.waiting ?? []), asked] }
    if (this.#build === undefined) {
      this.#begin()
      this.#work()
    }
    return asked.promise
  }

  #begin(): void {
    const order = this.#next
    this.#next = undefined
    this.#build = order === undefined ? undefined : { ...order, steps: this.#make(order) }
  }

  *#make({ model, generation }: Order): Generator<void, Made> {
    const { make } = this.#options.instances
    this.#options.onModel?.(model)
    const previous = this.current
    const snapshot = yield* compileInSteps(model, { previous, generation, filters: make })
    const { services, routes, pods } = snapshot
    if (services === previous?.services && routes === previous.routes && pods === previous.pods) {
      return { snapshot, filters: this.#filters }
    }
    const filters = new Set<Filter>()
    let counted = 0
    for (const filter of usedFilters(snapshot)) {
      filters.add(filter)
      if (++counted % STEP === 0) yield
    }
    return { snapshot, filters }
  }

  readonly #work = (): void => {
    const { clock, sliceMs = SLICE_MS } = this.#options
    const untilMs = this.current === undefined ? Infinity : clock.monotonicMs() + sliceMs
    while (this.#build !== undefined) {
      const build = this.#build
      try {
        const step = build.steps.next()
        if (step.done === true && !this.#finish(build, step.value)) return
      } catch (error) {
        this.#end(build, (asked) => asked.reject(error))
      }
      if (clock.monotonicMs() >= untilMs) {
        if (this.#build !== undefined) setImmediate(this.#work)
        return
      }
    }
  }

  /** Whether it is over; if not, it goes on when what it waits for is there. */
  #finish(build: Build, made: Made): boolean {
    const loading = this.#options.load?.(build.model)
    if (loading === undefined) this.#swap(build, made)
    else void this.#finishAfter(loading, build, made)
    return loading === undefined
  }

  async #finishAfter(loading: Promise<unknown>, build: Build, made: Made): Promise<void> {
    try {
      await loading
      this.#swap(build, made)
    } catch (error) {
      this.#end(build, (asked) => asked.reject(error))
    }
    this.#work()
  }

  #swap(build: Build, { snapshot, filters }: Made): void {
    this.#options.instances.retain(build.generation, filters)
    this.#filters = filters
    this.#leases.swap(snapshot)
    this.#options.onApplied?.(snapshot)
    this.#end(build, (asked) => asked.resolve(snapshot))
  }

  #end(build: Build, settle: (asked: PromiseWithResolvers<Snapshot>) => void): void {
    this.#begin()
    if (this.#build === undefined) this.#release()
    build.waiting.forEach(settle)
  }

  #release(): void {
    for (const generation of this.#released.splice(0)) this.#options.instances.release(generation)
  }
}
