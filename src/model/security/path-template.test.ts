import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPathTemplate, parsePathTemplate } from './path-template.ts'

test('a template is taken apart into texts and operators', () => {
  assert.deepEqual(parsePathTemplate('/a/{*}/b/{**}/c'), [
    { kind: 'text', text: '/a/' },
    { kind: 'one' },
    { kind: 'text', text: '/b/' },
    { kind: 'any' },
    { kind: 'text', text: '/c' },
  ])
  assert.deepEqual(parsePathTemplate('/{**}/'), [
    { kind: 'text', text: '/' },
    { kind: 'any' },
    { kind: 'text', text: '/' },
  ])
})

const REFUSED = ['{*}', '/{**}/{*}', '/{**}/{**}', '/{*}.txt', '/a{*}', '/{name}/{*}', '/{}/{*}', '/a*/{*}', '/a//{*}']
for (const text of [...REFUSED, '/a b/{*}', '/ä/{*}', '/{*', '/{*}}']) {
  test(`${text} is no template that can be carried out`, () => {
    assert.equal(typeof parsePathTemplate(text), 'string')
  })
}

test('only a path with an operator is one', () => {
  assert.deepEqual(['/a', '/a*', '/{a}', '/{*}', '/a/{**}'].map(isPathTemplate), [false, false, false, true, true])
})
