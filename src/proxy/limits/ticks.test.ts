import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { defaultDeadlines, startDeadline, tickMsFor } from './deadlines.ts'
import { startTicking, visitEach, visitInSlices } from './ticks.ts'

test('ticks come every so often until they are ended, whatever one of them does', () => {
  const clock = createFakeClock()
  const ticks: number[] = []
  const faults: string[] = []
  const unlucky = {
    tick: (nowMs: number) => {
      if (nowMs === 200) throw new Error('once')
    },
  }
  const ticking = { clock, onFault: (error: unknown) => void faults.push(String(error)) }
  const stop = startTicking(ticking, 100, [unlucky, { tick: (nowMs) => void ticks.push(nowMs) }])
  clock.advance(450)
  stop()
  clock.advance(1000)
  assert.deepEqual(ticks, [100, 200, 300, 400])
  assert.deepEqual(faults, ['Error: once'])
  assert.equal(clock.pending(), 0)
})

test('a bug that one meets keeps no other from its turn', () => {
  const items = new Set([1, 2, 3])
  const visited: number[] = []
  const faults: string[] = []
  const visit = (item: number): void => {
    if (item === 2) throw new Error('two')
    visited.push(item)
    items.delete(item)
  }
  visitEach(items, visit, (error) => void faults.push(String(error)))
  assert.deepEqual([visited, faults, [...items]], [[1, 3], ['Error: two'], [2]])
})

test('ticks are as frequent as the shortest deadline asks for, within bounds', () => {
  assert.equal(tickMsFor(defaultDeadlines), 1000)
  assert.equal(tickMsFor({ ...defaultDeadlines, bodyIdleMs: 2000 }), 500)
  assert.equal(tickMsFor({ ...defaultDeadlines, responseHeadMs: 1 }), 50)
  const none = { requestHeadMs: 0, responseHeadMs: 0, bodyIdleMs: 0, keepAliveIdleMs: 0, streamIdleMs: 0 }
  assert.equal(tickMsFor({ ...defaultDeadlines, ...none }), 1000)
})

test('a deadline passes once, unless it is cancelled or none', () => {
  const clock = createFakeClock()
  const passed: string[] = []
  startDeadline(clock, 100, () => passed.push('passed'))
  startDeadline(clock, 100, () => passed.push('cancelled'))()
  startDeadline(clock, 0, () => passed.push('none'))()
  clock.advance(1000)
  assert.deepEqual(passed, ['passed'])
})

test('a large set is visited in slices, and what leaves it meanwhile is not', async () => {
  const items = new Set(Array.from({ length: 1200 }, (_, index) => index))
  const visited: number[] = []
  visitInSlices(items, (item) => {
    visited.push(item)
    items.delete(item)
  })
  assert.equal(visited.length, 512)
  items.delete(700)
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(visited.length, 1199)
  assert.ok(!visited.includes(700))
})
