import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { H1Failure, RequestStart } from './message.ts'
import { H1RequestParser } from './parser.ts'

const cases: readonly (readonly [what: string, pieces: readonly string[], start: RequestStart])[] = [
  ['no Host', ['POST /a?b=1 HTTP/1.1\r\n\r\n'], { method: 'POST', target: '/a?b=1' }],
  ['a method in lower case', ['get /a HTTP/1.1\r\nhost: a\r\n\r\n'], { method: 'get', target: '/a' }],
  ['another version', ['GET /a HTTP/1.2\r\nhost: a\r\n\r\n'], { method: 'GET', target: '/a' }],
  ['a bare LF, in one piece', ['GET /a HTTP/1.1\nhost: a\n\n'], { method: 'GET', target: '/a' }],
  ['a bare LF, in two', ['GET /a HTTP/1.1\r\nho', 'st: a\n\n'], { method: 'GET', target: '/a' }],
  ['a head too large', [`GET /a HTTP/1.1\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`], { method: 'GET', target: '/a' }],
  ['that in pieces', ['GET /a HTTP/1.1\r\nx: ', 'x'.repeat(70_000)], { method: 'GET', target: '/a' }],
  [
    'a target too long',
    [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`],
    { method: 'GET', target: `/${'a'.repeat(1023)}` },
  ],
  ['a target that ends before it is text', ['GET /a\tb HTTP/1.1\r\nhost: a\r\n\r\n'], { method: 'GET', target: '/a' }],
  ['no HTTP', ['\x16\x03\x01\x02\x00\r\n\r\n'], { method: '', target: '' }],
  ['a word that no method is', [`${'M'.repeat(33)} / HTTP/1.1\r\n\r\n`], { method: '', target: '' }],
  ['a body', ['POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0x3\r\n'], { method: '', target: '' }],
]
for (const [what, pieces, start] of cases) {
  test(`whose request it is that is refused for ${what}`, () => {
    const failures: (readonly [H1Failure, RequestStart])[] = []
    const parser = new H1RequestParser({
      onRequest: () => {},
      onBody: () => {},
      onEnd: () => {},
      onFailure: (...failure) => failures.push(failure),
    })
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, 'latin1')
      for (let at = 0; at < bytes.length;) at = parser.feed(bytes, at, bytes.length)
    }
    assert.equal(failures.length, 1)
    assert.deepEqual(failures[0]?.[1], start)
  })
}

test('whose head it is that does not end', () => {
  const parser = new H1RequestParser({ onRequest: () => {}, onBody: () => {}, onEnd: () => {}, onFailure: () => {} })
  assert.deepEqual(parser.start, { method: '', target: '' })
  const bytes = Buffer.from('PUT /slow HTTP/1.1\r\nhost: a')
  parser.feed(bytes, 0, bytes.length)
  assert.deepEqual(parser.start, { method: 'PUT', target: '/slow' })
})
