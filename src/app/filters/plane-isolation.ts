import type { Filter } from '../../filter/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { FilterModule, FilterSpec } from '../../model/filter-spec.ts'
import type { Model } from '../../model/model.ts'
import type { Lending } from '../../proxy/filter-calls/lend-env.ts'
import type { createIsolatedFilter } from '../isolation/isolated-filter.ts'
import type { PlaneGuards } from './plane-guards.ts'

export interface PlaneIsolationDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly guards: PlaneGuards
}

/** Makes filters that run in threads of their own; how that is done is loaded with the first filter of a user. */
export class PlaneIsolation {
  readonly #deps: PlaneIsolationDeps
  #create: typeof createIsolatedFilter | undefined

  constructor(deps: PlaneIsolationDeps) {
    this.#deps = deps
  }

  /** Call it before each model is applied. */
  async prepare({ filterModules = [] }: Pick<Model, 'filterModules'>): Promise<void> {
    if (filterModules.length === 0 || this.#create !== undefined) return
    this.#create = (await import('../isolation/isolated-filter.ts')).createIsolatedFilter
  }

  readonly isolate = (spec: FilterSpec, module: FilterModule, link: Lending['link']): Filter => {
    const { user } = spec
    if (this.#create === undefined || user === undefined) throw new Error('there are no filters of users')
    const { clock, log, guards } = this.#deps
    return this.#create(
      { spec, module, link },
      {
        clock,
        log: (level, message) => log[level](message, { filter: user.id }),
        onStray: (fault) => guards.blame(user, fault),
      },
    )
  }
}
