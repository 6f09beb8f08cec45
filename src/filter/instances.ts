import type { Issue } from '../lib/decoded.ts'
import { thrownMessage } from '../lib/errors/thrown-text.ts'
import { hideFound } from '../lib/secrets/hide-found.ts'
import { hideSecrets } from '../lib/secrets/hide-secrets.ts'
import type { StagedFilter } from './chain.ts'
import { InstanceEnv, type FilterCode, type FilterHost } from './env/instance-env.ts'
import { LateSignal } from './env/late-signal.ts'
import type { Filter, FilterDefinition } from './index.ts'
import { instanceKey } from './instance-key.ts'
import { createLazyFilter } from './lazy-filter.ts'
import type { FilterSpec, UserFilter } from '../model/filter-spec.ts'

/** The filter for a spec, or why there can be none; never throws. The same spec gives the same instance. */
export type FilterFactory = (spec: FilterSpec) => StagedFilter | { readonly failure: string }

/**
 * Owns filter instances across snapshots. An instance is known by kind, origin, canonical configuration and, if it is a
 * user's, its version; so its state (token buckets, caches) outlives a swap that did not change it.
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
  readonly abort: LateSignal
}

/** Makes the owner of all filter instances of a process. Two definitions of one kind are a start-up failure. */
export const createFilterInstances = (definitions: readonly FilterDefinition[], host: FilterHost): FilterInstances => {
  const byKind = new Map(definitions.map((definition) => [definition.kind, definition]))
  if (byKind.size !== definitions.length) throw new Error('two filter definitions have the same kind')
  const instances = new Map<string, Instance>()
  const generations = new Map<number, ReadonlySet<Filter>>()

  const make: FilterFactory = (spec) => {
    const key = instanceKey(spec)
    const known = instances.get(key)
    if (known !== undefined) return known.staged
    const made =
      spec.user === undefined
        ? createInstance(byKind.get(spec.kind) ?? { failure: `no filter of kind ${spec.kind}` }, spec, host)
        : createUserInstance(spec, spec.user, host)
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

/** One in a thread of its own is not even loaded here. */
const createUserInstance = (
  spec: FilterSpec,
  user: UserFilter,
  host: FilterHost,
): Instance | { readonly failure: string } => {
  const code = host.code?.(user.module)
  if (code === undefined) return { failure: `${spec.origin}: the code of Filter ${user.id} is not here` }
  const { kind, stage, body } = code.module
  if (user.isolation === 'none' || host.isolate === undefined) {
    const { guard: _, ...unguarded } = host
    const makeHere = (by: FilterHost): ReturnType<typeof createInstance> => {
      const leave = host.enterCreate?.(user, kind)
      try {
        return createInstance(code.load(), spec, by)
      } finally {
        leave?.()
      }
    }
    if (host.isHeld?.(user) !== true) return makeHere(host)
    return createHeldInstance(spec, { user, code, host }, () => makeHere(unguarded))
  }
  const filter = guardFilter(host.isolate(spec, code.module), { spec, kind, body }, host)
  return { staged: { stage, filter, kind, body, spec }, abort: new LateSignal() }
}

/** It has taken a process down, perhaps by being made: that is tried again when it may be called again. */
const createHeldInstance = (
  spec: FilterSpec,
  { user, code, host }: { readonly user: UserFilter; readonly code: FilterCode; readonly host: FilterHost },
  make: () => ReturnType<typeof createInstance>,
): Instance => {
  const { kind, stage, body } = code.module
  const abort = new LateSignal()
  const lazy = createLazyFilter(user.hooks ?? [], () => {
    const made = make()
    if ('failure' in made) throw new Error(made.failure)
    abort.signal.addEventListener('abort', () => made.abort.abort())
    return made.staged.filter
  })
  return { staged: { stage, filter: guardFilter(lazy, { spec, kind, body }, host), kind, body, spec }, abort }
}

const createInstance = (
  definition: FilterDefinition | { readonly failure: string },
  spec: FilterSpec,
  host: FilterHost,
): Instance | { readonly failure: string } => {
  if ('failure' in definition) return { failure: `${spec.origin}: ${definition.failure}` }
  const { kind, stage, body } = definition
  const abort = new LateSignal()
  try {
    const decoded = definition.config.decode(spec.config, kind)
    if (!decoded.ok) {
      const issues = decoded.issues.map((issue) => formatIssue(hideFound(issue, { [kind]: spec.config })))
      return { failure: `${spec.origin}: ${issues.join('; ')}` }
    }
    const made = definition.create(decoded.value, new InstanceEnv(host, spec, abort))
    return { staged: { stage, filter: guardFilter(made, { spec, kind, body }, host), kind, body, spec }, abort }
  } catch (error) {
    // What it has begun is not wanted any more.
    abort.abort()
    // User code: whatever it throws closes its rule, not the process.
    return { failure: `${spec.origin}: filter ${kind} could not be made: ${describe(error)}` }
  }
}

interface Guarded {
  readonly spec: FilterSpec
  readonly kind: string
  readonly body: FilterDefinition['body'] | undefined
}

const guardFilter = (filter: Filter, { spec, kind, body }: Guarded, { guard }: FilterHost): Filter =>
  guard === undefined || spec.user === undefined
    ? filter
    : guard(filter, spec, { kind, ...(body === undefined ? {} : { body }) })

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

/** What user code says of its configuration, which may hold secrets. */
const describe = (error: unknown): string => hideSecrets(thrownMessage(error))
