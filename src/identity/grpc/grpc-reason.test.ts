import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grpcReason } from './grpc-reason.ts'

const cases: readonly { readonly details: string; readonly reason: string }[] = [
  { details: 'no identity issued', reason: 'no identity issued' },
  { details: '', reason: 'the message' },
  {
    details: 'No connection established. Last error: Error: connect ENOENT /a/b.sock. Resolution note: ',
    reason: 'connect ENOENT /a/b.sock',
  },
  {
    details: 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: none',
    reason: 'connect ECONNREFUSED 127.0.0.1:1',
  },
  { details: 'x'.repeat(600), reason: `${'x'.repeat(500)}…` },
]

for (const { details, reason } of cases) {
  test(`${JSON.stringify(details.slice(0, 60))} is ${JSON.stringify(reason.slice(0, 60))}`, () => {
    assert.equal(grpcReason({ details, message: 'the message' }), reason)
  })
}
