import { stages } from './index.ts'
import type { Exchange, Filter, HookResult, Stage } from './index.ts'

/** A hook that can be asked whose it is: `kind` as in the definition, missing where a chain was made by hand. */
export interface Hook {
  (exchange: Exchange): HookResult
  readonly kind?: string | undefined
}

/** Filters composed once: only those that have the hook, in running order. */
export interface Chain {
  readonly filters: readonly Filter[]
  readonly onRequest: readonly Hook[]
  /** In reverse order of the requests. */
  readonly onResponse: readonly Hook[]
  readonly onComplete: readonly NonNullable<Filter['onComplete']>[]
}

/** A filter with the stage that its definition declares. */
export interface StagedFilter {
  readonly stage: Stage
  readonly filter: Filter
  readonly kind?: string
}

/** The chain of no filters; one object, so that a chain can be recognised as empty at a glance. */
export const emptyChain: Chain = Object.freeze({ filters: [], onRequest: [], onResponse: [], onComplete: [] })

/**
 * Puts filters in running order: by stage, and inside a stage as listed. Hooks are bound to their filter, so that
 * the proxy may call them as plain functions.
 */
export const composeChain = (staged: readonly StagedFilter[]): Chain => {
  if (staged.length === 0) return emptyChain
  const sorted = staged.toSorted((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage))
  const filters = sorted.map(({ filter }) => filter)
  return {
    filters,
    onRequest: sorted.flatMap(({ filter, kind }) => bindHook(filter, filter.onRequest, kind)),
    onResponse: sorted.toReversed().flatMap(({ filter, kind }) => bindHook(filter, filter.onResponse, kind)),
    onComplete: filters.flatMap((filter) => filter.onComplete?.bind(filter) ?? []),
  }
}

const bindHook = (filter: Filter, hook: Filter['onRequest'], kind: string | undefined): readonly Hook[] =>
  hook === undefined ? [] : [Object.assign(hook.bind(filter), { kind })]
