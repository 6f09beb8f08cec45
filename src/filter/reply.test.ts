import assert from 'node:assert/strict'
import test from 'node:test'
import { createReply } from './reply.ts'

test('a reply has defaults', () => {
  assert.deepEqual(createReply(404), { kind: 'reply', status: 404, headers: [], body: '', reason: 'direct_response' })
})

test('a reply keeps what it is given', () => {
  const reply = createReply(429, { headers: [['retry-after', '1']], body: 'slow down', reason: 'rate_limited' })
  assert.deepEqual(reply, {
    kind: 'reply',
    status: 429,
    headers: [['retry-after', '1']],
    body: 'slow down',
    reason: 'rate_limited',
  })
})

test('a reply has flags and a gRPC status where it is given them', () => {
  const { flags, grpcStatus } = createReply(429, { flags: 'RL', grpcStatus: 8 })
  assert.deepEqual([flags, grpcStatus], ['RL', 8])
})

for (const status of [0, 101, 199, 600, 200.5, Number.NaN]) {
  test(`a reply with status ${status} is a bug`, () => {
    assert.throws(() => createReply(status), RangeError)
  })
}
