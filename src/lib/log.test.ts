import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, decodeLogLevel } from './log.ts'

const start = (level: 'debug' | 'info' | 'warn' | 'error' | 'off') => {
  const lines: string[] = []
  const log = createLogger({ write: (line) => lines.push(line), level, clock: { nowMs: () => 1_700_000_000_000 } })
  return { log, lines }
}

test('a line is one JSON object with time, level, message and fields', () => {
  const { log, lines } = start('info')
  log.info('listening', { port: 15008 })
  assert.deepEqual(lines, ['{"time":"2023-11-14T22:13:20.000Z","level":"info","message":"listening","port":15008}\n'])
})

test('levels below the threshold are silent, and the threshold moves at run time', () => {
  const { log, lines } = start('warn')
  log.info('a')
  log.warn('b')
  log.setLevel('debug')
  log.debug('c')
  log.setLevel('off')
  log.error('d')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).message),
    ['b', 'c'],
  )
  assert.equal(log.level(), 'off')
})

test('an event is written even when the log is off', () => {
  const { log, lines } = start('off')
  log.event('ready', { hbone: '127.0.0.1:15008' })
  assert.equal(JSON.parse(lines[0] ?? '').event, 'ready')
})

test('a line break in a message or a field cannot start a line of its own', () => {
  const { log, lines } = start('info')
  log.info('a\n{"level":"error"}', { b: 'c\r\nd\u2028' })
  assert.equal(lines.length, 1)
  assert.equal((lines[0] ?? '').match(/[\r\n]/g)?.length, 1)
})

test('fields cannot replace the keys of the line', () => {
  const { log, lines } = start('info')
  log.warn('true', { level: 'debug', message: 'false', time: 'never' })
  assert.equal(lines[0], '{"time":"2023-11-14T22:13:20.000Z","level":"warn","message":"true"}\n')
})

test('errors, big integers and cycles do not lose the message', () => {
  const { log, lines } = start('info')
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  log.error('first', {
    error: Object.assign(new Error('boom', { cause: new Error('deep') }), { code: 'ECODE' }),
    n: 1n,
  })
  log.error('second', cycle)
  const first = JSON.parse(lines[0] ?? '')
  assert.deepEqual(first.error, { message: 'boom', code: 'ECODE', cause: { message: 'deep' } })
  assert.equal(first.n, '1')
  assert.equal(JSON.parse(lines[1] ?? '').message, 'second')
})

test('a stack is written where it helps: for bugs, and for all errors at debug', () => {
  const { log, lines } = start('info')
  log.error('a', { error: new Error('refused', { cause: new TypeError('x is no function') }) })
  log.setLevel('debug')
  log.error('b', { error: new Error('refused') })
  const [first, second] = lines.map((line) => JSON.parse(line).error)
  assert.equal(first.stack, undefined)
  assert.match(first.cause.stack, /^TypeError: x is no function\n\s+at .*log\.test\.ts/)
  assert.match(second.stack, /^Error: refused\n\s+at .*log\.test\.ts/)
})

test('secrets that show as such do not get into a line', () => {
  const { log, lines } = start('debug')
  const pem = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----'
  log.warn(`bad ${pem}`, {
    a: ['Bearer hunter2'],
    b: { deep: 'https://ann:hunter2@db.example/' },
    token: 'hunter2',
    'x-api-key': 'hunter2',
    headers: { cookie: 'hunter2' },
    error: new Error('Authorization: hunter2', { cause: new Error(pem) }),
  })
  assert.doesNotMatch(lines.join(''), /hunter2/)
  assert.match(lines.join(''), /"token":"\(hidden\)"/)
})

test('only the five names are levels', () => {
  assert.equal(decodeLogLevel('warn'), 'warn')
  for (const text of ['', 'WARN', 'trace', 'toString']) assert.equal(decodeLogLevel(text), undefined)
})
