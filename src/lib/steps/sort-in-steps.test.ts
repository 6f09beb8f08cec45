import assert from 'node:assert/strict'
import { it } from 'node:test'
import { seededRandom } from '../../../test/support/random.ts'
import { runSteps } from './run-steps.ts'
import { sortInSteps } from './sort-in-steps.ts'

interface Item {
  readonly key: number
  readonly name: string
}

const byKey = (a: Item, b: Item): number => a.key - b.key

it('sorts as a list does, ties in the order they came, those that are sorted first', () => {
  const random = seededRandom(3)
  for (const [length, before] of [
    [0, 0],
    [1, 0],
    [256, 3],
    [257, 0],
    [3000, 700],
    [0, 5],
  ] as const) {
    const items = Array.from({ length }, (_, i) => ({ key: random.below(50), name: `new ${i}` }))
    const sorted = Array.from({ length: before }, (_, i) => ({ key: random.below(50), name: `old ${i}` })).toSorted(
      byKey,
    )
    assert.deepEqual(runSteps(sortInSteps(items, byKey, sorted)), [...sorted, ...items].toSorted(byKey))
  }
})

it('pauses after some hundreds of items', () => {
  const items = Array.from({ length: 10_000 }, (_, i) => String((i * 7919) % 10_007))
  let pauses = 0
  for (const _ of sortInSteps(items, (a, b) => (a < b ? -1 : 1))) pauses++
  assert.ok(pauses > 200, `${pauses} pauses`)
})
