import assert from 'node:assert/strict'
import { it } from 'node:test'
import { comparisonReading } from '../../../test/support/comparison.ts'
import { renderMetrics } from '../render.ts'
import { comparisonScalars } from './comparison-scalars.ts'

it('a MirrorComparison counts what came of the answers of all its mirrors', async () => {
  const outcomes = { same: 1, different: 2, learning: 0, unanswered: 3, skipped: 4 }
  const scalars = comparisonScalars([comparisonReading({ outcomes }), comparisonReading({ outcomes, origin: 'other' })])
  let text = ''
  for await (const part of renderMetrics({ series: [], scalars })) text += part
  assert.match(text, /^# TYPE fairway_mirror_comparisons_total counter$/m)
  assert.match(text, /^fairway_mirror_comparisons_total\{comparison="shop\/next",outcome="different"\} 4$/m)
  assert.match(text, /^fairway_mirror_comparisons_total\{comparison="shop\/next",outcome="learning"\} 0$/m)
})
