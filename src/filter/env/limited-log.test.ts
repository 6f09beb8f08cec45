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

it('a level is one that a filter has: the log can be asked for more', () => {
  const env = createFakeEnv()
  for (const level of ['setLevel', 'event', 'off', 'toString', Symbol('info')]) {
    assert.throws(
      () => limitLog(env)(level as never, 'off'),
      /^TypeError: env\.log: wrong level: found .*, expected one of/,
    )
  }
  assert.deepEqual(env.logged, [])
})

it('what is no text is written as one, and cut', () => {
  const env = createFakeEnv()
  const log = limitLog(env)
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  for (const message of [{ a: 1 }, undefined, 5n, circular]) log('info', message as never)
  log('error', new Error('no') as never)
  log('info', ['x'.repeat(10_000_000)] as never)
  assert.deepEqual(env.logged.slice(0, 4), ['info: {"a":1}', 'info: undefined', 'info: 5', 'info: [object Object]'])
  assert.match(env.logged[4] ?? '', /^error: Error: no\n +at /)
  assert.ok((env.logged[5]?.length ?? Infinity) < 8300)
})
