import type { SteadyAnswer } from '../../e2e/support/resilience/steady-load.ts'

const LEAST_USUAL_MS = 200

/**
 * From `healedMs` (by `Date.now()`) until the last answer came that was none, or took longer than `usualMs` and had to do
 * with the fault; 0 when none came later.
 */
export const recoveryMs = (answers: readonly SteadyAnswer[], healedMs: number, usualMs: number): number =>
  answers
    .filter(({ isGood, tookMs }) => !isGood || tookMs > usualMs)
    .reduce((last, { dueAtMs, tookMs }) => Math.max(last, Math.round(dueAtMs + tookMs - healedMs)), 0)

/** What a request may take without having to do with a fault: by those before it, on a machine that others use as well. */
export const usualMsOf = (answers: readonly SteadyAnswer[], faultMs: number): number =>
  answers
    .filter(({ dueAtMs, tookMs }) => dueAtMs + tookMs < faultMs)
    .reduce((usual, { tookMs }) => Math.max(usual, 1.5 * tookMs), LEAST_USUAL_MS)

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
