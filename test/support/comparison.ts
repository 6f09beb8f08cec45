import type { ComparisonReading } from '../../src/proxy/comparison/comparison-reading.ts'
import type { MirrorComparison } from '../../src/model/comparison/mirror-comparison.ts'

/** A MirrorComparison as it is when nothing is written, which judges at once; with parts replaced. */
export const comparisonOf = (parts: Partial<MirrorComparison> = {}): MirrorComparison => ({
  key: 'shop/next',
  percent: 100,
  headers: ['content-type'],
  comparesBody: true,
  ignore: [],
  unordered: [],
  tolerance: 1e-12,
  limitBytes: 64 * 1024,
  noise: { percent: 0, methods: ['GET', 'HEAD'], samples: 100 },
  showsValues: true,
  ...parts,
})

/** What a process has found at one mirror of it, with parts replaced. */
export const comparisonReading = (parts: Partial<ComparisonReading> = {}): ComparisonReading => ({
  comparison: 'shop/next',
  origin: 'HTTPRoute shop/api rules[0].filters[0]',
  mirror: 'shop/next:80',
  outcomes: { same: 1, different: 2, learning: 3, unanswered: 4, skipped: 5 },
  noise: { samples: 7, wanted: 5, paths: [] },
  differences: [],
  omitted: 1,
  ...parts,
})
