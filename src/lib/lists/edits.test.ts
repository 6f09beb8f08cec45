import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, type SeededRandom } from '../../../test/support/random.ts'
import { applyEdits, findEdits } from './edits.ts'

interface Item {
  readonly key: string
  readonly value: number
}

const keyOf = ({ key }: Item): string => key
const list = (text: string): readonly Item[] =>
  text.split(' ').flatMap((word) => (word === '' ? [] : [{ key: word.charAt(0), value: Number(word.slice(1)) }]))

const cases: readonly (readonly [string, string, string, number, number])[] = [
  ['nothing', 'a1 b1 c1', 'a1 b1 c1', 0, 0],
  ['one that changed', 'a1 b1 c1', 'a1 b2 c1', 1, 1],
  ['one that is new', 'a1 c1', 'a1 b1 c1', 1, 1],
  ['one that is gone', 'a1 b1 c1', 'a1 c1', 1, 0],
  ['neighbours', 'a1 b1 c1 d1', 'a1 b2 c2 d1', 1, 2],
  ['two far apart', 'a1 b1 c1 d1', 'a2 b1 c1 d2', 2, 2],
  ['a new beginning', 'b1 c1', 'a1 b1 c1', 1, 1],
  ['the first list', '', 'a1 b1', 1, 2],
  ['the last list', 'a1 b1', '', 1, 0],
]
for (const [name, before, after, edits, items] of cases) {
  test(`${name}: ${edits} edits with ${items} items`, () => {
    const found = findEdits(list(before), list(after), keyOf)
    assert.deepEqual([found.length, found.flatMap((edit) => edit.items).length], [edits, items])
    assert.deepEqual(applyEdits(list(before), found), list(after))
  })
}

test('what did not change stays the same object, and an unchanged list itself', () => {
  const before = list('a1 b1 c1')
  assert.equal(applyEdits(before, findEdits(before, list('a1 b1 c1'), keyOf)), before)
  const after = applyEdits(before, findEdits(before, list('a1 b2 c1'), keyOf))
  assert.deepEqual(
    after.map((item, i) => item === before[i]),
    [true, false, true],
  )
})

const randomList = (random: SeededRandom): Item[] =>
  Array.from({ length: random.below(8) }, () => ({
    key: random.pick(['a', 'b', 'c', 'd', 'e']),
    value: random.below(2),
  }))

test('edits are right for lists in any order, with keys that stand twice', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = seededRandom(seed)
    const [before, after] = [randomList(random), randomList(random)]
    const sort = (a: Item, b: Item): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
    if (random.chance(0.5)) for (const items of [before, after]) items.sort(sort)
    assert.deepEqual(applyEdits(before, findEdits(before, after, keyOf)), after, `seed ${seed}`)
  }
})
