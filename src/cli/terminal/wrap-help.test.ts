import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrapHelp } from './wrap-help.ts'

const cases: readonly (readonly [what: string, text: readonly string[], wrapped: readonly string[]])[] = [
  ['what fits stays', ['fairway x: short', ''], ['fairway x: short', '']],
  [
    'an explanation goes on in its column',
    ['  -f, --file PATH  YAML or JSON file or folder, - for stdin, in place of a waypoint; repeatable'],
    [
      '  -f, --file PATH  YAML or JSON file or folder, - for stdin, in',
      '                   place of a waypoint; repeatable',
    ],
  ],
  [
    'or below, where there is no room',
    ['  fairway explain http://api.shop/items --from web/front  in the waypoint on this machine'],
    ['  fairway explain http://api.shop/items --from web/front', '        in the waypoint on this machine'],
  ],
  [
    'that of the line before as well',
    [`${' '.repeat(50)}in the waypoint of a pod`],
    ['        in the waypoint of a pod'],
  ],
  [
    'a command stays in one piece',
    ["  fairway explain POST http://10.96.0.10/orders -f a.yaml -f b.yaml -H 'x-user: ann'"],
    ["  fairway explain POST http://10.96.0.10/orders -f a.yaml -f b.yaml -H 'x-user: ann'"],
  ],
  [
    'prose is filled anew, where its lines were full',
    [
      'Nothing is sent. The functions that carry the traffic are asked what they would do, and say which Service and route it',
      'is, and why.',
      'Exit code 0 when somebody would answer it.',
    ],
    [
      'Nothing is sent. The functions that carry the traffic are asked',
      'what they would do, and say which Service and route it is, and',
      'why.',
      'Exit code 0 when somebody would answer it.',
    ],
  ],
  [
    'a word that is longer than a line has one',
    [`Flags of ${'x'.repeat(70)} are many`],
    ['Flags of', 'x'.repeat(70), 'are many'],
  ],
]

for (const [what, text, wrapped] of cases) {
  test(`help for a screen of 64 columns: ${what}`, () =>
    assert.deepEqual(wrapHelp(text.join('\n'), 64).split('\n'), wrapped))
}

test('help for a screen that is too narrow is left to the terminal', () => {
  const text = `Flags of ${'many words '.repeat(10)}`
  assert.equal(wrapHelp(text, 40), text)
})
