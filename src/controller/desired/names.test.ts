import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labelValueOf, objectNameOf } from './names.ts'

test('a name that a Service can have is kept', () => {
  for (const name of ['waypoint', 'a', 'a-1', 'x'.repeat(63)]) assert.equal(objectNameOf(name), name)
})

test('another becomes one that a Service can have, and stays apart from its likes', () => {
  const names = ['a.b', 'a-b.', '1a', 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(253), '9', `${'x'.repeat(53)}.y`]
  const made = names.map(objectNameOf)
  for (const name of made) assert.match(name, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/)
  assert.equal(new Set(made).size, names.length)
})

test('a label has the very name that it can have', () => {
  for (const name of ['waypoint', 'a.b', '1a', 'x'.repeat(63)]) assert.equal(labelValueOf(name), name)
  const long = labelValueOf(`${'a.'.repeat(60)}a`)
  assert.match(long, /^[a-z][-a-z0-9]{0,61}[a-z0-9]$/)
})
