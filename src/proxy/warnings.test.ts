import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { Warnings } from './warnings.ts'

test('a flood of one kind is one line a second, with a count; other kinds are not held up', () => {
  const clock = createFakeClock()
  const lines: string[] = []
  const warnings = new Warnings(clock, (line) => lines.push(line))
  for (let i = 0; i < 1000; i++) warnings.warn('handshake', `bad ${i}`)
  warnings.warn('peer', 'foreign')
  assert.deepEqual(lines, ['bad 0', 'foreign'])
  clock.advance(1000)
  warnings.tick()
  assert.deepEqual(lines.slice(2), ['bad 999 (the latest of 999 such warnings)'])
  clock.advance(1000)
  warnings.tick()
  assert.equal(lines.length, 3)
  warnings.warn('handshake', 'again')
  assert.equal(lines.at(-1), 'again')
})

test('a warning after the second tells what was held before it', () => {
  const clock = createFakeClock()
  const lines: string[] = []
  const warnings = new Warnings(clock, (line) => lines.push(line))
  for (const message of ['a', 'b', 'c']) warnings.warn('x', message)
  clock.advance(1500)
  warnings.warn('x', 'd')
  assert.deepEqual(lines, ['a', 'c (the latest of 2 such warnings)', 'd'])
})
