/** Tries Filters as a waypoint does before it puts them in force: its loader, its limits, its words. */
import path from 'node:path'
import { runTrial } from '../../config/filters/run-trial.ts'
import { formatModuleFault } from '../../filter/module/module-fault.ts'
import { CliError } from '../verb.ts'
import { readTarget, type DevFilter, type DevTarget } from './dev/target.ts'

/** What came of one Filter. */
export interface TriedFilter extends Pick<DevFilter, 'kind'> {
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
    for (const filters of Map.groupBy(target.filters, moduleOf).values()) {
      tried.push(...(await tryModule(target.folder, filters)))
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

const moduleOf = (filter: DevFilter): string => `${filter.kind} ${entryOf(filter)}`

const entryOf = ({ spec }: DevFilter): string => (typeof spec['module'] === 'string' ? spec['module'] : '')

/** Fields of an App that are not for its module, but about it. */
const aboutCode = ['module', 'budget', 'failureMode', 'targetRefs']

const configOf = ({ kind, spec }: DevFilter): unknown =>
  kind === 'Filter'
    ? (spec['config'] ?? {})
    : Object.fromEntries(Object.entries(spec).filter(([name]) => !aboutCode.includes(name)))

const tryModule = async (root: string, filters: readonly DevFilter[]): Promise<readonly TriedFilter[]> => {
  const [first] = filters
  if (first === undefined) return []
  const entry = entryOf(first)
  const orders = filters.map((filter, i) => ({ key: String(i), config: configOf(filter) }))
  const what = first.kind === 'App' ? ({ isApp: true } as const) : {}
  const { module, configs } = await runTrial({ root: path.resolve(root), entry, ...what, orders })
  return filters.map(({ kind, name }, i) => {
    const outcome = 'fault' in module ? module : configs.get(String(i))
    if (outcome === undefined || !('fault' in outcome)) return { kind, name, module: entry, fault: undefined }
    const { path: field, ...fault } = outcome.fault
    return {
      kind,
      name,
      module: entry,
      fault: formatModuleFault(field === undefined ? fault : { message: `${field}: ${fault.message}` }),
    }
  })
}
