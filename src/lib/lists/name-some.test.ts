import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameSome } from './name-some.ts'

test('a list is named up to a length, and counted from there on', () => {
  assert.equal(nameSome([], 2), '')
  assert.equal(nameSome(['a', 'b'], 2), 'a, b')
  assert.equal(nameSome(['a', 'b', 'c', 'd'], 2), 'a, b and 2 more')
})
