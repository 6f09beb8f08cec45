import assert from 'node:assert/strict'
import { it } from 'node:test'
import { locateBelow } from './locate.ts'

const withStack = (...frames: readonly string[]): Error =>
  Object.assign(new Error('no'), { stack: ['Error: no', ...frames].join('\n') })

const cases: readonly (readonly [what: string, error: unknown, place: string | undefined])[] = [
  [
    'the innermost frame of ours',
    withStack(
      '    at JSON.parse (<anonymous>)',
      '    at read (/filters/lib/keys.ts:12:7)',
      '    at Object.onRequest (/filters/stamp.ts:3:1)',
    ),
    'lib/keys.ts:12',
  ],
  ['a frame without a function', withStack('    at /filters/stamp.ts:3:1'), 'stamp.ts:3'],
  ['an async frame', withStack('    at async Object.onRequest (/filters/stamp.ts:4:9)'), 'stamp.ts:4'],
  ['a frame as a URL', withStack('    at f (file:///filters/stamp.ts:5:9)'), 'stamp.ts:5'],
  [
    'a package beside it is nobody to point at',
    withStack('    at f (/filters/node_modules/x/i.js:5:9)', '    at g (/filters/stamp.ts:6:1)'),
    'stamp.ts:6',
  ],
  ['a folder that only begins alike', withStack('    at f (/filters-old/stamp.ts:5:9)'), undefined],
  ['nothing of ours', withStack('    at f (node:internal/x:5:9)'), undefined],
  ['what is no error', 'no', undefined],
]
for (const [what, error, place] of cases)
  it(`${what}: ${place}`, () => assert.equal(locateBelow('/filters', error), place))
