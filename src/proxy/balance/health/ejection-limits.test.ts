import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { endpointsOf } from '../../../../test/support/models.ts'
import { groupOf, OutlierBed, times } from '../../../../test/support/upstream/outlier-bed.ts'
import type { EndpointPool } from '../../upstream/pool.ts'
import type { EndpointGroup } from '../../../snapshot/snapshot.ts'

let bed: OutlierBed

beforeEach(() => {
  bed = new OutlierBed()
})

const sizes: readonly (readonly [number, number, number])[] = [
  [1, 50, 0],
  [1, 100, 0],
  [2, 50, 1],
  [2, 10, 1],
  [3, 50, 1],
  [4, 50, 2],
  [9, 34, 3],
  [3, 100, 3],
]
for (const [size, maxEjectionPercent, most] of sizes) {
  test(`of ${size} endpoints and ${maxEjectionPercent} % at most ${most} are ejected for their answers`, () => {
    bed.group = groupOf(size, { maxEjectionPercent })
    bed.pick()
    for (let i = 0; i < size; i++) times(5, () => bed.answer(bed.poolAt(i), 500))
    const states = bed.group.endpoints.map((_, i) => bed.stateOf(i))
    assert.equal(states.filter((state) => state === 'ejected').length, most)
    assert.equal(bed.pools.counters.spared, size > 1 ? size - most : 0)
    assert.equal(new Set(bed.picks(size * 2)).size, most === size ? size : size - most)
  })
}

for (const [size, maxEjectionPercent] of sizes) {
  const most = size === 1 ? 0 : size
  test(`of ${size} endpoints that cannot be reached ${most} are ejected, whatever ${maxEjectionPercent} % are`, () => {
    bed.group = groupOf(size, { maxEjectionPercent })
    bed.pick()
    for (let i = 0; i < size; i++) times(3, () => bed.fail(bed.poolAt(i)))
    const states = bed.group.endpoints.map((_, i) => bed.stateOf(i))
    assert.equal(states.filter((state) => state === 'ejected').length, most)
    assert.equal(bed.pools.counters.spared, 0)
  })
}

test('as many cannot be reached as a policy allows to be ejected: none is for its answers', () => {
  bed.group = groupOf(4, { maxEjectionPercent: 50 })
  bed.pick()
  for (const i of [0, 1]) times(3, () => bed.fail(bed.poolAt(i)))
  times(5, () => bed.answer(bed.poolAt(2), 500))
  assert.deepEqual([bed.stateOf(2), bed.pools.counters.spared], ['healthy', 1])
  assert.match(bed.picks(4), /^(3434|4343)$/)
})

test('requests that are lost while connections fail do not keep what cannot be reached from being ejected', () => {
  bed.group = groupOf(3, {})
  bed.pick()
  const lose = (pool: EndpointPool): void => bed.pools.balancer.outcomes.onLost(bed.trying(pool), 'reset', 'lost')
  times(5, () => lose(bed.poolAt(0)))
  assert.equal(bed.stateOf(0), 'ejected')
  const second = bed.poolAt(1)
  times(2, () => bed.fail(second))
  times(5, () => lose(second))
  assert.deepEqual([bed.stateOf(1), bed.pools.counters.spared], ['healthy', 1], 'not for what was lost')
  bed.fail(second)
  assert.equal(bed.stateOf(1), 'ejected')
  assert.equal(bed.picks(3), '333')
})

test('when all are ejected all are used, and one that answers is back at once', () => {
  bed.group = groupOf(3, { maxEjectionPercent: 100 })
  bed.pick()
  for (let i = 0; i < 3; i++) times(3, () => bed.fail(bed.poolAt(i)))
  assert.equal(new Set(bed.picks(6)).size, 3)
  bed.pools.clock.advance(5)
  bed.answer(bed.poolAt(1), 200)
  assert.equal(bed.picks(4), '2222')
})

test('without a policy all that cannot be connected to are put aside, and when nobody is left all are used', () => {
  bed.group = endpointsOf('api', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  bed.pick()
  for (const index of [0, 1]) times(3, () => bed.fail(bed.poolAt(index)))
  assert.equal(bed.picks(6), '333333')
  times(3, () => bed.fail(bed.poolAt(2)))
  assert.equal(new Set(bed.picks(6)).size, 3)
})

test('an ejection that is too much for a smaller Service with the same endpoints is not honoured there', () => {
  const endpoints = bed.group.endpoints.slice(0, 2)
  const small: EndpointGroup = { ...groupOf(2, { maxEjectionPercent: 50 }), endpoints }
  bed.group = groupOf(6, {})
  bed.pick()
  times(5, () => bed.answer(bed.poolAt(0), 500))
  bed.pools.clock.advance(10)
  times(5, () => bed.answer(bed.poolAt(1), 500))
  assert.deepEqual([bed.stateOf(0), bed.stateOf(1)], ['ejected', 'ejected'])
  const used = Array.from({ length: 4 }, () => bed.pools.balancer.pickEndpoint(small, [])?.endpoint.address)
  assert.deepEqual(new Set(used), new Set(['10.0.0.1']), 'the one whose ejection ends first')
})
