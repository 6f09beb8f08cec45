import type { FloodResult } from '../../flood/plan.ts'
import type { Figure } from '../../report.ts'
import { roundTo } from '../../statistics.ts'
import type { Run } from '../laboratory.ts'
import { calmAfter, quantileIn, successesIn, successfulAfter } from './timeline.ts'
import type { Span } from './timeline.ts'

const MAX_RATIO = 2
const MAX_RECOVERY_S = 2
/** A stretch that is long enough for a p99, and has to be calm as a whole. */
const CALM_WINDOW_MS = 1000

/** What was seen of a flood. */
export interface Observed {
  /** The small requests of tunnels that were open before, with their timeline. */
  readonly run: Run
  readonly flood: FloodResult
  /** Share of a CPU that the proxy used while the flood went on. */
  readonly proxyBusy: number
  /** Full handshakes one by one, before, during and after. */
  readonly probes: FloodResult
}

/** What it did to tunnels that were open, to newcomers, and for how long. */
export const floodFigures = ({ run, flood, proxyBusy, probes }: Observed): readonly Figure[] => {
  const timeline = run.timeline ?? { atMs: [], tookMs: [] }
  const { before, during, after } = phasesOf(timeline.atMs, flood)
  const quantile = (span: Span, share: number): number | null => rounded(quantileIn(timeline, span, share), 3)
  const p99Before = quantileIn(timeline, before, 0.99) ?? Number.NaN
  const p99During = quantileIn(timeline, during, 0.99)
  const calmMs = calmAfter(timeline, after, { windowMs: CALM_WINDOW_MS, limitMs: MAX_RATIO * p99Before })
  const settled = { fromMs: after.fromMs + MAX_RECOVERY_S * 1000, toMs: after.toMs }
  const seconds = (flood.endedMs - flood.startedMs) / 1000
  return [
    { name: 'flood: offered per second', value: Math.round(flood.offered / seconds) },
    { name: 'flood: answered per second', value: Math.round(flood.done / seconds) },
    { name: 'flood: shed, share', value: roundTo(flood.shed / flood.offered, 3) },
    { name: 'flood: unanswered in 2 s, share', value: roundTo(flood.unanswered / flood.offered, 3) },
    { name: 'tunnels: requests that failed', value: run.errors, atMost: 0 },
    { name: 'tunnels: p50 before, ms', value: quantile(before, 0.5) },
    { name: 'tunnels: p50 during, ms', value: quantile(during, 0.5) },
    { name: 'tunnels: p50 after, ms', value: quantile(settled, 0.5) },
    { name: 'tunnels: p99 before, ms', value: quantile(before, 0.99) },
    { name: 'tunnels: p99 during, ms', value: quantile(during, 0.99) },
    { name: 'tunnels: p99 after, ms', value: quantile(settled, 0.99) },
    {
      name: 'tunnels: p99 during ÷ before',
      value: p99During === null ? null : rounded(p99During / p99Before, 2),
      atMost: MAX_RATIO,
    },
    { name: 'newcomers: handshakes done before, share', value: shareIn(probes, before) },
    { name: 'newcomers: handshakes done during, share', value: shareIn(probes, during) },
    { name: 'newcomers: p50 of those during, ms', value: rounded(medianOfDone(probes, during), 1) },
    { name: 'recovery of the p99, s', value: inSeconds(calmMs), atMost: MAX_RECOVERY_S },
    {
      name: 'recovery of handshakes, s',
      value: inSeconds(successfulAfter(probes.timeline, after)),
      atMost: MAX_RECOVERY_S,
    },
    { name: 'proxy busy during, CPUs', value: roundTo(proxyBusy, 2) },
    { name: 'generators busy, CPUs (the flood during it)', value: roundTo(run.busy + flood.busy + probes.busy, 2) },
  ]
}

/** Before, during and after the flood, as far as there were requests. */
const phasesOf = (
  atMs: readonly number[],
  { startedMs, endedMs }: FloodResult,
): { readonly before: Span; readonly during: Span; readonly after: Span } => {
  const firstMs = atMs[0] ?? startedMs
  const lastMs = atMs.at(-1) ?? endedMs
  return {
    before: { fromMs: firstMs, toMs: startedMs },
    during: { fromMs: startedMs, toMs: endedMs },
    after: { fromMs: endedMs, toMs: lastMs },
  }
}

const shareIn = ({ timeline }: FloodResult, span: Span): number | null => {
  const { succeeded, all } = successesIn(timeline, span)
  return all === 0 ? null : roundTo(succeeded / all, 3)
}

const medianOfDone = ({ timeline }: FloodResult, span: Span): number | null => {
  const done = timeline.tookMs.map((took) => took >= 0)
  const keep = (values: readonly number[]): readonly number[] => values.filter((_, i) => done[i] === true)
  return quantileIn({ atMs: keep(timeline.atMs), tookMs: keep(timeline.tookMs) }, span, 0.5)
}

const inSeconds = (ms: number | null): number | null => (ms === null ? null : roundTo(ms / 1000, 2))

const rounded = (value: number | null, digits: number): number | null =>
  value === null || !Number.isFinite(value) ? null : roundTo(value, digits)
