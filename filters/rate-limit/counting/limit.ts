/** How much in how long, as those who count take it. */
export interface Limit {
  readonly name: string
  readonly algorithm: 'TokenBucket' | 'SlidingWindow'
  readonly requests: number
  readonly periodMs: number
  /** What may come at once; of a SlidingWindow `requests`. */
  readonly burst: number
  readonly isShadow: boolean
}

/** What a request wants of one limit. */
export interface Demand {
  readonly limit: Limit
  /** Whom it counts for. */
  readonly key: string
  /** 0: something must be left, and nothing is taken. */
  readonly cost: number
  /** The key part by part, with their names, for those who count elsewhere and want it so. */
  readonly entries?: readonly (readonly [name: string, value: string])[]
}

/** How a request stands with one limit, after it was decided. */
export interface Standing {
  readonly limit: Limit
  /** Until the same request would pass; 0 when it does. */
  readonly waitMs: number
  /** How much is left; never below 0. */
  readonly remaining: number
  /** Until all of it is there again. */
  readonly resetMs: number
}

/**
 * What became of the demands of one request. Nobody who passes is told `standings`, unless they were asked for: to pass is
 * the common case.
 */
export interface Decision {
  readonly isAllowed: boolean
  /** Those who count could not be asked, and without them nothing passes. */
  readonly isUnavailable?: true
  readonly standings: readonly Standing[]
}

/** Decides on requests: all limits let it pass (those in shadow do not count), or nothing is taken from any. */
export interface Limiter {
  readonly decide: (demands: readonly Demand[], nowMs: number) => Decision | Promise<Decision>
  /** Takes more, whatever is left: what is owed has to be earned back. */
  readonly charge: (demands: readonly Demand[], nowMs: number) => void
  readonly close?: () => void
}

/** Nobody could decide. */
export const unavailable: Decision = { isAllowed: false, isUnavailable: true, standings: [] }

/** It passes, and nobody wants to know more. */
export const passed: Decision = { isAllowed: true, standings: [] }
