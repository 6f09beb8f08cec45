import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LossKind } from './failure.ts'
import { backoffBefore, mayRepeat, refusalOfRepeat } from './retry-policy.ts'

const stanza = { codes: [503], attempts: 4, backoffMs: 100 }

const losses: readonly (readonly [kind: LossKind, method: string, byDefault: boolean])[] = [
  ['connect-failed', 'POST', true],
  ['refused', 'POST', true],
  ['reset', 'GET', true],
  ['reset', 'HEAD', true],
  ['reset', 'OPTIONS', true],
  ['reset', 'POST', false],
  ['reset', 'PUT', false],
  ['reset', 'DELETE', false],
  ['reset', 'get', false],
  ['timeout', 'GET', false],
  ['protocol', 'GET', false],
]
for (const [kind, method, byDefault] of losses) {
  test(`${method} lost by ${kind} is ${byDefault ? '' : 'not '}sent again by default, and always when the route says so`, () => {
    assert.equal(mayRepeat(kind, method, undefined), byDefault)
    assert.equal(mayRepeat(kind, method, stanza), true)
  })
}

test('two repetitions, or as many as the route says; leave is taken only when nothing else forbids one', () => {
  let taken = 0
  const refusals = (retry: typeof stanza | undefined, isBodyLost = false, repeats?: number): string =>
    [1, 2, 3, 4, 5]
      .map((attempts) => refusalOfRepeat({ attempts, isBodyLost }, { retry, repeats }, () => ++taken > 1) ?? 'none')
      .join(' ')
  assert.equal(refusals(undefined), 'budget none attempts attempts attempts')
  assert.equal(refusals(stanza), 'none none none none attempts')
  assert.equal(refusals(stanza, true), 'body body body body attempts')
  assert.equal(taken, 6)
  assert.equal(refusals(undefined, false, 0), 'attempts attempts attempts attempts attempts')
  assert.equal(refusals(undefined, false, 3), 'none none none attempts attempts')
  assert.equal(refusals(stanza, false, 0), 'none none none none attempts')
})

test('no wait is longer than a timer can be', () => {
  const longestMs = 2 ** 31 - 1
  const retry = { ...stanza, backoffMs: longestMs }
  assert.deepEqual(
    [1, 2, 9].map((repeat) => backoffBefore(repeat, retry, () => 0.9)),
    [longestMs, longestMs, longestMs],
  )
})

test('waits double from the backoff, with jitter, up to ten times', () => {
  const waits = (random: number): readonly number[] =>
    [1, 2, 3, 4, 5, 9].map((repeat) => backoffBefore(repeat, stanza, () => random))
  assert.deepEqual(waits(0), [100, 200, 400, 800, 1000, 1000])
  assert.deepEqual(waits(1), [150, 300, 600, 1000, 1000, 1000])
  assert.equal(
    backoffBefore(1, undefined, () => 1),
    0,
  )
})
