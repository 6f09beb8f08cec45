import { mergeComparisons } from '../../proxy/comparison/comparison-reading.ts'
import type { ComparisonReading } from '../../proxy/comparison/comparison-reading.ts'

/** Each mirror that is compared, and what all processes have found there; times of day as text. */
export const comparisonRows = (processes: readonly (readonly ComparisonReading[])[]): readonly object[] =>
  mergeComparisons(processes).map(({ differences, noise, ...reading }) => ({
    ...reading,
    state: noise.samples < noise.wanted ? 'learning' : 'judging',
    differences: differences.map(({ firstAtMs, lastAtMs, ...difference }) => ({
      ...difference,
      firstAt: new Date(firstAtMs).toISOString(),
      lastAt: new Date(lastAtMs).toISOString(),
    })),
    noise,
  }))
