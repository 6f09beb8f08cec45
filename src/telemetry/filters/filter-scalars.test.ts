import assert from 'node:assert/strict'
import { it } from 'node:test'
import { filterReading } from '../../../test/support/filters/filter-reading.ts'
import { countFailures } from '../../filter/guard/reading.ts'
import { filterScalars } from './filter-scalars.ts'

it('versions of a filter count as one, and one that is quarantined shows', () => {
  const reading = filterReading({ calls: 3, failures: { ...countFailures(), throw: 2 } })
  const scalars = filterScalars([reading, { ...reading, version: 'v2', state: 'quarantined' }])
  assert.deepEqual(
    scalars.filter(({ value }) => value > 0),
    [
      { name: 'fairway_filter_calls_total', label: 'shop/stamp', value: 6 },
      { name: 'fairway_filter_failures_total', label: ['shop/stamp', 'throw'], value: 4 },
      { name: 'fairway_filter_quarantined', label: 'shop/stamp', value: 1 },
    ],
  )
  assert.equal(scalars.length, 9)
})
