import type { HeaderList } from '../http/header-list.ts'
import type { FilterSpec } from '../model/filter-spec.ts'
import { stages } from './index.ts'
import type { BodyMode, BodyTransform, BodyUse, Exchange, Filter, HookResult, Stage, Tunnel } from './index.ts'
import type { Served, Serving } from './serve/serving.ts'

/** What is kept of a body for a filter that does not say how much it needs. */
const DEFAULT_LIMIT_BYTES = 1024 * 1024

/** A hook that can be asked whose it is: `kind` as in the definition, missing where a chain was made by hand. */
export interface Hook {
  (exchange: Exchange): HookResult
  readonly kind?: string | undefined
}

/** Asks a filter what it does to the body of an exchange. */
export interface BodyHook {
  (exchange: Exchange): BodyTransform | void
  readonly kind?: string | undefined
  readonly mode: BodyMode
  readonly limitBytes: number
}

export interface TrailersHook {
  (trailers: HeaderList, exchange: Exchange): void | Promise<void>
  readonly kind?: string | undefined
}

export interface TunnelHook {
  (tunnel: Tunnel): HookResult
  readonly kind?: string | undefined
}

/** Asks a filter whether it answers a request itself. */
export interface ServeHook {
  (exchange: Exchange, serving: Serving): Served | void
  readonly kind?: string | undefined
}

/** What a chain does to bodies and trailers of requests, in running order, or of responses, in reverse. */
export interface BodyHooks {
  readonly transforms: readonly BodyHook[]
  readonly trailers: readonly TrailersHook[]
}

/** Filters composed once: only those that have the hook, in running order. */
export interface Chain {
  readonly filters: readonly Filter[]
  /** The same with what was said of them. */
  readonly staged: readonly StagedFilter[]
  readonly onRequest: readonly Hook[]
  /** In reverse order of the requests. */
  readonly onResponse: readonly Hook[]
  readonly onComplete: readonly NonNullable<Filter['onComplete']>[]
  readonly onTunnel: readonly TunnelHook[]
  readonly serve: readonly ServeHook[]
  /** `undefined`, as for responses: nobody looks. */
  readonly requestBody: BodyHooks | undefined
  readonly responseBody: BodyHooks | undefined
}

/** A filter with the stage that its definition declares. */
export interface StagedFilter {
  readonly stage: Stage
  readonly filter: Filter
  readonly kind?: string
  /** As its definition has it. */
  readonly body?: BodyUse | undefined
  /** What it was made from; missing where a chain was made by hand. */
  readonly spec?: FilterSpec
}

/** The chain of no filters; one object, so that a chain can be recognised as empty at a glance. */
export const emptyChain: Chain = Object.freeze({
  filters: [],
  staged: [],
  onRequest: [],
  onResponse: [],
  onComplete: [],
  onTunnel: [],
  serve: [],
  requestBody: undefined,
  responseBody: undefined,
})

/**
 * Puts filters in running order: by stage, and inside a stage as listed. Hooks are bound to their filter, so that
 * the proxy may call them as plain functions.
 */
export const composeChain = (staged: readonly StagedFilter[]): Chain => {
  if (staged.length === 0) return emptyChain
  const sorted = staged.toSorted((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage))
  const reversed = sorted.toReversed()
  const filters = sorted.map(({ filter }) => filter)
  return {
    filters,
    staged: sorted,
    onRequest: fit(sorted.flatMap(({ filter, kind }) => bindHook(filter, filter.onRequest, { kind }))),
    onResponse: fit(reversed.flatMap(({ filter, kind }) => bindHook(filter, filter.onResponse, { kind }))),
    onComplete: fit(filters.flatMap((filter) => filter.onComplete?.bind(filter) ?? [])),
    onTunnel: fit(sorted.flatMap(({ filter, kind }) => bindHook(filter, filter.onTunnel, { kind }))),
    serve: fit(sorted.flatMap(({ filter, kind }) => bindHook(filter, filter.serve, { kind }))),
    requestBody: bodyHooks(sorted, 'request'),
    responseBody: bodyHooks(reversed, 'response'),
  }
}

const none: readonly never[] = []

/** What grew has place for 17, and there are thousands of chains: a copy is as long as it has to be, and none is one. */
const fit = <T>(list: readonly T[]): readonly T[] => (list.length === 0 ? none : list.slice())

const bodyHooks = (staged: readonly StagedFilter[], side: 'request' | 'response'): BodyHooks | undefined => {
  const transforms = staged.flatMap(({ filter, kind, body }) => {
    const mode = body?.[side]
    const hook = side === 'request' ? filter.transformRequest : filter.transformResponse
    if (mode === undefined) return []
    return bindHook(filter, hook, { kind, mode, limitBytes: body?.limitBytes ?? DEFAULT_LIMIT_BYTES })
  })
  const trailers = staged.flatMap(({ filter, kind }) =>
    bindHook(filter, side === 'request' ? filter.onRequestTrailers : filter.onResponseTrailers, { kind }),
  )
  return transforms.length + trailers.length === 0 ? undefined : { transforms, trailers }
}

const bindHook = <Args extends unknown[], Result, About extends object>(
  filter: Filter,
  hook: ((...args: Args) => Result) | undefined,
  about: About,
): readonly (((...args: Args) => Result) & About)[] =>
  hook === undefined ? [] : [Object.assign(hook.bind(filter), about)]
