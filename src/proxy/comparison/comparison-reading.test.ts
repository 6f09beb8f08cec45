import assert from 'node:assert/strict'
import { it } from 'node:test'
import { comparisonReading } from '../../../test/support/comparison.ts'
import { mergeComparisons, type FoundDifference } from './comparison-reading.ts'

const example = { method: 'GET', path: '/', place: 'body /a' }
const found = (path: string, count: number, lastAtMs: number): FoundDifference => ({
  path,
  kind: 'value',
  count,
  firstAtMs: 10 - lastAtMs,
  lastAtMs,
  example: { ...example, primary: String(lastAtMs) },
})
it('processes compare for themselves, and are told as one', () => {
  const noisy = { path: 'body /at', kind: 'value', primary: 1, mirror: 1, isSuspect: false } as const
  const [one, two, ...others] = mergeComparisons([
    [
      comparisonReading({ differences: [found('body /a', 1, 1), found('body /b', 2, 1)] }),
      comparisonReading({ comparison: 'shop/a', noise: { samples: 1, wanted: 5, paths: [noisy] } }),
    ],
    [
      comparisonReading({
        differences: [found('body /a', 3, 2)],
        noise: { samples: 3, wanted: 5, paths: [{ ...noisy, isSuspect: true }] },
      }),
    ],
    [],
  ])
  assert.deepEqual([one?.comparison, two?.comparison, others], ['shop/a', 'shop/next', []])
  assert.deepEqual(two?.outcomes, { same: 2, different: 4, learning: 6, unanswered: 8, skipped: 10 })
  assert.deepEqual([two.omitted, two.noise.samples, two.noise.paths], [2, 3, [{ ...noisy, isSuspect: true }]])
  assert.deepEqual(two.differences, [{ ...found('body /a', 4, 2), firstAtMs: 8 }, found('body /b', 2, 1)])
})
