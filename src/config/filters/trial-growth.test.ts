import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growthWithin } from './trial-growth.ts'

const MB = 2 ** 20
for (const [availableMb, expected] of [
  [8192, 768],
  [800, 400],
  [100, 192],
  [0, 192],
] as const) {
  test(`a trial may make the process grow by ${expected} MB where ${availableMb} are free`, () => {
    assert.equal(growthWithin(768, availableMb * MB), expected)
  })
}
