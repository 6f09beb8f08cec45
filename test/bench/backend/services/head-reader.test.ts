import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadReader } from './head-reader.ts'

const head = 'POST / HTTP/1.1\r\nhost: a\r\n\r\n'

test('a head cut anywhere is whole, and what follows it is left', () => {
  const bytes = Buffer.from(`..${head}body`, 'latin1')
  for (let cut = 3; cut < 2 + head.length; cut++) {
    const heads: string[] = []
    const reader = new HeadReader((text) => heads.push(text))
    assert.equal(reader.feed(bytes, 2, cut), cut)
    assert.deepEqual(heads, [])
    assert.equal(reader.feed(bytes, cut, bytes.length), 2 + head.length)
    assert.deepEqual(heads, [head])
  }
})

test('one head at a time', () => {
  const heads: string[] = []
  const reader = new HeadReader((text) => heads.push(text))
  const bytes = Buffer.from(head + head, 'latin1')
  const at = reader.feed(bytes, 0, bytes.length)
  assert.equal(at, head.length)
  assert.equal(reader.feed(bytes, at, bytes.length), bytes.length)
  assert.deepEqual(heads, [head, head])
})
