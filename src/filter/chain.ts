import { stages } from './index.ts'
import type { Filter, Stage } from './index.ts'

/** Filters composed once: only those that have the hook, in running order. */
export interface Chain {
  readonly filters: readonly Filter[]
  readonly onRequest: readonly NonNullable<Filter['onRequest']>[]
  /** In reverse order of the requests. */
  readonly onResponse: readonly NonNullable<Filter['onResponse']>[]
  readonly onComplete: readonly NonNullable<Filter['onComplete']>[]
}

/** A filter with the stage that its definition declares. */
export interface StagedFilter {
  readonly stage: Stage
  readonly filter: Filter
}

/** The chain of no filters; one object, so that a chain can be recognised as empty at a glance. */
export const emptyChain: Chain = Object.freeze({ filters: [], onRequest: [], onResponse: [], onComplete: [] })

/**
 * Puts filters in running order: by stage, and inside a stage as listed. Hooks are bound to their filter, so that
 * the proxy may call them as plain functions.
 */
export const composeChain = (staged: readonly StagedFilter[]): Chain => {
  if (staged.length === 0) return emptyChain
  const filters = staged.toSorted((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage)).map((s) => s.filter)
  return {
    filters,
    onRequest: filters.flatMap((filter) => filter.onRequest?.bind(filter) ?? []),
    onResponse: filters.toReversed().flatMap((filter) => filter.onResponse?.bind(filter) ?? []),
    onComplete: filters.flatMap((filter) => filter.onComplete?.bind(filter) ?? []),
  }
}
