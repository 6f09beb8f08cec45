import type { FilterModule, FilterSpec, UserFilter } from '../../model/filter-spec.ts'
import type { Filter, FilterDefinition, FilterEnv } from '../index.ts'
import { createReply } from '../reply.ts'
import { FilterMetrics } from './filter-metrics.ts'
import { limitLog } from './limited-log.ts'
import { createNoMesh } from './no-mesh.ts'

/** What of an environment reaches beyond the filter. */
export type LentEnv = Pick<
  FilterEnv,
  'fetch' | 'dispatcher' | 'forward' | 'allowsEgress' | 'counter' | 'histogram' | 'joinSiblings'
>

/** What the process lends to its filters; the rest of `FilterEnv` is made per instance. */
export interface FilterHost extends Pick<FilterEnv, 'now' | 'random'> {
  /** `filter` says whose line it is, where that is a user's. */
  readonly log: (...line: [...Parameters<FilterEnv['log']>, fields?: { readonly filter: string }]) => void
  /** Absent: nothing is ever served here, and nothing waited for. */
  readonly after?: FilterEnv['after']
  /** Asked when a filter first uses any of it; absent: there is no mesh to call, and nobody reads what is counted. */
  readonly env?: (spec: FilterSpec, signal: AbortSignal) => LentEnv
  /** The code of users' filters by digest; absent: there is none. */
  readonly code?: (digest: string) => FilterCode | undefined
  /** Stands before the hooks of a user's filter; absent: nothing does. */
  readonly guard?: (filter: Filter, spec: FilterSpec, definition: Pick<FilterDefinition, 'kind' | 'body'>) => Filter
  /** Called before code of a user is loaded and its filter made here; what it returns, behind that. */
  readonly enterCreate?: (user: UserFilter, kind: string) => () => void
  /** Whether a filter has taken a process down, and is not to be made before it may be called again. */
  readonly isHeld?: (user: UserFilter) => boolean
  /** Makes a user's filter that asks for a thread of its own; absent: it gets none, and runs where all others do. */
  readonly isolate?: (spec: FilterSpec, module: FilterModule) => Filter
}

/** A module of a user, which is evaluated when its first filter is made, and then kept. */
export interface FilterCode {
  readonly module: FilterModule
  readonly load: () => FilterDefinition | { readonly failure: string }
}

/** The environment of one instance. What it is lent is made when it is first used: thousands of filters never do. */
export class InstanceEnv implements FilterEnv {
  readonly now: FilterEnv['now']
  readonly random: FilterEnv['random']
  readonly after: FilterEnv['after']
  readonly log: FilterEnv['log']
  readonly #ending: Pick<AbortController, 'signal'>
  readonly #host: FilterHost
  readonly #spec: FilterSpec
  #lent: LentEnv | undefined

  constructor(host: FilterHost, spec: FilterSpec, ending: Pick<AbortController, 'signal'>) {
    this.now = host.now
    this.random = host.random
    this.after = host.after ?? never
    const { origin, user } = spec
    this.log =
      user === undefined
        ? host.log
        : limitLog({ log: (level, message) => host.log(level, message, { filter: user.id }), now: host.now, origin })
    this.#ending = ending
    this.#host = host
    this.#spec = spec
    // What a user's filter counts belongs to all of its versions: it is taken over before the last one is closed.
    if (spec.user !== undefined) this.#lend()
  }

  get origin(): string {
    return this.#spec.origin
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  get reply(): FilterEnv['reply'] {
    return createReply
  }

  get fetch(): FilterEnv['fetch'] {
    return this.#lend().fetch
  }

  get dispatcher(): FilterEnv['dispatcher'] {
    return this.#lend().dispatcher
  }

  get forward(): FilterEnv['forward'] {
    return this.#lend().forward
  }

  get allowsEgress(): FilterEnv['allowsEgress'] {
    return this.#lend().allowsEgress
  }

  get counter(): FilterEnv['counter'] {
    return this.#lend().counter
  }

  get histogram(): FilterEnv['histogram'] {
    return this.#lend().histogram
  }

  get joinSiblings(): FilterEnv['joinSiblings'] {
    return this.#lend().joinSiblings
  }

  #lend(): LentEnv {
    this.#lent ??= this.#host.env?.(this.#spec, this.signal) ?? createUnheardEnv()
    return this.#lent
  }
}

const never: FilterEnv['after'] = () => () => {}

/** Where filters are made only to see whether they can be: nothing can be called, and nobody sees what is counted. */
export const createUnheardEnv = (why = 'there is no mesh to call here'): LentEnv => {
  const { counter, histogram } = new FilterMetrics().open('')
  // Not spread: reading `dispatcher` is what fails.
  return Object.assign(createNoMesh(why), { allowsEgress: () => Promise.resolve(false), counter, histogram })
}
