import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isThrown, thrownMessage, thrownStack } from './thrown-text.ts'

const unreadable = (property: 'message' | 'stack'): Error =>
  Object.defineProperty(new Error('x'), property, {
    get: () => {
      throw new Error('again')
    },
  })

describe('what was thrown is text, also', () => {
  const closed = new Proxy(new Error('x'), {
    getPrototypeOf: () => {
      throw new Error('again')
    },
  })
  const cases: readonly (readonly [what: string, thrown: unknown, message: string])[] = [
    ['an error', new Error('no'), 'no'],
    ['a text', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('no'), 'Symbol(no)'],
    ['an object without a prototype', Object.create(null), 'something that cannot be read'],
    ['an error whose message throws', unreadable('message'), 'something that cannot be read'],
    ['a proxy that throws', closed, 'something that cannot be read'],
    ['a message that is no text', Object.assign(new Error('x'), { message: 7 }), '7'],
  ]
  for (const [what, thrown, message] of cases) {
    it(what, () => {
      assert.equal(thrownMessage(thrown), message)
      assert.equal(typeof thrownStack(thrown), 'string')
    })
  }

  it('an error whose stack throws', () =>
    assert.equal(thrownStack(unreadable('stack')), 'something that cannot be read'))

  it('one that is endless, cut', () => assert.equal(thrownMessage(new Error('x'.repeat(1e6))).length, 4001))

  it('of a class that cannot be told', () => {
    assert.equal(isThrown(closed, Error), false)
    assert.equal(isThrown(new TypeError('x'), Error), true)
  })
})
