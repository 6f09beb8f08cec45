import assert from 'node:assert/strict'
import test from 'node:test'
import { endpointsOf, modelOf, routeOf } from '../../test/support/models.ts'
import { isEqual } from './is-equal.ts'

const different: readonly (readonly [unknown, unknown])[] = [
  [1, 2],
  [1, '1'],
  [null, undefined],
  [null, {}],
  [{}, null],
  [[], {}],
  [{}, []],
  [[1], [1, 2]],
  [
    [1, 2],
    [2, 1],
  ],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1, b: 2 }, { a: 1 }],
  [{ a: 1 }, { b: 1 }],
  [{ a: { b: [1] } }, { a: { b: [2] } }],
  [{ a: undefined }, {}],
]
for (const [a, b] of different) {
  test(`${JSON.stringify(a)} is not ${JSON.stringify(b)}`, () => {
    assert.equal(isEqual(a, b), false)
    assert.equal(isEqual(b, a), false)
  })
}

test('a copy is equal, whatever the order of its keys', () => {
  const model = modelOf([routeOf('a'), routeOf('b')], { endpoints: [endpointsOf('api', ['10.0.0.1', '10.0.0.2'])] })
  assert.equal(isEqual(model, structuredClone(model)), true)
  assert.equal(isEqual({ a: 1, b: [null] }, { b: [null], a: 1 }), true)
})
