import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packJson, unpackJson } from './packed-json.ts'

const cases: readonly (readonly [name: string, value: unknown])[] = [
  ['nothing', null],
  ['a number', 1.5],
  ['a text', 'a "quoted" \u2028 text'],
  ['an empty list', []],
  ['an empty object', {}],
  ['a text that looks like a number, beside it', ['1', 1, true, 'true', null, 'null']],
  ['numbers that look like positions', { a: 0, b: [1, 2, 3, 1.7e12], c: { b: -1 } }],
  ['lists in lists', [[], [[]], [[], [[]]]]],
  ['names that mean something elsewhere', JSON.parse('{"__proto__":{"a":1},"1":"x","a b":[],"constructor":{}}')],
  ['the same name with values of several kinds', [{ a: 1 }, { a: 'x' }, { a: 2 ** 40 }, { a: 0.5 }, { a: [] }, {}]],
]
for (const [name, value] of cases) {
  test(`${name} comes out as it went in`, () => {
    const unpacked = unpackJson(packJson(value))
    assert.deepEqual(unpacked, value)
    assert.equal(JSON.stringify(unpacked), JSON.stringify(value))
  })
}

test('what is undefined is left out, as in any JSON', () => {
  assert.deepEqual(unpackJson(packJson({ a: undefined, b: 1 })), { b: 1 })
})

test('what is equal is the same object, however deep', () => {
  const item = (name: string) => ({ name, at: [{ path: '/', headers: [] }], headers: [] })
  const [a, b, c] = unpackJson(packJson([item('a'), item('b'), item('a')]))
  assert.equal(a, c)
  assert.notEqual(a, b)
  assert.equal(a?.at, b?.at)
  assert.equal(a?.headers, b?.at[0]?.headers)
})

test('equal texts travel once', () => {
  const text = 'HTTPRoute/shop/api'
  assert.equal(packJson([{ a: text }, { b: text }]).split(text).length, 2)
})
