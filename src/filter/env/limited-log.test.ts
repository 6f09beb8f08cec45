import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeEnv } from '../testing.ts'
import { limitLog } from './limited-log.ts'

it('a filter writes a hundred lines in a second, and says later how many were left out', () => {
  const env = createFakeEnv()
  const log = limitLog(env)
  for (let i = 0; i < 250; i++) log('info', String(i))
  assert.deepEqual([env.logged.length, env.logged.at(-1)], [100, 'info: 99'])
  env.advance(999)
  log('info', 'too early')
  env.advance(1)
  log('error', 'again')
  assert.deepEqual(env.logged.slice(100), [
    'warn: test: 151 lines were left out, beyond 100 in a second',
    'error: again',
  ])
  env.advance(-5000)
  log('info', 'earlier')
  assert.equal(env.logged.at(-1), 'info: earlier')
})

it('a line that is too long is cut', () => {
  const env = createFakeEnv()
  limitLog(env)('info', 'x'.repeat(10_000_000))
  assert.equal(env.logged[0]?.length, 'info: '.length + 8192 + 2)
})
