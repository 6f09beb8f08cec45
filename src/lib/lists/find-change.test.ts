import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findChange } from './find-change.ts'

/** Each name is one object. */
const items = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, { name }] as const))
const list = (names: string): readonly object[] => names.split('').map((name) => items[name] ?? {})

const cases: readonly (readonly [before: string, after: string, gone: string, come: string])[] = [
  ['', '', '', ''],
  ['abc', 'abc', '', ''],
  ['', 'ab', '', 'ab'],
  ['ab', '', 'ab', ''],
  ['abc', 'adc', 'b', 'd'],
  ['abc', 'abdc', '', 'd'],
  ['abc', 'ac', 'b', ''],
  ['abc', 'ab', 'c', ''],
  ['abcde', 'ebcda', '', ''],
  ['abcd', 'ecd', 'ab', 'e'],
]
for (const [before, after, gone, come] of cases) {
  test(`what ${before || 'nothing'} and ${after || 'nothing'} have not in common`, () => {
    assert.deepEqual(findChange(list(before), list(after)), { gone: list(gone), come: list(come) })
  })
}

test('an equal item is not the same', () => {
  const [before, after] = [[{ name: 'a' }], [{ name: 'a' }]]
  assert.deepEqual(findChange(before, after), { gone: before, come: after })
})
