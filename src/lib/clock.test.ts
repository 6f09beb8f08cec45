import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareClocks, systemClock } from './clock.ts'

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

test('the time of day at a reading of the monotonic clock is that of the machine, also after somebody has set it', () => {
  let monotonicMs = 5.25
  let nowMs = 1_000_000
  let looks = 0
  const look = (): number => {
    looks++
    return nowMs
  }
  const epochOf = compareClocks(look, () => monotonicMs)
  const pass = (ms: number): number => {
    monotonicMs += ms
    nowMs += ms
    return epochOf(monotonicMs)
  }
  assert.equal(pass(0), 1_000_000)
  assert.equal(pass(999), 1_000_999)
  assert.equal(looks, 1)
  nowMs -= 3_600_000
  assert.equal(pass(1), 1_001_000 - 3_600_000)
  assert.equal(pass(0.6), 1_001_001 - 3_600_000)
  assert.equal(looks, 2)
  const apartMs = systemClock.epochOf(systemClock.monotonicMs()) - Date.now()
  assert.ok(Math.abs(apartMs) <= 2, `${apartMs} ms apart`)
})

test('a wait of more than Node can wait in one go is one, and not thousands', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  let isCalled = false
  const cancel = systemClock.after(600 * 3_600_000, () => (isCalled = true))
  await new Promise((resolve) => setTimeout(resolve, 20))
  cancel()
  assert.deepEqual([isCalled, warnings], [false, []])
})
