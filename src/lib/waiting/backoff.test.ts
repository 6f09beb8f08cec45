import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from './backoff.ts'

const cases: readonly { readonly failures: number; readonly longest: number }[] = [
  { failures: 0, longest: 1000 },
  { failures: 1, longest: 1000 },
  { failures: 2, longest: 2000 },
  { failures: 6, longest: 32_000 },
  { failures: 7, longest: 60_000 },
  { failures: 5000, longest: 60_000 },
]

for (const { failures, longest } of cases) {
  test(`after ${failures} failures the wait is between ${longest / 2} and ${longest} ms`, () => {
    assert.equal(
      backoffMs(failures, () => 0),
      longest,
    )
    assert.equal(
      backoffMs(failures, () => 1),
      longest / 2,
    )
  })
}
