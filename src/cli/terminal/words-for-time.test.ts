import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wordsForTime } from './words-for-time.ts'

const cases: readonly (readonly [seconds: number, words: string])[] = [
  [-5, '0 seconds'],
  [0, '0 seconds'],
  [0.9, '0 seconds'],
  [1, '1 second'],
  [59.9, '59 seconds'],
  [61, '1 minute 1 second'],
  [3600, '1 hour'],
  [3601, '1 hour'],
  [83_520, '23 hours 12 minutes'],
  [86_399, '23 hours 59 minutes'],
  [2 * 86_400 + 3600, '2 days 1 hour'],
  [86_400 + 59, '1 day'],
  [10 * 365 * 86_400 - 1, '9 years 364 days'],
]
for (const [seconds, words] of cases) {
  test(`${seconds} s are ${words}`, () => assert.equal(wordsForTime(seconds), words))
}
