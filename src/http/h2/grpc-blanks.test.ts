import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withoutGrpcBlanks } from './grpc-blanks.ts'

const type = ['content-type', 'application/grpc+proto'] as const

describe('white space at the ends of values', () => {
  const stripped: Readonly<Record<string, readonly [fields: readonly string[], expected: readonly string[]]>> = {
    'of metadata': [
      [':path', '/a', ...type, 'x', ' \ta b\t ', 'y', ' '],
      [':path', '/a', ...type, 'x', 'a b', 'y', ''],
    ],
    'of the content-type itself': [
      ['content-type', 'application/grpc '],
      ['content-type', 'application/grpc'],
    ],
    'of a message in trailers': [
      ['grpc-status', '15', 'grpc-message', 'failed: '],
      ['grpc-status', '15', 'grpc-message', 'failed:'],
    ],
    'that is much, between text': [
      ['grpc-status', '2', 'x', `a${' '.repeat(60_000)}b `],
      ['grpc-status', '2', 'x', `a${' '.repeat(60_000)}b`],
    ],
  }
  for (const [name, [fields, expected]] of Object.entries(stripped)) {
    it(`is stripped ${name}`, () => {
      const startedMs = performance.now()
      assert.deepEqual(withoutGrpcBlanks(fields), expected)
      assert.ok(performance.now() - startedMs < 1000)
    })
  }

  const left: Readonly<Record<string, readonly string[]>> = {
    'what has none': [':path', '/a', ...type, 'x', 'a b'],
    'what is no gRPC': [':path', '/a', 'content-type', 'application/json', 'x', 'a '],
    'gRPC-Web': ['content-type', 'application/grpc-web', 'x', 'a '],
    'a pseudo-header field': [':path', '/a ', ...type],
    'white space of other alphabets': [...type, 'x', '\u00a0a\u000b'],
  }
  for (const [name, fields] of Object.entries(left)) {
    it(`leaves ${name} to who checks it`, () => assert.equal(withoutGrpcBlanks(fields), undefined))
  }
})
