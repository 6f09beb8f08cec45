import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { identityOf } from '../../../test/support/mesh/mesh.ts'
import { turn } from '../../../test/support/turns.ts'
import { decodeTrust } from './mesh-identity.ts'
import { PeerReview } from './peer-review.ts'
import { Slices } from './slices.ts'

describe('slices', () => {
  test('in each turn as many as there is time for, in order, and at least one', async () => {
    const clock = createFakeClock()
    const done: number[] = []
    const slices = new Slices<number>(
      (item) => {
        done.push(item)
        clock.advance(item)
      },
      clock,
      { sliceMs: 2 },
    )
    slices.add([0.5, 0.6, 0.7, 0.8, 5])
    slices.add([])
    slices.add(new Set([0.1, 0.2]))
    assert.deepEqual(done, [], 'nothing in the turn of the caller')
    await turn()
    assert.deepEqual(done, [0.5, 0.6, 0.7, 0.8])
    await turn()
    assert.deepEqual(done.slice(4), [5])
    assert.equal(slices.isUnderWay, true)
    await turn()
    assert.deepEqual(done.slice(5), [0.1, 0.2])
    assert.equal(slices.isUnderWay, false)
    slices.add([0.5])
    await turn()
    assert.equal(done.length, 8)
    slices.add([1, 2])
    slices.clear()
    await turn()
    assert.equal(done.length, 8)
  })

  test('a bug that one of them meets, or their list, keeps no other from its turn', async () => {
    const done: number[] = []
    const faults: string[] = []
    const slices = new Slices<number>(
      (item) => {
        if (item === 2) throw new Error('two')
        done.push(item)
      },
      createFakeClock(),
      { onFault: (error) => void faults.push(String(error)) },
    )
    slices.add([1, 2, 3])
    slices.add(brokenList())
    slices.add([5])
    for (let i = 0; i < 3; i++) await turn()
    assert.deepEqual(done, [1, 3, 4, 5])
    assert.deepEqual(faults, ['Error: two', 'Error: list'])
    assert.equal(slices.isUnderWay, false)
  })
})

/** It would fail for ever. */
const brokenList = (): Iterable<number> => {
  let value = 3
  const next = (): IteratorResult<number> => {
    if (++value > 4) throw new Error('list')
    return { done: false, value }
  }
  return { [Symbol.iterator]: () => ({ next }) }
}

describe('a review', () => {
  const root = new TestCa('Root')
  const trustOf = () => decodeTrust(root.issue(identityOf('waypoint')), { trustDomains: [], nowMs: Date.now() })

  test('of peers that an earlier one has not come to looks at what that one would have', async () => {
    const clock = createFakeClock()
    const [first, second, third] = [trustOf(), trustOf(), trustOf()]
    const seen: unknown[] = []
    const peers = ['a', 'b', 'c'].map((name) => ({
      review: (trust: unknown, { isChainProven }: { readonly isChainProven: boolean }) => {
        const which = trust === first ? 'first' : trust === second ? 'second' : 'third'
        seen.push([name, which, isChainProven])
        clock.advance(3)
      },
    }))
    let current = first
    const review = new PeerReview(() => current, clock)
    review.begin([peers], false)
    await turn()
    current = second
    review.begin([peers.slice(1), peers.slice(0, 1)], true)
    for (let i = 0; i < 4; i++) await turn()
    current = third
    review.begin([peers.slice(0, 1)], true)
    await turn()
    assert.deepEqual(seen, [
      ['a', 'first', false],
      ['b', 'second', false],
      ['c', 'second', false],
      ['a', 'second', false],
      ['a', 'third', true],
    ])
  })
})
