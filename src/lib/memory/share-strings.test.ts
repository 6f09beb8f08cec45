import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { shareStrings } from './share-strings.ts'

const items = (): readonly unknown[] =>
  Array.from({ length: 2000 }, (_, i) => ({
    kind: 'HTTPRoute',
    i,
    of: [{ text: 'every rule is in force', none: null }],
  }))

test('values stay what they are', () => {
  const value = structuredClone(items())
  shareStrings(value)
  assert.deepEqual(value, items())
})

for (const value of ['text', 1, null, undefined]) {
  test(`${String(value)} alone is left as it is`, () => shareStrings(value))
}

test('equal texts take their place once', { skip: globalThis.gc === undefined }, () => {
  const value = structuredClone(items())
  const used = (): number => {
    globalThis.gc?.()
    return getHeapStatistics().used_heap_size
  }
  const before = used()
  shareStrings(value)
  assert.ok(before - used() > 2000 * 40, 'two texts of each item are gone')
  assert.equal(value.length, 2000)
})
