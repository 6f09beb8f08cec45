import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RestartDelay } from './restart-delay.ts'

it('the wait doubles up to half a minute, and starts over after a healthy life', () => {
  const delay = new RestartDelay(() => 0)
  const waits = Array.from({ length: 8 }, () => delay.next(100))
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  assert.equal(delay.next(60_000), 500)
  assert.equal(delay.next(59_999), 1000)
})

it('chance takes up to a quarter of it, but for the first', () => {
  const delay = new RestartDelay(() => 1)
  assert.deepEqual([delay.next(0), delay.next(0), delay.next(0)], [500, 750, 1500])
})
