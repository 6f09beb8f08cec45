import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TextMap } from './text-map.ts'

// 'Aa' and 'BB' have the same hash, and so has whatever both of them begin.
const texts = ['', '/', '/a', '/a/b', '/Aa', '/BB', '/AaAa', '/AaBB', '/BBAa', '/BBBB', '/ä', '/😀']

test('texts are found by the beginnings of others, and nothing else is', () => {
  const map = new TextMap<string>()
  for (const text of texts) map.add(text, `of ${text}`)
  assert.equal(map.size, texts.length)
  assert.deepEqual(Array.from(map.entries(), ([text]) => text).toSorted(), texts.toSorted())
  for (const text of [...texts, 'AA', '/aA', '/AaAaAa', '/a/', '/a/b/c', 'a']) {
    for (const behind of ['', '/', 'x', '/AaBB']) {
      for (let length = 0; length <= text.length; length++) {
        const start = text.slice(0, length)
        const expected = texts.includes(start) ? `of ${start}` : undefined
        assert.equal(map.get(text + behind, length), expected, `${length} of ${text + behind}`)
      }
    }
    assert.equal(map.get(text), texts.includes(text) ? `of ${text}` : undefined)
  }
})

test('an empty one has nothing', () => {
  const map = new TextMap<number>()
  assert.equal(map.get(''), undefined)
  assert.equal(map.get('/a'), undefined)
  assert.deepEqual([...map.entries()], [])
})
