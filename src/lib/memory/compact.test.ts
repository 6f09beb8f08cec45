import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compact } from './compact.ts'

describe('compact data', () => {
  const values: readonly unknown[] = [
    null,
    0,
    'text',
    [],
    {},
    [[], {}],
    { a: [1, 'x', { b: null }], c: {} },
    { a: [1, 'x', { b: null }], c: {}, d: true },
    { a: [1, 'x'] },
    { a: { 0: 1 } },
    { a: [{ b: 1 }, { b: 1 }, { b: 1, c: 2 }] },
    JSON.parse('{"__proto__": {}}'),
    { constructor: { toString: 1 }, 'a b': [] },
  ]
  for (const value of values) {
    it(`equals ${JSON.stringify(value)}, whatever it is held against`, () => {
      for (const like of [undefined, ...values]) assert.deepEqual(compact(value, like), value)
    })
  }

  it('has the parts of its like that are equal, and no other', () => {
    const like = { ref: { kind: 'Service', port: 80 }, list: [{ a: 1 }, { a: 2 }], name: 'one' }
    const value = compact({ ref: { kind: 'Service', port: 80 }, list: [{ a: 1 }, { a: 3 }], name: 'two' }, like)
    assert.equal(value.ref, like.ref)
    assert.equal(value.list[0], like.list[0])
    assert.deepEqual(like, { ref: { kind: 'Service', port: 80 }, list: [{ a: 1 }, { a: 2 }], name: 'one' })
  })

  it('is its like when the two are equal, and not when one has more', () => {
    const like = { a: { b: 1 } }
    assert.equal(compact({ a: { b: 1 } }, like), like)
    assert.notEqual(compact({ a: { b: 1 }, c: 2 }, like), like)
    assert.notEqual(compact({ a: {} }, like).a, like.a)
  })

  it('shares equal neighbours in a list', () => {
    const [first, second] = compact([{ ready: true }, { ready: true }], undefined)
    assert.equal(first, second)
  })

  it('is a copy: what it was made of is neither changed nor part of it', () => {
    const value = { list: [{ a: 1 }] }
    const made = compact(value, { list: [{ a: 2 }] })
    assert.notEqual(made.list[0], value.list[0])
    assert.deepEqual(value, { list: [{ a: 1 }] })
  })
})
