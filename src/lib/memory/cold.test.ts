import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isEqual } from '../is-equal.ts'
import { applyEdits, findEdits } from '../lists/edits.ts'
import { coolList, createCooling, isSameCold } from './cold.ts'
import { packJson, unpackJson } from './packed-json.ts'

interface Item {
  readonly key: string
  readonly list: readonly number[]
  readonly note?: string
}

const items: readonly Item[] = ['a', 'b', 'c', 'd'].map((key, i) => ({
  key,
  list: [i],
  ...(i === 2 ? { note: 'x' } : {}),
}))
const cooling = createCooling<Item>({ key: true, list: true, note: true })

test('what is cold reads and travels as what it was', () => {
  const cold = coolList(items, cooling)
  assert.deepEqual(
    cold.map(({ key, list, note }) => ({ key, list, ...(note === undefined ? {} : { note }) })),
    items,
  )
  assert.deepEqual(unpackJson(packJson(cold)), items)
  assert.equal(isEqual(cold[2], items[2]), true)
})

test('cooled once more it is the very same', () => {
  const cold = coolList(items, cooling)
  assert.equal(coolList(cold, cooling), cold)
  const edited = coolList([...cold, { key: 'e', list: [] }], cooling)
  assert.deepEqual(
    edited.map((item, i) => item === cold[i]),
    [true, true, true, true, false],
  )
})

test('of two lists that were made anew only what differs is an edit', () => {
  const before = coolList(items, cooling)
  const after = coolList(
    items.map((item) => ({ ...item, list: item.key === 'c' ? [7] : [...item.list] })),
    cooling,
  )
  assert.deepEqual(
    after.map((item, i) => isSameCold(item, before[i] ?? item)),
    [true, true, false, true],
  )
  const edits = findEdits(before, after, ({ key }) => key)
  assert.deepEqual(
    edits.map(({ at, remove, items: { length } }) => [at, remove, length]),
    [[2, 1, 1]],
  )
  assert.equal(applyEdits(before, edits)[2], after[2])
})
