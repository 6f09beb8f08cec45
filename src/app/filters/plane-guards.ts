import { join } from 'node:path'
import { markAsUntransferable } from 'node:worker_threads'
import type { FilterHealth } from '../../filter/guard/filter-health.ts'
import type { FilterFault } from '../../filter/guard/failure.ts'
import { createFilterGuards } from '../../filter/guard/guard.ts'
import type { FilterGuards } from '../../filter/guard/guard.ts'
import { createHookSlots } from '../../filter/guard/hook-slots.ts'
import type { HookSlots } from '../../filter/guard/hook-slots.ts'
import { locateError } from '../../filter/module/module-fault.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import type { UserFilter } from '../../model/filter-spec.ts'
import type { Model } from '../../model/model.ts'
import type { Counters } from '../../proxy/counters.ts'
import { withoutSecrets } from '../../proxy/request/without-secrets.ts'
import { Warnings } from '../../proxy/warnings.ts'
import { blameStray } from './blame-stray.ts'
import type { OwnedFile } from '../watchdog/heap-owners.ts'
import type { WatchedCode } from '../watchdog/stack-owner.ts'

/** The guards of a data plane, with where the code that they guard comes from. */
export interface PlaneGuards extends FilterGuards {
  readonly slots: HookSlots
  /** Call it with each model before it is applied. */
  readonly observe: (model: Pick<Model, 'filterModules'>) => void
  /** What a module is made of, by its digest. */
  readonly codeOf: (digest: string) => WatchedCode | undefined
  /** Which module, by its digest, a file belongs to. */
  readonly ownerOf: (path: string) => OwnedFile | undefined
  /** Whether an error that nobody caught is a filter's doing, and not ours; then it is counted against the filter. */
  readonly blameStray: (error: unknown, kind: 'throw' | 'reject') => boolean
  /** Counts what a filter failed of outside of its hooks. */
  readonly blame: (user: UserFilter, fault: FilterFault) => void
  readonly tick: () => void
}

/** Makes the guards of a data plane: they count and log what they see. */
export const createPlaneGuards = (parts: {
  readonly clock: Clock
  readonly log: Logger
  readonly counters: Counters
  /** Told before a filter is made in this process. */
  readonly onCreate?: (health: FilterHealth) => void
}): PlaneGuards => {
  const { clock, log, counters } = parts
  const failures = new Warnings(clock, (message) => log.error(message))
  const slots = createHookSlots()
  let roots: ReadonlyMap<string, string> = new Map()
  let codes: ReadonlyMap<string, WatchedCode> = new Map()
  let files: ReadonlyMap<string, OwnedFile> = new Map()
  const guards = createFilterGuards({
    clock,
    slots,
    ...(parts.onCreate === undefined ? {} : { onCreate: parts.onCreate }),
    pin: markAsUntransferable,
    describe: (error, headers) => hideSecrets(withoutSecrets(error, headers)),
    locate: (error, { module }) => {
      const root = roots.get(module)
      return root === undefined ? undefined : locateError(error, root)
    },
    onFailure: ({ id, message }) => {
      counters.filterErrors++
      failures.warn(id, message)
    },
    onQuarantine: ({ id, kind, message }) => log.error(message, { event: 'filter-quarantined', filter: id, kind }),
  })
  return {
    ...guards,
    slots,
    observe: ({ filterModules = [] }) => {
      roots = new Map(filterModules.map(({ digest, root }) => [digest, root]))
      codes = new Map(
        filterModules.map(({ digest, root, entry, files: own }) => {
          const named = Object.fromEntries(Object.keys(own).map((file) => [join(root, file), file]))
          return [digest, { entry, files: named }]
        }),
      )
      files = new Map(
        filterModules.flatMap(({ digest, root, files: own }) =>
          Object.keys(own).map((file) => [join(root, file), { owner: digest, file }] as const),
        ),
      )
    },
    ownerOf: (path) => files.get(path),
    codeOf: (digest) => codes.get(digest),
    blameStray: (error, kind) => blameStray(error, kind, { guards, ownerOf: (path) => files.get(path), log }),
    blame: (user, fault) => {
      const health = [...guards.healths()].find(
        ({ user: { id, version } }) => id === user.id && version === user.version,
      )
      health?.count({ kind: 'throw', error: fault, text: fault.message })
    },
    tick: () => failures.tick(),
  }
}
