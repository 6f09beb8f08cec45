import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'

const hold = (ms: number): void => {
  const startMs = performance.now()
  while (performance.now() - startMs < ms);
}

test('nothing is called early, however long the loop has been held before it was asked for', async () => {
  for (const delayMs of [0.4, 2, 5.5]) {
    hold(4)
    const startMs = performance.now()
    // The clock's own timers do not keep a process alive.
    const alive = setTimeout(() => {}, 60_000)
    const tookMs = await new Promise<number>((resolve) => {
      systemClock.after(delayMs, () => resolve(performance.now() - startMs))
    })
    clearTimeout(alive)
    assert.ok(tookMs >= delayMs, `${tookMs} ms instead of ${delayMs}`)
  }
})

test('what is cancelled is not called, even when its timer came early', async () => {
  const called: string[] = []
  hold(4)
  const cancel = systemClock.after(3, () => called.push('cancelled'))
  await new Promise((resolve) => setTimeout(resolve, 1))
  cancel()
  await new Promise((resolve) => setTimeout(resolve, 8))
  assert.deepEqual(called, [])
})
