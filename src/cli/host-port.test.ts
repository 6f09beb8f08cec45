import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHostPort, formatHostPort } from './host-port.ts'

const good: readonly (readonly [text: string, defaultPort: number | undefined, host: string, port: number])[] = [
  ['10.96.0.10:80', undefined, '10.96.0.10', 80],
  ['[::1]:15008', undefined, '::1', 15_008],
  ['api.shop.svc:8080', 80, 'api.shop.svc', 8080],
  ['api', 80, 'api', 80],
  ['[fd00::1]', 80, 'fd00::1', 80],
]
for (const [text, defaultPort, host, port] of good) {
  test(`${text} is host ${host} and port ${port}`, () => {
    assert.deepEqual(decodeHostPort('--via', text, defaultPort), { host, port })
  })
}

const bad = [
  '',
  ':80',
  'api',
  'api:',
  'api:0',
  'api:65536',
  'api:8o',
  '::1:80',
  '[::1',
  '[api]:80',
  'a b:80',
  'u@h:80',
  'h:80/p',
]
for (const text of bad) {
  test(`without a default port ${JSON.stringify(text)} is refused, and the flag is named`, () => {
    assert.throws(() => decodeHostPort('--via', text), {
      message: /^--via .*is not of the form HOST:PORT$/,
      exitCode: 64,
    })
  })
}

test('what is written can be read again', () => {
  assert.equal(formatHostPort({ host: '::1', port: 80 }), '[::1]:80')
  assert.equal(formatHostPort({ host: '127.0.0.1', port: 80 }), '127.0.0.1:80')
})
