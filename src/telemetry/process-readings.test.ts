import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createProcessReadings } from './process-readings.ts'

const hold = (ms: number): void => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('a turn that took long is told of once, whenever it began', async (t) => {
  const readings = createProcessReadings()
  t.after(() => readings.close())
  await delay(3)
  hold(60)
  await delay(3)
  const { loopDelay } = readings.read()
  assert.ok(loopDelay.max >= 0.06, `${loopDelay.max}`)
  assert.ok(loopDelay.p50 <= loopDelay.p99 && loopDelay.p99 <= loopDelay.max)
  await delay(3)
  assert.ok(readings.read().loopDelay.max < loopDelay.max)
})

test('to wait is no delay', async (t) => {
  const readings = createProcessReadings()
  t.after(() => readings.close())
  await delay(1)
  readings.read()
  await delay(300)
  assert.ok(readings.read().loopDelay.p50 < 0.15)
})

test('nothing is said before the first turn', (t) => {
  const readings = createProcessReadings()
  t.after(() => readings.close())
  assert.deepEqual(readings.read().loopDelay, { p50: 0, p99: 0, max: 0 })
})

test('a process at rest is not woken, and not kept alive', () => {
  const script = `
import { createProcessReadings } from '${new URL('./process-readings.ts', import.meta.url).href}'
createProcessReadings()
const turns = () => performance.nodeTiming.uvMetricsInfo.loopCount
setTimeout(() => {
  const before = turns()
  setTimeout(() => process.stdout.write(String(turns() - before)), 400)
}, 50)
`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.equal(status, 0, stderr)
  assert.ok(Number(stdout) < 6, `${stdout} turns`)
})
