/** Tries Filters as a waypoint does before it puts them in force: its loader, its limits, its words. */
import path from 'node:path'
import { runTrial } from '../../config/filters/run-trial.ts'
import { formatModuleFault } from '../../filter/module/module-fault.ts'
import { CliError } from '../verb.ts'
import { readTarget, type DevFilter, type DevTarget } from './dev/target.ts'

/** What came of one Filter. */
export interface TriedFilter {
  /** As it is named in its object. */
  readonly name: string
  readonly module: string
  /** `stamp-version.ts:12: no such header`; `undefined`: it would be in force. */
  readonly fault: string | undefined
}

/** Tries those of these folders, one module after the other. Folders without any are passed over. */
export const tryFilters = async (folders: readonly string[]): Promise<readonly TriedFilter[]> => {
  const tried: TriedFilter[] = []
  for (const target of folders.flatMap(targetIn)) {
    for (const [module, filters] of Map.groupBy(target.filters, moduleOf)) {
      tried.push(...(await tryModule(target.folder, module, filters)))
    }
  }
  return tried
}

const targetIn = (folder: string): readonly DevTarget[] => {
  try {
    return [readTarget(folder)]
  } catch (error) {
    // A folder of several modules without any object, say: its tests are all that is asked for.
    if (error instanceof CliError) return []
    throw error
  }
}

const moduleOf = ({ spec }: DevFilter): string => (typeof spec['module'] === 'string' ? spec['module'] : '')

const tryModule = async (
  root: string,
  entry: string,
  filters: readonly DevFilter[],
): Promise<readonly TriedFilter[]> => {
  const orders = filters.map(({ spec }, i) => ({ key: String(i), config: spec['config'] ?? {} }))
  const { module, configs } = await runTrial({ root: path.resolve(root), entry, orders })
  return filters.map(({ name }, i) => {
    const outcome = 'fault' in module ? module : configs.get(String(i))
    if (outcome === undefined || !('fault' in outcome)) return { name, module: entry, fault: undefined }
    const { path: field, ...fault } = outcome.fault
    return {
      name,
      module: entry,
      fault: formatModuleFault(field === undefined ? fault : { message: `${field}: ${fault.message}` }),
    }
  })
}
