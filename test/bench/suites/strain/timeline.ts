import type { Timeline } from '../../load/plan.ts'

/** A stretch of time, in milliseconds of the wall clock; `toMs` is outside. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** How far apart the moments are that are tried for the end of a recovery. */
const STEP_MS = 50

/** The value that `share` (0 to 1) of what began in the span do not exceed; `null` when nothing did. */
export const quantileIn = ({ atMs, tookMs }: Timeline, span: Span, share: number): number | null => {
  const values = tookMs.filter((_, i) => isIn(atMs[i], span)).toSorted((a, b) => a - b)
  return values[Math.max(0, Math.ceil(values.length * share) - 1)] ?? null
}

/** How many of those that began in the span ended well (not -1), and how many there were. */
export const successesIn = (
  { atMs, tookMs }: Timeline,
  span: Span,
): { readonly succeeded: number; readonly all: number } => {
  const values = tookMs.filter((_, i) => isIn(atMs[i], span))
  return { succeeded: values.filter((value) => value >= 0).length, all: values.length }
}

/**
 * How long after `fromMs` the first window of `windowMs` begins whose p99 is at most `limitMs`; `null` when none does
 * before `toMs`.
 */
export const calmAfter = (
  timeline: Timeline,
  span: Span,
  { windowMs, limitMs }: { readonly windowMs: number; readonly limitMs: number },
): number | null => {
  for (let fromMs = span.fromMs; fromMs + windowMs <= span.toMs; fromMs += STEP_MS) {
    const p99 = quantileIn(timeline, { fromMs, toMs: fromMs + windowMs }, 0.99)
    if (p99 !== null && p99 <= limitMs) return fromMs - span.fromMs
  }
  return null
}

/** How long after the span's start the first one begins that, like all after it, ended well; `null` for none. */
export const successfulAfter = ({ atMs, tookMs }: Timeline, span: Span): number | null => {
  let lastFailureMs = Number.NEGATIVE_INFINITY
  for (const [i, at] of atMs.entries())
    if (isIn(at, span) && tookMs[i] === -1) lastFailureMs = Math.max(lastFailureMs, at)
  const well = atMs.filter((at) => isIn(at, span) && at > lastFailureMs)
  if (well.length === 0) return null
  return lastFailureMs === Number.NEGATIVE_INFINITY ? 0 : Math.min(...well) - span.fromMs
}

const isIn = (atMs: number | undefined, { fromMs, toMs }: Span): boolean =>
  atMs !== undefined && atMs >= fromMs && atMs < toMs
