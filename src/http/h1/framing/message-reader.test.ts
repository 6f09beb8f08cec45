import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordResponses } from '../../../../test/support/http/h1-events.ts'

/** What looks like the end of a head, or like a part of it. */
const bodies = ['a', '\n', '\r\n\r\n', '\r\r\n\r\n\n', '\n\r\n\r\n\r']

test('the end of a head is found whatever its length, in a buffer with more behind it', () => {
  for (let length = 0; length < 9; length++) {
    for (const body of bodies) {
      const head = `HTTP/1.1 200 OK\r\nX: ${'v'.repeat(length)}\r\nContent-Length: ${body.length}\r\n\r\n`
      const [response, told, end] = recordResponses(head + body)
      assert.ok(response?.kind === 'response', `${length} and ${JSON.stringify(body)}`)
      assert.equal(response.head.headers.get('x'), 'v'.repeat(length))
      assert.deepEqual(told, { kind: 'body', text: body })
      assert.equal(end?.kind, 'end')
    }
  }
})

test('a response that is none is known by its first bytes, whether a blank line comes or not', () => {
  const codeOf = (text: string): readonly unknown[] =>
    recordResponses(text).map((event) => (event.kind === 'failure' ? event.code : event.kind))
  for (const start of ['220 mail.example ESMTP\r\n', 'SSH-2.0-OpenSSH_9.2\r\n', '+OK\r\n', '<', 'HTTq']) {
    assert.deepEqual(codeOf(start), ['bad-request'], start)
  }
  for (const start of ['H', 'HTTP/', 'HTTP/1.1', 'HTTP/1.1 200 OK\r\nx: y'])
    assert.deepEqual(codeOf(start), ['truncated'])
})
