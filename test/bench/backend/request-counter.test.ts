import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestCounter } from './request-counter.ts'

const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'

/** Feeds each chunk as the middle of a larger buffer, so that looking outside of the range is noticed. */
const count = (chunks: readonly string[]): number => {
  const counter = new RequestCounter()
  let total = 0
  for (const chunk of chunks) {
    const buffer = Buffer.from(`\r\n\r\n${chunk}\r\n\r\n`, 'latin1')
    total += counter.feed(buffer, 4, buffer.length - 4)
  }
  return total
}

test('one request, several at once, none', () => {
  assert.equal(count([request]), 1)
  assert.equal(count([request.repeat(3)]), 3)
  assert.equal(count(['GET / HTTP/1.1\r\nhost: a\r\n']), 0)
})

test('requests cut at any two places', () => {
  const text = request.repeat(2)
  for (let a = 1; a < text.length; a++) {
    for (let b = a; b < text.length; b++) {
      assert.equal(count([text.slice(0, a), text.slice(a, b), text.slice(b)]), 2, `cut at ${a} and ${b}`)
    }
  }
})

test('a bare CR before the end of a head is not miscounted', () => {
  assert.equal(count(['GET / HTTP/1.1\r\na: b\r', '\r\n', '\r\n', request]), 2)
})
