import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { createHold } from './hold.ts'

it('what is held back for too long is let through, until it is released', () => {
  const clock = createFakeClock()
  let over = 0
  const hold = createHold(clock, 5000, () => over++)
  assert.ok(hold.isHeld())
  clock.advance(4999)
  assert.ok(hold.isHeld())
  clock.advance(1)
  assert.equal(over, 1)
  assert.ok(!hold.isHeld())
  hold.release()
  assert.ok(hold.isHeld())
  hold.release()
  clock.advance(60_000)
  assert.equal(over, 1)
  assert.equal(clock.pending(), 0)
})
