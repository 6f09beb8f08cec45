import type { FilterCode } from '../../filter/env/instance-env.ts'
import { evaluateModule } from '../../filter/module/evaluate-module.ts'
import { formatModuleFault } from '../../filter/module/module-fault.ts'
import type { FilterModule } from '../../model/filter-spec.ts'

/** The code of users' filters that the latest model is made of; what no model has any more is forgotten. */
export interface ModuleStore {
  /** Call before a model is compiled. */
  readonly use: (modules: readonly FilterModule[]) => void
  readonly code: (digest: string) => FilterCode | undefined
}

/** Makes one; modules are evaluated when a filter of theirs is made. */
export const createModuleStore = (): ModuleStore => {
  let known: ReadonlyMap<string, FilterCode> = new Map()
  return {
    use: (modules) => {
      if (modules.length === 0 && known.size === 0) return
      known = new Map(modules.map((module) => [module.digest, known.get(module.digest) ?? createCode(module)]))
    },
    code: (digest) => known.get(digest),
  }
}

const createCode = (module: FilterModule): FilterCode => {
  let loaded: ReturnType<FilterCode['load']> | undefined
  const load: FilterCode['load'] = () => {
    const evaluated = evaluateModule(module)
    return evaluated.ok ? evaluated.definition : { failure: formatModuleFault(evaluated.fault) }
  }
  return { module, load: () => (loaded ??= load()) }
}
