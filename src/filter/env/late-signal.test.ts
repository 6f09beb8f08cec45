import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LateSignal } from './late-signal.ts'

test('who asks before the end is told of it, and who asks later finds it ended', () => {
  const late = new LateSignal()
  const { signal } = late
  assert.equal(signal.aborted, false)
  late.abort()
  assert.equal(signal.aborted, true)
  assert.equal(late.signal, signal)
  const unheard = new LateSignal()
  unheard.abort()
  assert.equal(unheard.signal.aborted, true)
})
