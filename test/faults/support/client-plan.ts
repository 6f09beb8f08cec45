import type { SteadyAnswer, SteadyLoadOptions, SteadyReport } from '../../e2e/support/resilience/steady-load.ts'

/** What a client process does. */
export type ClientPlan = Omit<SteadyLoadOptions, 'onAnswer'>

export type ToClient =
  | { readonly kind: 'start'; readonly plan: ClientPlan }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'stop'; readonly waitMs: number }

/** Each order is answered by one of these, or by `failed`. */
export type FromClient =
  | { readonly kind: 'started' }
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'stopped'; readonly report: SteadyReport; readonly answers: readonly SteadyAnswer[] }
  | { readonly kind: 'failed'; readonly message: string }
