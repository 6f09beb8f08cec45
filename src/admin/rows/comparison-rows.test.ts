import assert from 'node:assert/strict'
import { it } from 'node:test'
import { comparisonReading } from '../../../test/support/comparison.ts'
import { comparisonRows } from './comparison-rows.ts'

it('a row for each mirror that is compared, with the state of the process that knows least, and times as text', () => {
  const example = { method: 'GET', path: '/', place: 'body /a' }
  const difference = { path: 'body /a', kind: 'value', count: 1, firstAtMs: 0, lastAtMs: 1000, example } as const
  const one = comparisonReading({ differences: [difference], noise: { samples: 9, wanted: 5, paths: [] } })
  const [row] = comparisonRows([[one], [comparisonReading({ noise: { samples: 4, wanted: 5, paths: [] } })]])
  assert.deepEqual(row, {
    ...comparisonReading(),
    outcomes: { same: 2, different: 4, learning: 6, unanswered: 8, skipped: 10 },
    omitted: 2,
    state: 'learning',
    differences: [
      {
        ...{ path: 'body /a', kind: 'value', count: 1, example },
        firstAt: '1970-01-01T00:00:00.000Z',
        lastAt: '1970-01-01T00:00:01.000Z',
      },
    ],
    noise: { samples: 4, wanted: 5, paths: [] },
  })
})
