import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCode } from './error-code.ts'

test('an error has its code, and nothing else has one', () => {
  assert.equal(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT')
  assert.equal(errorCode(Object.assign(new Error('x'), { code: 8 })), undefined)
  assert.equal(errorCode(new Error('x')), undefined)
  assert.equal(errorCode({ code: 'ENOENT' }), undefined)
  assert.equal(errorCode(undefined), undefined)
})
