import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordRequests } from '../../../test/support/http/h1-events.ts'

const proto = (...values: readonly string[]): string =>
  values.map((value) => `X-Forwarded-Proto: ${value}\r\n`).join('')

// As Envoy has it: an absolute target before what a hop says, and of that only what is beyond doubt.
const schemes: readonly (readonly [target: string, fields: string, scheme: string])[] = [
  ['/', '', 'http'],
  ['/', proto('https'), 'https'],
  ['/', proto('http'), 'http'],
  ['/', proto('HTTPS'), 'http'],
  ['/', proto('https, http'), 'http'],
  ['/', proto('https', 'https'), 'http'],
  ['/', proto('https', 'http'), 'http'],
  ['/', proto('', 'https'), 'http'],
  ['/', proto('wss'), 'http'],
  ['/', 'X_Forwarded_Proto: https\r\n', 'http'],
  ['https://a/', '', 'https'],
  ['HTTPS://a/', '', 'https'],
  ['https://a/', proto('http'), 'https'],
  ['http://a/', proto('https'), 'http'],
]
for (const [target, fields, scheme] of schemes) {
  test(`GET ${target} with ${JSON.stringify(fields)} was asked by ${scheme}`, () => {
    const [request] = recordRequests(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
    assert.ok(request?.kind === 'request')
    assert.equal(request.head.scheme, scheme)
  })
}
