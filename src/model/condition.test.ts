import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conditionsAt, isFault, nextEndOf, type Condition } from './condition.ts'

const END = Date.parse('2026-05-04T12:00:00Z')

const condition = (changes: Partial<Condition> = {}): Condition => ({
  object: { kind: 'FaultInjection', namespace: 'shop', name: 'slow' },
  type: 'Programmed',
  status: 'True',
  reason: 'Programmed',
  message: 'it is in force until 2026-05-04T12:00:00.000Z',
  ...changes,
})

test('what has come to its end is no more in force, from that time on', () => {
  const [before, after] = [END - 1, END].map((nowMs) => conditionsAt([condition({ endsAtMs: END })], nowMs)[0])
  assert.deepEqual(before, condition())
  assert.ok(after !== undefined && isFault(after))
  assert.deepEqual([after.type, after.status, after.reason], ['Programmed', 'False', 'Expired'])
  assert.match(after.message, /^it does nothing since 2026-05-04T12:00:00\.000Z/)
  assert.ok(!('endsAtMs' in after))
})

test('what is in no force anyway says that, and what has no end is the very same', () => {
  const closed = condition({ status: 'False', reason: 'NoResources', message: 'no replica' })
  assert.deepEqual(conditionsAt([{ ...closed, endsAtMs: END }], END), [closed])
  const lasting = [condition(), closed]
  assert.equal(conditionsAt(lasting, END), lasting)
})

test('the next end is the earliest of those to come', () => {
  const ends = [END + 5, END, END + 2, undefined, END - 1].map((endsAtMs) =>
    condition(endsAtMs === undefined ? {} : { endsAtMs }),
  )
  assert.deepEqual(
    [END - 9, END - 1, END, END + 2, END + 5].map((nowMs) => nextEndOf(ends, nowMs)),
    [END - 1, END, END + 2, END + 5, undefined],
  )
})
