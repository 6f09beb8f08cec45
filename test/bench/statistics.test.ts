import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { median, ratioOf, spreadOf } from './statistics.ts'

describe('median', () => {
  for (const [values, expected] of [
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10], // as numbers, not as text
  ] as const) {
    test(`of ${values.join(', ')} is ${expected}`, () => assert.equal(median(values), expected))
  }

  test('of nothing is refused', () => assert.throws(() => median([]), /no values/))

  test('leaves its input as it was', () => {
    const values = [3, 1, 2]
    median(values)
    assert.deepEqual(values, [3, 1, 2])
  })
})

test('a spread is rounded and keeps the extremes', () => {
  assert.deepEqual(spreadOf([10.04, 12.06, 11]), { median: 11, min: 10, max: 12.1 })
  assert.deepEqual(spreadOf([0.123, 0.456], 2), { median: 0.29, min: 0.12, max: 0.46 })
})

describe('ratioOf', () => {
  test('divides medians, and each run by the one it was paired with', () => {
    const ratio = ratioOf([10, 20, 30], [20, 20, 120])
    assert.equal(ratio.ofMedians, 1)
    assert.deepEqual(ratio.ofPairs, { median: 0.5, min: 0.25, max: 1 })
  })

  test('refuses series that are not pairs', () => assert.throws(() => ratioOf([1, 2], [1]), /pairs of 2 and 1/))
})
