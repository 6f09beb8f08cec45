import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNewestOnly } from './newest-only.ts'

test('one after the other, from the start on, and of those that wait the newest', async () => {
  const [start, first, last] = [0, 1, 2].map(() => Promise.withResolvers<void>())
  assert.ok(start && first && last)
  const seen: number[] = []
  const take = createNewestOnly<{ readonly n: number }>(async ({ n }) => {
    seen.push(n)
    if (n === 2) await first.promise
    if (n === 5) last.resolve()
  }, start.promise)
  take({ n: 1 })
  take({ n: 2 })
  await Promise.resolve()
  assert.deepEqual(seen, [])
  start.resolve()
  while (seen.length === 0) await Promise.resolve()
  take({ n: 3 })
  take({ n: 4 })
  first.resolve()
  while (seen.length === 1) await Promise.resolve()
  take({ n: 5 })
  await last.promise
  assert.deepEqual(seen, [2, 4, 5])
})
