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

test('what is cancelled is not called, even after its timer came early', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const called: string[] = []
  const cancel = systemClock.after(60_000, () => called.push('cancelled'))
  // A minute for the timers, and none for the clock.
  mock.timers.tick(60_000)
  cancel()
  mock.timers.tick(120_000)
  assert.deepEqual(called, [])
})
