import { builtinFilters } from '../../../filters/index.ts'
import type { FilterHost } from '../../filter/env/instance-env.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import { createFilterInstances } from '../../filter/instances.ts'
import { anything } from '../../lib/schema.ts'
import type { Model } from '../../model/model.ts'
import { createModuleStore } from '../../proxy/apply/module-store.ts'
import { compile } from '../../snapshot/compile.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'

/** What filters are lent where nothing is served. */
export interface OfflineHost {
  /** Their clock. */
  readonly now: () => number
  /** Their chance, from 0 up to 1. */
  readonly random: () => number
}

/** The snapshot that a data plane would make of a model, with filters that have no mesh to call. */
export const compileOffline = (model: Model, { now, random }: OfflineHost): Snapshot => {
  const modules = createModuleStore()
  modules.use(model.filterModules ?? [])
  const host = { now, random, after: atOnce, log: () => {}, code: modules.code }
  const { make } = createFilterInstances([...builtinFilters, askedOffline], host)
  return compile(model, { generation: 1, filters: make })
}

/** Nothing is worth waiting for; what is still to come keeps no process alive. */
const atOnce: NonNullable<FilterHost['after']> = (_, run) => {
  const timer = setTimeout(run, 0)
  timer.unref()
  return () => clearTimeout(timer)
}

/** Stands where a data plane asks somebody else; here nobody can be asked. */
const askedOffline: FilterDefinition = {
  kind: 'ExternalAuth',
  stage: 'identify',
  config: anything(),
  create: () => ({}),
}
