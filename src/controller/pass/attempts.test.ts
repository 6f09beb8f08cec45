import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { createAttempts } from './attempts.ts'
import { createEchoes } from './echoes.ts'

test('what fails is tried again ever later, at the latest after five minutes', () => {
  const clock = createFakeClock()
  const attempts = createAttempts<string>(clock)
  const waits: number[] = []
  for (let i = 0; i < 12; i++) {
    attempts.fail('a', 'why')
    assert.equal(attempts.held('a'), 'why')
    const waitMs = attempts.nextMs() ?? 0
    waits.push(waitMs)
    clock.advance(waitMs)
    assert.equal(attempts.held('a'), undefined)
  }
  assert.deepEqual(waits.slice(0, 4), [1000, 2000, 4000, 8000])
  assert.equal(waits.at(-1), 300_000)
})

test('what works begins anew, and others are not held up', () => {
  const clock = createFakeClock()
  const attempts = createAttempts<string>(clock)
  attempts.fail('a', 'why')
  attempts.fail('a', 'why')
  assert.equal(attempts.held('b'), undefined)
  attempts.succeed('a')
  assert.deepEqual([attempts.held('a'), attempts.nextMs()], [undefined, undefined])
  attempts.fail('a', 'why')
  assert.equal(attempts.nextMs(), 1000)
})

test('what was told is waited for, and said again when it does not come back', () => {
  const clock = createFakeClock()
  const echoes = createEchoes(clock)
  echoes.await('a', 'x', true)
  assert.deepEqual(
    [echoes.isAwaited('a', 'x'), echoes.isAwaited('a', 'y'), echoes.isAwaited('b', 'x')],
    [true, false, false],
  )
  clock.advance(echoes.nextMs() ?? 0)
  assert.equal(echoes.isAwaited('a', 'x'), false)
})

test('what somebody else takes away each time is said ever more seldom', () => {
  const clock = createFakeClock()
  const echoes = createEchoes(clock)
  const waits = Array.from({ length: 10 }, () => {
    echoes.await('a', 'x', true)
    const waitMs = echoes.nextMs() ?? 0
    clock.advance(waitMs)
    return waitMs
  })
  assert.deepEqual(waits.slice(0, 3), [3000, 6000, 12_000])
  assert.equal(waits.at(-1), 300_000)
  echoes.await('a', 'x', false)
  assert.equal(echoes.nextMs(), 300_000)
  echoes.await('a', 'y', true)
  clock.advance(3000)
  assert.equal(echoes.isAwaited('a', 'y'), false)
})
