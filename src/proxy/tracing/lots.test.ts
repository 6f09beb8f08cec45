import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../test/support/random.ts'
import { Lots } from './lots.ts'

test('as many are chosen as the share says, and one of them is as likely to follow as to come later', () => {
  const { fraction } = seededRandom(5)
  for (const ratio of [0.01, 0.25, 0.9]) {
    const lots = new Lots(ratio, fraction)
    let chosen = 0
    let pairs = 0
    let wasChosen = false
    const all = 400_000
    for (let i = 0; i < all; i++) {
      const isChosen = lots.draw()
      chosen += Number(isChosen)
      pairs += Number(isChosen && wasChosen)
      wasChosen = isChosen
    }
    // Five times the deviation that chance has.
    const near = (count: number, share: number): void => {
      const off = Math.abs(count - all * share)
      assert.ok(off <= 5 * Math.sqrt(all * share * (1 - share)) + 1, `${count} of ${all} at ${share}`)
    }
    near(chosen, ratio)
    near(pairs, ratio ** 2)
  }
})

test('the first one is chosen when chance is below the share, and not at it', () => {
  for (const [random, isChosen] of [
    [0, true],
    [0.2499, true],
    [0.25, false],
    [0.9999999999999999, false],
  ] as const)
    assert.equal(new Lots(0.25, () => random).draw(), isChosen, String(random))
})

test('all are chosen, or none, whatever chance says; and a share may be as small as numbers are', () => {
  for (const random of [0, 0.5, 0.9999999999999999]) {
    const chosen = (ratio: number): readonly boolean[] => {
      const lots = new Lots(ratio, () => random)
      return [lots.draw(), lots.draw(), lots.draw()]
    }
    assert.deepEqual(chosen(1), [true, true, true])
    assert.deepEqual(chosen(0), [false, false, false])
    if (random > 0) assert.deepEqual(chosen(Number.MIN_VALUE), [false, false, false])
  }
})
