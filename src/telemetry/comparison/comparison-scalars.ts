import { comparisonOutcomes } from '../../proxy/comparison/comparison-reading.ts'
import type { ComparisonReading } from '../../proxy/comparison/comparison-reading.ts'
import type { ScalarDump } from '../dump.ts'
import { comparisonMetric } from '../scalars.ts'

/** Counts of each MirrorComparison, those of all its mirrors together. */
export const comparisonScalars = (readings: readonly ComparisonReading[]): readonly ScalarDump[] =>
  [...Map.groupBy(readings, ({ comparison }) => comparison)].flatMap(([comparison, ofIt]) =>
    comparisonOutcomes.map((outcome) => ({
      name: comparisonMetric.name,
      label: [comparison, outcome],
      value: ofIt.reduce((sum, { outcomes }) => sum + outcomes[outcome], 0),
    })),
  )
