import assert from 'node:assert/strict'
import test from 'node:test'
import { createExchange } from 'fairway/filter/testing'
import { createHeaderChanger, headerChanges } from './header-changes.ts'

const change = (config: unknown, headers: readonly (readonly [string, string])[]): readonly (readonly string[])[] => {
  const decoded = headerChanges.decode(config, 'config')
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const list = createExchange({ headers }).request.headers
  createHeaderChanger(decoded.value)(list)
  return [...list]
}

const cases: readonly (readonly [string, unknown, [string, string][], [string, string][]])[] = [
  ['nothing changes nothing', {}, [['A', '1']], [['a', '1']]],
  [
    'set adds what is not there',
    { set: [{ name: 'X', value: 'new' }] },
    [['a', '1']],
    [
      ['a', '1'],
      ['x', 'new'],
    ],
  ],
  [
    'set replaces all values',
    { set: [{ name: 'X', value: 'new' }] },
    [
      ['x', '1'],
      ['a', '1'],
      ['X', '2'],
    ],
    [
      ['x', 'new'],
      ['a', '1'],
    ],
  ],
  [
    'add keeps what is there, new last',
    { add: [{ name: 'X', value: 'new' }] },
    [['x', 'orig']],
    [
      ['x', 'orig'],
      ['x', 'new'],
    ],
  ],
  ['add adds what is not there', { add: [{ name: 'x', value: 'a,b' }] }, [], [['x', 'a,b']]],
  [
    'remove drops all values',
    { remove: ['X-Gone'] },
    [
      ['x-gone', '1'],
      ['a', '1'],
      ['X-GONE', '2'],
    ],
    [['a', '1']],
  ],
  ['remove of what is not there does nothing', { remove: ['x'] }, [['a', '1']], [['a', '1']]],
  [
    'all three work together',
    { set: [{ name: 'S', value: 's' }], add: [{ name: 'A', value: 'a' }], remove: ['r'] },
    [
      ['r', '1'],
      ['a', '0'],
      ['s', '0'],
    ],
    [
      ['a', '0'],
      ['s', 's'],
      ['a', 'a'],
    ],
  ],
]
for (const [name, config, before, after] of cases) {
  test(name, () => assert.deepEqual(change(config, before), after))
}

test('readers see what was there first and what was added last, joined', () => {
  const decoded = headerChanges.decode({ add: [{ name: 'X-Header-Add', value: 'new' }] }, 'config')
  assert.ok(decoded.ok)
  const { headers } = createExchange({ headers: [['x-header-add', 'orig']] }).request
  createHeaderChanger(decoded.value)(headers)
  assert.equal(headers.get('X-HEADER-ADD'), 'orig, new')
})

for (const [name, action] of Object.entries({
  set: { set: [{ name: 'X-Header', value: 'new' }] },
  add: { add: [{ name: 'X-Header', value: 'new' }] },
  remove: { remove: ['X-Header'] },
})) {
  test(`${name} finds a header whatever its case`, () => {
    const wanted = {
      set: [['x-header', 'new']],
      add: [
        ['x-header', 'orig'],
        ['x-header', 'new'],
      ],
      remove: [],
    }[name]
    for (const given of ['x-header', 'X-HEADER', 'X-Header']) {
      assert.deepEqual(change(action, [[given, 'orig']]), wanted)
    }
  })
}

const pair = (name: string, value: string): unknown => ({ set: [{ name, value }] })
const bad: readonly (readonly [string, unknown, RegExp])[] = [
  ['a line end in a value', pair('x', 'a\r\nevil: 1'), /visible ASCII/],
  ['a control character in a value', pair('x', 'a\u0000'), /visible ASCII/],
  ['a letter outside ASCII', pair('x', 'ä'), /visible ASCII/],
  ['a leading space', pair('x', ' a'), /visible ASCII/],
  ['a trailing tab', pair('x', 'a\t'), /visible ASCII/],
  ['an empty value', pair('x', ''), /at least 1 character/],
  ['a value of 4,097 characters', pair('x', 'a'.repeat(4097)), /at most 4096/],
  ['a pseudo-header', pair(':path', '/x'), /header name/],
  ['a space in a name', pair('a b', 'x'), /header name/],
  ['an empty name', pair('', 'x'), /at least 1 character/],
  ['content-length', pair('Content-Length', '5'), /cannot be changed/],
  ['transfer-encoding', { add: [{ name: 'transfer-encoding', value: 'chunked' }] }, /cannot be changed/],
  ['connection', { remove: ['Connection'] }, /cannot be changed/],
  ['a header set and removed', { ...Object(pair('X-A', 'b')), remove: ['x-a'] }, /changed twice/],
  [
    'a header set twice',
    {
      set: [
        { name: 'a', value: '1' },
        { name: 'A', value: '2' },
      ],
    },
    /changed twice/,
  ],
  ['17 entries', { remove: Array.from({ length: 17 }, (_, i) => `x${i}`) }, /at most 16/],
  ['an unknown field', { delete: ['x'] }, /delete/],
]
for (const [name, config, message] of bad) {
  test(`${name} is refused`, () => {
    const decoded = headerChanges.decode(config, 'config')
    assert.ok(!decoded.ok)
    assert.match(JSON.stringify(decoded.issues), message)
  })
}

test('a value may have spaces, tabs and commas inside', () => {
  assert.deepEqual(change(pair('x', 'a  b,\tc'), []), [['x', 'a  b,\tc']])
})
