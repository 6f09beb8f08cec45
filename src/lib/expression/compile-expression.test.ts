import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileCondition, compileExpression } from './compile-expression.ts'
import type { Attribute, ExpressionScope } from './compiler.ts'

interface Input {
  readonly code: number
  readonly path?: string
  readonly ms: number
  readonly tls: boolean
  readonly headers: Readonly<Record<string, string>>
}

const attributes: ReadonlyMap<string, Attribute<Input>> = new Map<string, Attribute<Input>>([
  ['response.code', { type: 'int', read: ({ code }) => code }],
  ['request.path', { type: 'string', read: ({ path }) => path }],
  ['request.duration', { type: 'duration', read: ({ ms }) => ms }],
  ['connection.mtls', { type: 'bool', read: ({ tls }) => tls }],
  ['request.headers', { type: 'map', read: ({ headers }, key) => headers[key.toLowerCase()] }],
])

const input: Input = { code: 503, path: '/items/7', ms: 250, tls: true, headers: { 'x-a': 'one', 'x-empty': '' } }
const scope: ExpressionScope<Input> = { attributes, random: () => 0.5 }

const conditions: readonly (readonly [text: string, holds: boolean])[] = [
  ['true', true],
  ['response.code == 503', true],
  ['response.code != 503', false],
  ['response.code >= 0x1F4 && response.code < 600u', true],
  ['response.code in [404, 503]', true],
  ['response.code in [404, 500]', false],
  ['response.code in []', false],
  ['response.code == 503.0', true],
  ['-1 < response.code', true],
  ['!(response.code == 503)', false],
  ['!connection.mtls || response.code == 503 && true', true],
  // `&&` binds tighter.
  ['true || true && false', true],
  ["request.path.startsWith('/items/')", true],
  ['request.path.endsWith("8")', false],
  ["request.path.contains('tem')", true],
  [String.raw`request.path.matches(r'^/items/\d+$')`, true],
  ["request.path.matches('^/other')", false],
  ["request.path + '?' == '/items/7?'", true],
  ["request.path.upperAscii() == '/ITEMS/7'", true],
  ['size(request.path) == 8', true],
  ["string(response.code).startsWith('5')", true],
  ["int('12') + 1 == 13", true],
  ["request.duration > duration('200ms')", true],
  ["request.duration > duration('0.3s')", false],
  ["request.headers['X-A'] == 'one'", true],
  ["request.headers['x-' + 'a'] == 'one'", true],
  ["'x-a' in request.headers", true],
  ["'x-b' in request.headers", false],
  ["has(request.headers['x-empty'])", true],
  ["has(request.headers['x-b'])", false],
  ['has(request.path)', true],
  ['sample(0.6)', true],
  ['sample(0.4)', false],
  ["(response.code > 499 ? 'bad' : 'good') == 'bad'", true],
  ['// why\n response.code == 503', true],
  [String.raw`'a\tb' == "a\x09b" && 'é' == "\u00e9"`, true],
  ['"""a"b""" == \'a"b\'', true],
  // What is not there has no answer, and fulfils nothing; one side that decides is enough.
  ["request.headers['x-b'] == 'one'", false],
  ["request.headers['x-b'] != 'one'", false],
  ["!(request.headers['x-b'] == 'one')", false],
  ["request.headers['x-b'] == 'one' || response.code == 503", true],
  ["response.code == 503 || request.headers['x-b'] == 'one'", true],
  ["request.headers['x-b'] == 'one' && false || true", true],
  ["int('x') == 1", false],
]

describe('a condition', () => {
  for (const [text, holds] of conditions) {
    it(`${text} is ${holds ? 'fulfilled' : 'not fulfilled'}`, () => {
      const compiled = compileCondition(text, scope)
      assert.ok(compiled.ok, JSON.stringify(compiled))
      assert.equal(compiled.value(input), holds)
    })
  }
})

const faults: readonly (readonly [text: string, at: number, message: RegExp])[] = [
  ['', 0, /^ends where a value should be/],
  ['response.code', 0, /^is int, and no condition/],
  ['response.code =', 14, /^= is no part/],
  ['response.code == ', 17, /^ends where a value/],
  ['(response.code == 1', 19, /^ends where \) should be/],
  ['response.code == 1)', 18, /^has \) where the end/],
  ["response.code == '503'", 14, /^== compares int with string/],
  ['response.cod == 1', 0, /did you mean response\.code\?/],
  ['response == 1', 0, /^response is no value itself: it has response\.code$/],
  ['request.headers == 1', 0, /^request\.headers is a map/],
  ["response.code['a'] == 1", 13, /^only maps/],
  ["request.headers[1] == 'a'", 16, /^a key is a text/],
  ['response.code.startsWith("5")', 14, /^startsWith is for texts, and not for int/],
  ['request.path.startWith("5")', 13, /did you mean startsWith\?/],
  ["request.path.matches('(')", 21, /no pattern of RE2/],
  ['request.path.matches(request.path)', 29, /^matches wants a pattern as it is/],
  [`request.path.matches('(a{1000}){1000}')`, 21, /no pattern of RE2/],
  ["duration('soon') < duration('1s')", 9, /^duration wants/],
  ['response.code in 5', 14, /^in wants a list/],
  ["response.code in ['5']", 18, /in no list with string/],
  ['response.code + "a" == "b"', 14, /^\+ cannot add/],
  ["'abc", 0, /does not end/],
  [String.raw`'\q' == 'a'`, 0, /is no escape/],
  ['null == request.path', 0, /has\(/],
  ['sample(2)', 7, /from 0 to 1/],
  ['99999999999999999999 == response.code', 0, /too large/],
  ['[1] == [1]', 0, /only stand behind in/],
  [`${'('.repeat(60)}true${')'.repeat(60)}`, 50, /inside each other/],
  [`${'!'.repeat(60)}true`, 49, /inside each other/],
  [`'${'a'.repeat(5000)}' == ''`, 4096, /longer than/],
  ['true ? 1 : "a"', 5, /one type/],
  ['connection.mtls < true', 16, /in order/],
]

describe('an expression that cannot be', () => {
  for (const [text, at, message] of faults) {
    it(`${text.slice(0, 50)} is refused where it goes wrong`, () => {
      const compiled = compileCondition(text, scope)
      assert.ok(!compiled.ok)
      assert.match(compiled.message, message)
      assert.equal(compiled.at, at)
    })
  }
})

it('an expression may be of any type', () => {
  const compiled = compileExpression("has(request.path) ? request.path : 'none'", scope)
  assert.ok(compiled.ok)
  assert.equal(compiled.value.type, 'string')
  assert.equal(compiled.value.run(input), '/items/7')
  assert.equal(compiled.value.run({ ...input, path: '' }), 'none')
})
