import type { Issue } from '../lib/decoded.ts'
import { hideFound } from '../lib/secrets/hide-found.ts'
import { hideSecrets } from '../lib/secrets/hide-secrets.ts'
import type { StagedFilter } from './chain.ts'
import { InstanceEnv, type FilterHost } from './env/instance-env.ts'
import type { Filter, FilterDefinition } from './index.ts'
import type { FilterSpec } from '../model/filter-spec.ts'

/** The filter for a spec, or why there can be none; never throws. The same spec gives the same instance. */
export type FilterFactory = (spec: FilterSpec) => StagedFilter | { readonly failure: string }

/**
 * Owns filter instances across snapshots. An instance is known by kind, origin and canonical configuration, so that
 * its state (token buckets, caches) outlives a swap that did not change it.
 */
export interface FilterInstances {
  readonly make: FilterFactory
  /** Notes which filters a generation uses; call it directly after `compile`, before the swap. */
  readonly retain: (generation: number, filters: Iterable<Filter>) => void
  /** Call when a generation is no longer current and its last exchange is over: closes what no other one uses. */
  readonly release: (generation: number) => void
  /** Instances alive, for tests and the admin API. */
  readonly size: () => number
}

interface Instance {
  readonly staged: StagedFilter
  readonly abort: AbortController
}

/** Makes the owner of all filter instances of a process. Two definitions of one kind are a start-up failure. */
export const createFilterInstances = (definitions: readonly FilterDefinition[], host: FilterHost): FilterInstances => {
  const byKind = new Map(definitions.map((definition) => [definition.kind, definition]))
  if (byKind.size !== definitions.length) throw new Error('two filter definitions have the same kind')
  const instances = new Map<string, Instance>()
  const generations = new Map<number, ReadonlySet<Filter>>()

  const make: FilterFactory = (spec) => {
    const key = `${spec.kind}\n${spec.origin}\n${canonicalJson(spec.config)}`
    const known = instances.get(key)
    if (known !== undefined) return known.staged
    const definition = byKind.get(spec.kind)
    if (definition === undefined) return { failure: `${spec.origin}: no filter of kind ${spec.kind}` }
    const made = createInstance(definition, spec, host)
    if ('failure' in made) return made
    instances.set(key, made)
    return made.staged
  }

  const release = (generation: number): void => {
    if (!generations.delete(generation)) return
    for (const [key, instance] of instances) {
      if (isUsed(generations, instance.staged.filter)) continue
      instances.delete(key)
      closeInstance(instance, key, host)
    }
  }

  return {
    make,
    retain: (generation, filters) => void generations.set(generation, new Set(filters)),
    release,
    size: () => instances.size,
  }
}

const createInstance = (
  definition: FilterDefinition,
  spec: FilterSpec,
  host: FilterHost,
): Instance | { readonly failure: string } => {
  const decoded = definition.config.decode(spec.config, spec.kind)
  if (!decoded.ok) {
    const issues = decoded.issues.map((issue) => formatIssue(hideFound(issue, { [spec.kind]: spec.config })))
    return { failure: `${spec.origin}: ${issues.join('; ')}` }
  }
  const abort = new AbortController()
  const env = new InstanceEnv(host, spec, abort.signal)
  try {
    return {
      staged: {
        stage: definition.stage,
        filter: definition.create(decoded.value, env),
        kind: spec.kind,
        body: definition.body,
      },
      abort,
    }
  } catch (error) {
    // User code: whatever it throws closes its rule, not the process.
    return { failure: `${spec.origin}: filter ${spec.kind} could not be made: ${describe(error)}` }
  }
}

const isUsed = (generations: ReadonlyMap<number, ReadonlySet<Filter>>, filter: Filter): boolean => {
  for (const used of generations.values()) if (used.has(filter)) return true
  return false
}

const closeInstance = (instance: Instance, key: string, host: FilterHost): void => {
  instance.abort.abort()
  try {
    instance.staged.filter.close?.()
  } catch (error) {
    const [kind, origin] = key.split('\n')
    host.log('error', `${origin}: closing filter ${kind} failed: ${describe(error)}`)
  }
}

const formatIssue = ({ path = '', message, found, expected }: Issue): string =>
  `${path} ${message}: found ${found ?? 'nothing'}, expected ${expected ?? 'something else'}`

/** JSON with the keys of each object in order, so that the same configuration written differently is the same text. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )

/** What user code says of its configuration, which may hold secrets. */
const describe = (error: unknown): string => hideSecrets(error instanceof Error ? error.message : String(error))
