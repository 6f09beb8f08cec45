import type { SteadyAnswer } from '../../e2e/support/resilience/steady-load.ts'

/**
 * From `healedMs` (by `Date.now()`) until the last answer came that was none, or took longer than `usualMs` and had to do
 * with the fault; 0 when none came later.
 */
export const recoveryMs = (answers: readonly SteadyAnswer[], healedMs: number, usualMs: number): number =>
  answers
    .filter(({ isGood, tookMs }) => !isGood || tookMs > usualMs)
    .reduce((last, { dueAtMs, tookMs }) => Math.max(last, Math.round(dueAtMs + tookMs - healedMs)), 0)

/** Of the answers to requests that were due in a stretch of time, by `Date.now()`: the share `quantile` took no longer, in ms. */
export const tookWithin = (
  answers: readonly SteadyAnswer[],
  between: { readonly fromMs: number; readonly toMs: number },
  quantile: number,
): number => {
  const times = answers
    .filter(({ dueAtMs }) => dueAtMs >= between.fromMs && dueAtMs < between.toMs)
    .map(({ tookMs }) => tookMs)
    .toSorted((a, b) => a - b)
  return times[Math.min(times.length - 1, Math.floor(times.length * quantile))] ?? Number.NaN
}
