import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sizeOr } from './process-terminal.ts'

const cases: readonly (readonly [size: number | undefined, told: number])[] = [
  [undefined, 80],
  [0, 80],
  [1, 1],
  [120, 120],
]
for (const [size, told] of cases) {
  test(`a terminal of ${size} columns has ${told}`, () => assert.equal(sizeOr(size, 80), told))
}
