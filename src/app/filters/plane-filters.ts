import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { Model } from '../../model/model.ts'
import { createModuleStore } from '../../proxy/apply/module-store.ts'
import type { Counters } from '../../proxy/counters.ts'
import type { UserFilterHost } from '../../proxy/data-plane-options.ts'
import { FilterWatch } from './filter-watch.ts'
import { createPlaneGuards, type PlaneGuards } from './plane-guards.ts'
import { PlaneIsolation } from './plane-isolation.ts'

/** What a data plane does about the filters of users. Without `--filters` there are none, and this is not loaded. */
export interface PlaneFilters {
  readonly host: UserFilterHost
  readonly guards: PlaneGuards
  /** Call it with each model before it is applied. */
  readonly prepare: (model: Model) => Promise<void>
  /** Call it when another configuration is in force. */
  readonly observe: () => Promise<void>
  readonly close: () => void
}

export interface PlaneFilterParts {
  readonly clock: Clock
  readonly log: Logger
  readonly counters: Counters
  /** What the process may use. */
  readonly memoryBytes: number
}

export type CreatePlaneFilters = (parts: PlaneFilterParts) => PlaneFilters

/**
 * For a process of its own: filters that hold its loop are found, and told of in the pipe to the primary. Without that
 * pipe, where somebody looks into the process with a debugger, nobody watches.
 */
export const planeFiltersWith =
  (reportFd: number | undefined): CreatePlaneFilters =>
  ({ clock, log, counters, memoryBytes }) => {
    const guards: PlaneGuards = createPlaneGuards({ clock, log, counters, onCreate: (health) => watch.add(health) })
    const isolation = new PlaneIsolation({ clock, log, guards })
    const watch = new FilterWatch({ guards, log, clock, memoryBytes, reportFd })
    return {
      host: {
        guard: guards.guard,
        enterCreate: guards.enterCreate,
        isHeld: guards.isHeld,
        isolate: isolation.isolate,
        modules: createModuleStore(),
      },
      guards,
      prepare: async (model) => {
        guards.observe(model)
        if ((model.filterModules?.length ?? 0) > 0) await watch.prepare()
        await isolation.prepare(model)
      },
      observe: () => watch.observe(),
      close: () => watch.close(),
    }
  }
