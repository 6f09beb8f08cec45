import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBefore, hashPiece } from './piece-hash.ts'
import { TextMap } from './text-map.ts'

// Zeros at the beginning leave the hash as it is.
const texts = ['', '\0\0', '/', '/a', '\0/a', '\0\0\0/a', '/a/b', '/Aa', '/ä', '/😀', '/a/😀/b']

test('texts are found by the beginnings of others, and nothing else is', () => {
  const map = new TextMap<string>()
  for (const text of texts) map.add(text, `of ${text}`)
  assert.equal(map.size, texts.length)
  assert.deepEqual(Array.from(map.entries(), ([text]) => text).toSorted(), texts.toSorted())
  for (const text of [...texts, 'AA', '/aA', '\0', '\0\0/a', '/a/', '/a/b/c', 'a', '/a/\ud83d']) {
    for (const behind of ['', '/', 'x', '\0']) {
      for (let length = 0; length <= text.length; length++) {
        const start = text.slice(0, length)
        const expected = texts.includes(start) ? `of ${start}` : undefined
        const found = map.find(hashPiece(text + behind, 0, length), text + behind, length)
        assert.equal(found, expected, `${length} of ${text + behind}`)
      }
    }
    assert.equal(map.get(text), texts.includes(text) ? `of ${text}` : undefined)
  }
})

test('a hash can be shortened, character by character', () => {
  for (const text of [...texts, 'x'.repeat(1000), '\uffff'.repeat(50)]) {
    let hash = hashPiece(text, 0, text.length)
    for (let length = text.length - 1; length >= 0; length--) {
      hash = hashBefore(hash, text.charCodeAt(length))
      assert.equal(hash, hashPiece(text, 0, length), `${length} of ${text}`)
    }
  }
})

test('an empty one has nothing', () => {
  const map = new TextMap<number>()
  assert.equal(map.get(''), undefined)
  assert.equal(map.get('/a'), undefined)
  assert.deepEqual([...map.entries()], [])
})
