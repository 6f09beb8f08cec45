import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { createReply, faultOfLabels } from './reply.ts'

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

describe('what a reply says of itself is a label of metrics, or a line of the log', () => {
  const cases: readonly (readonly [labels: object, fault: RegExp | undefined])[] = [
    [{}, undefined],
    [{ reason: 'denied', flags: 'URX', grpcStatus: 16 }, undefined],
    [{ flags: '-' }, undefined],
    [{ reason: { a: 1 } }, /reason/],
    [{ flags: 'user-4711' }, /flags/],
    [{ flags: 'RL"}\nx 1' }, /flags/],
    [{ flags: 7 }, /flags/],
    [{ grpcStatus: 0 }, /gRPC status/],
    [{ grpcStatus: 17 }, /gRPC status/],
    [{ grpcStatus: Number.NaN }, /gRPC status/],
    [{ grpcStatus: '7' }, /gRPC status/],
  ]
  for (const [labels, fault] of cases) {
    test(`${JSON.stringify(labels)} ${fault === undefined ? 'is good' : 'is refused'}`, () => {
      if (fault === undefined) return assert.equal(faultOfLabels(labels), undefined)
      assert.match(faultOfLabels(labels) ?? '', fault)
      assert.throws(() => createReply(429, labels), RangeError)
    })
  }
})
