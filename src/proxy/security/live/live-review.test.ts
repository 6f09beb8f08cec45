import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { policyOf } from '../../../../test/support/hostile/policies.ts'
import { modelOf, noFilters, serviceOf } from '../../../../test/support/models.ts'
import { turn } from '../../../../test/support/turns.ts'
import { compile } from '../../../snapshot/compile.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import { LiveReview, type LiveStream } from './live-review.ts'

const snapshotOf = (generation: number, ...paths: readonly string[]): Snapshot => {
  const policies = paths.map((path) => policyOf('DENY', { path: [path] }))
  const judged = paths.length === 0 ? {} : { authorizations: policies.map(({ key }) => key) }
  const model = modelOf([], { services: [serviceOf({}, judged)], authorizations: policies })
  return compile(model, { generation, filters: noFilters })
}

/** Streams of which each takes some time to be asked about, and what they were asked by. */
const streams = (count: number, eachMs: number) => {
  const clock = createFakeClock()
  const asked: number[][] = Array.from({ length: count }, () => [])
  const all = asked.map((generations): LiveStream => ({
    review: ({ generation }) => {
      generations.push(generation)
      clock.advance(eachMs)
    },
  }))
  return { review: new LiveReview(() => all, clock), asked, done: () => asked.flat().length }
}

it('no turn of the loop has more than a millisecond of it', async () => {
  const { review, asked, done } = streams(100, 0.25)
  review.begin(snapshotOf(1, '/a'))
  assert.equal(done(), 0)
  let most = 0
  for (let turns = 0; turns < 25; turns++) {
    const before = done()
    await turn()
    most = Math.max(most, done() - before)
  }
  assert.deepEqual([most, done(), new Set(asked.flat()).size], [4, 100, 1])
})

it('all are asked by what has come since, whoever was asked before', async () => {
  const { review, asked } = streams(8, 0.25)
  review.begin(snapshotOf(1, '/a'))
  await turn()
  review.begin(snapshotOf(2, '/b'))
  for (let turns = 0; turns < 5; turns++) await turn()
  assert.deepEqual(asked, [...Array.from({ length: 4 }, () => [1, 2]), ...Array.from({ length: 4 }, () => [2])])
})

it('without policies nobody is asked', async () => {
  const { review, done } = streams(8, 0.25)
  review.begin(snapshotOf(1, '/a'))
  review.begin(snapshotOf(2))
  for (let turns = 0; turns < 5; turns++) await turn()
  assert.equal(done(), 0)
})
