import assert from 'node:assert/strict'
import { it } from 'node:test'
import { placesOf } from './stack-places.ts'

const cases: readonly (readonly [frame: string, place: string | undefined])[] = [
  ['    at read (/filters/lib/keys.ts:12:7)', '/filters/lib/keys.ts:12'],
  ['    at /filters/stamp.ts:3:1', '/filters/stamp.ts:3'],
  ['    at async Object.onRequest (/filters/stamp.ts:4:9)', '/filters/stamp.ts:4'],
  ['    at f (file:///filters/stamp.ts:5:9)', '/filters/stamp.ts:5'],
  ['    at JSON.parse (<anonymous>)', undefined],
  ['    at f (node:internal/x:5:9)', undefined],
]
for (const [frame, place] of cases) {
  it(`${frame.trim()}: ${place}`, () => {
    const error = Object.assign(new Error('no'), { stack: `Error: no\n${frame}` })
    assert.deepEqual(
      placesOf(error).map(({ file, line }) => `${file}:${line}`),
      place === undefined ? [] : [place],
    )
  })
}

it('what is no error has no stack', () => assert.deepEqual(placesOf('no'), []))
