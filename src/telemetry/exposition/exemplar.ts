import type { TraceReference } from '../../filter/record.ts'
import type { MetricsFormat } from './metrics-format.ts'

/** One of those that were counted, of which a trace shows the whole. */
export interface Exemplar {
  readonly trace: TraceReference
  /** What was counted of it: 1, or what its histogram measures. */
  readonly value: number
  /** When it was counted, milliseconds since the epoch. */
  readonly atEpochMs: number
}

/** Exemplars by the place in `SeriesDump.values` of what counts them: the last one of each. */
export type Exemplars = Readonly<Record<number, Exemplar>>

/** What comes after the value of a sample, with a space before it; empty where there is none or the format has none. */
export const formatExemplar = (exemplar: Exemplar | undefined, { kind }: MetricsFormat): string => {
  if (exemplar === undefined || kind === 'prometheus') return ''
  const { trace, value, atEpochMs } = exemplar
  return ` # {trace_id="${trace.traceId}",span_id="${trace.spanId}"} ${value} ${(atEpochMs / 1000).toFixed(3)}`
}

/** Of several processes' exemplars the newest of each place. */
export const mergeExemplars = (a: Exemplars | undefined, b: Exemplars | undefined): Exemplars | undefined => {
  if (a === undefined || b === undefined) return a ?? b
  const merged: Record<number, Exemplar> = { ...a }
  for (const [at, exemplar] of Object.entries(b)) {
    const other = merged[Number(at)]
    if (other === undefined || other.atEpochMs < exemplar.atEpochMs) merged[Number(at)] = exemplar
  }
  return merged
}
