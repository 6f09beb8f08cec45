import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { formatModuleFault } from '../../filter/module/module-fault.ts'
import { isEqual } from '../../lib/is-equal.ts'
import type { UserFilter } from '../../model/filter-spec.ts'
import type { FilterObject, UserContent } from '../objects/filter/filter-object.ts'
import { formatFaults } from '../translate/conditions.ts'
import {
  versionKey,
  type FilterVersion,
  type FilterVersions,
  type RefusedVersion,
} from '../translate/filter/filter-version.ts'
import { hashOf, readText, type ModuleSource } from './read-module.ts'
import { runTrial, type TrialOutcome } from './run-trial.ts'
import type { TriedModule } from './trial-messages.ts'

/** Of one module. */
type Contents = readonly [UserContent, ...UserContent[]]

/** Finds out which versions of Filters are good, and remembers the last good one of each. */
export interface FilterTrials {
  /**
   * Tries what has not been tried of these Filters, one module after the other; the same map as before when nothing came
   * of it. One call at a time.
   */
  readonly settle: (filters: readonly FilterObject[]) => Promise<FilterVersions>
  /** What is known of these Filters while others are being tried: of what has not been, the last good version. */
  readonly known: (filters: readonly FilterObject[]) => FilterVersions
  /** Whether any file is not as it was when it was tried. */
  readonly isStale: () => boolean
  /** All files that were looked at, below the folder. */
  readonly sources: () => readonly string[]
}

/** What a module came to, with all configurations that were tried with it, by their JSON. */
type Tried = TrialOutcome

/** Makes one for the modules of the folder `root`. */
export const createFilterTrials = (root: string, tryOut: typeof runTrial = runTrial): FilterTrials => {
  let tried: ReadonlyMap<string, Tried> = new Map()
  let versions: FilterVersions = new Map()
  /** What came of the trials that a `settle` under way has made. */
  let soFar: ReadonlyMap<string, Tried> = new Map()

  const settleModule = async (name: string, contents: Contents): Promise<Tried> => {
    const [first] = contents
    const { module: entry, isApp } = first
    const before = tried.get(name)
    const known = before !== undefined && isAsItWas(root, before.sources) ? before : undefined
    const configs = new Map(contents.map(({ config }) => [keyOf(config), config]))
    const orders = [...configs].filter(([key]) => known?.configs.has(key) !== true)
    if (known !== undefined && ('fault' in known.module || orders.length === 0)) return known
    const now = await tryOut({
      root,
      entry,
      ...(isApp === undefined ? {} : { isApp }),
      orders: orders.map(([key, config]) => ({ key, config })),
    })
    const isSame = known !== undefined && isEqual(known.sources, now.sources)
    return isSame ? { ...now, configs: new Map([...known.configs, ...now.configs]) } : now
  }

  /** A file that changed in between is another module, for which not all of its configurations were tried. */
  const settleWhole = async (key: string, contents: Contents): Promise<Tried> => {
    let now = await settleModule(key, contents)
    for (let again = 0; again < 3 && !isWhole(now, contents); again++) {
      tried = new Map([...tried, [key, now]])
      now = await settleModule(key, contents)
    }
    return now
  }

  const judgeAll = (filters: readonly FilterObject[], by: ReadonlyMap<string, Tried>, why: string): FilterVersions => {
    const found = new Map<string, FilterVersion>()
    for (const filter of filters) {
      const key = versionKey(filter)
      const before = versions.get(key)
      const now = judge(filter, { tried: by, before, why })
      found.set(key, before !== undefined && isEqual(before, now) ? before : now)
    }
    const isSame = found.size === versions.size && [...found].every(([key, one]) => versions.get(key) === one)
    if (!isSame) versions = found
    return versions
  }

  return {
    known: (filters) => judgeAll(filters, new Map([...tried, ...soFar]), 'it is still being tried'),
    settle: async (filters) => {
      const byModule = Map.groupBy(
        filters.flatMap(({ content }) => (content?.kind === 'user' ? [content] : [])),
        moduleKey,
      )
      const next = new Map<string, Tried>()
      soFar = next
      for (const [key, [first, ...rest]] of byModule)
        if (first !== undefined) next.set(key, await settleWhole(key, [first, ...rest]))
      tried = next
      return judgeAll(filters, next, 'its files change all the time')
    },
    isStale: () => [...tried.values()].some(({ sources }) => !isAsItWas(root, sources)),
    sources: () => [...new Set([...tried.values()].flatMap(({ sources }) => sources.map(({ file }) => file)))],
  }
}

/** The same file may be that of an App and of a Filter; at most one of them is any good. */
const moduleKey = ({ module, isApp }: UserContent): string => (isApp === true ? `app ${module}` : module)

const keyOf = (config: unknown): string => JSON.stringify(config)

const isWhole = ({ module, configs }: Tried, contents: Contents): boolean =>
  'fault' in module || contents.every(({ config }) => configs.has(keyOf(config)))

const isAsItWas = (root: string, sources: readonly ModuleSource[]): boolean =>
  sources.every(({ file, hash }) => {
    const text = readText(join(root, file))
    return (text === undefined ? undefined : hashOf(text)) === hash
  })

/** What a Filter comes to; what was in force stays so while what it asks for is no good. */
const judge = (
  { content, defects, metadata }: FilterObject,
  {
    tried,
    before,
    why,
  }: {
    readonly tried: ReadonlyMap<string, Tried>
    readonly before: FilterVersion | undefined
    /** There is nothing known. */
    readonly why: string
  },
): FilterVersion => {
  const refuse = (refused: RefusedVersion): FilterVersion => ({
    ...(before?.inForce === undefined ? {} : { inForce: before.inForce }),
    refused,
  })
  if (content?.kind !== 'user') return refuse({ message: formatFaults(defects), path: defects[0]?.path ?? 'spec' })
  const of = tried.get(moduleKey(content))
  if (of === undefined) return refuse({ message: why, path: 'spec.module' })
  if ('fault' in of.module) return refuse({ message: formatModuleFault(of.module.fault), path: 'spec.module' })
  const config = of.configs.get(keyOf(content.config))
  if (config === undefined) return refuse({ message: why, path: 'spec.module' })
  if ('fault' in config) {
    const { path = 'spec.module' } = config.fault
    return refuse({ message: formatModuleFault(config.fault), path })
  }
  if (config.hooks.includes('serve') && content.settings.isolation === 'thread') {
    return refuse({ message: 'a filter that serves cannot have a thread of its own', path: 'spec.isolation' })
  }
  const user = userOf(content, { id: `${metadata.namespace}/${metadata.name}`, of: of.module, hooks: config.hooks })
  return { inForce: { module: of.module.module, config: content.config, user } }
}

const userOf = (
  { config, settings }: UserContent,
  { id, of, hooks }: { readonly id: string; readonly of: TriedModule; readonly hooks: readonly string[] },
): UserFilter => {
  const { hookMs, waitMs, isolation } = settings
  const failureMode = settings.failureMode ?? of.failureMode ?? 'closed'
  const module = of.module.digest
  const whole = JSON.stringify([module, config, { failureMode, hookMs, waitMs, isolation }])
  const version = createHash('sha256').update(whole).digest('hex').slice(0, 8)
  return { id, module, version, failureMode, hookMs, waitMs, isolation, hooks }
}
