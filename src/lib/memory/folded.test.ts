import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createFolding, foldMentions, isSameFold } from './folded.ts'

const route = (name: string, more: object = {}): object => ({
  ref: { kind: 'HTTPRoute', name },
  rules: [{ matches: [{ path: `/${name}` }], headers: [], weight: 1 }],
  ...more,
})
const odd: readonly object[] = [
  {},
  [],
  [[], [[]], {}],
  { a: null, b: false, c: 0, d: -1.5e300, e: '', f: 'null' },
  { a: { b: 1 }, c: 'x' },
  { a: 1, c: 'x' },
  { a: [1], c: 'x' },
  { text: 'two\nlines "quoted" \u2028 \ud800 \\' },
  { 'a\nb': 1, a: { 'b"': 2 } },
  JSON.parse('{"__proto__":{"a":1},"constructor":"x","1":"y"}'),
]
const values = [...odd, route('a'), route('b'), route('a', { rules: [] }), route('c', { extra: true })]

test('what is folded comes out as it went in, whatever was folded before', async () => {
  const { fold, unfold } = createFolding<object>()
  for (let round = 0; round < 3; round++) {
    for (const value of [...values, ...values.toReversed()]) {
      const kept = fold(value)
      assert.deepEqual(unfold(kept, kept), value)
      assert.equal(Object.getPrototypeOf(unfold(kept, kept)), Object.getPrototypeOf(value))
    }
    await turn()
  }
})

test('what is undefined is left out, and the order of properties makes no difference', () => {
  const { fold, unfold } = createFolding<object>()
  const folds = [
    { a: 1, b: 2 },
    { a: 1, b: 2 },
    { a: 1, b: 2, c: undefined },
    { b: 2, a: 1 },
  ].map(fold)
  for (const kept of folds) assert.deepEqual(unfold(kept, kept), { a: 1, b: 2 })
  assert.equal(
    folds.slice(1).every(({ form }) => form === folds[1]?.form),
    true,
  )
})

test('of what is like others only the differences are kept', () => {
  const { fold } = createFolding<object>()
  const [lone, first, second] = ['a', 'b', 'c'].map((name) => fold(route(name)))
  assert.equal(lone?.form, undefined)
  assert.equal(first?.text, '')
  assert.equal(second?.text, '\n"c"\n"/c"')
})

test('folds are the same when their values are, and in one turn a value is made once', async () => {
  const { fold, unfold } = createFolding<object>()
  const folds = values.map(fold)
  const again = values.map(fold)
  folds.forEach((a, i) => again.forEach((b, j) => assert.equal(isSameFold(a, b), i === j, `${i} ${j}`)))
  const kept = fold(route('z'))
  const before = unfold(kept, kept)
  assert.equal(unfold(kept, kept), before)
  await turn()
  assert.notEqual(unfold(kept, kept), before)
})

test('it says which texts are not in a value', () => {
  const { fold } = createFolding<object>()
  for (const name of ['a', 'b', 'c']) {
    const kept = fold(route(name))
    for (const text of [name, `/${name}`, 'HTTPRoute']) assert.equal(foldMentions(kept, text), true)
    if (kept.form !== undefined) assert.equal(foldMentions(kept, 'z'), false)
  }
})

test('after very many forms it still folds', () => {
  const { fold, unfold } = createFolding<object>()
  const all = Array.from({ length: 10_000 }, (_, i) => ({ [`k${i % 5000}`]: i }))
  all.map(fold).forEach((kept, i) => assert.deepEqual(unfold(kept, kept), all[i]))
})
