import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCookie, removeCookie } from './cookies.ts'
import { HeaderList } from './header-list.ts'

const cases: readonly (readonly [readonly string[], string | undefined])[] = [
  [[], undefined],
  [['cookie', 's=1'], '1'],
  [['cookie', 'a=0; s=1; b=2'], '1'],
  [['cookie', 'a=0;s=1'], '1'],
  [['cookie', 'a=0', 'cookie', 's=1'], '1'],
  [['cookie', 's=bad; s=1'], '1'],
  [['cookie', 's=bad', 'cookie', 's=1'], '1'],
  [['cookie', 's=bad'], undefined],
  [['cookie', 's='], ''],
  [['cookie', 's=a=b'], 'a=b'],
  [['cookie', 's=a=b;x=1'], 'a=b'],
  [['cookie', ';;; ;s;=;xs =0; s=1'], '1'],
  [['cookie', 's =1'], '1'],
  [['cookie', 'a=0;   s=1'], '1'],
  [['cookie', 'a=0;\ts\t=\t1 ; b=2'], '1'],
  [['cookie', 's="1"'], '1'],
  [['cookie', 's= "1" ;a=0'], '1'],
  [['cookie', 's="1'], '"1'],
  [['cookie', 's="'], '"'],
  [['cookie', 's=""'], ''],
  [['cookie', 'a=0;\u00a0s\u0085=\u00a01'], '1'],
  [['cookie', 'a=0, s=1'], undefined],
  [['cookie', `${' '.repeat(60_000)}s=1`], '1'],
  [['cookie', `${';'.repeat(60_000)}s=1`], '1'],
  [['cookie', 'ss=1; as=2; s'], undefined],
  [['x-cookie', 's=1'], undefined],
]
for (const [fields, expected] of cases) {
  test(`cookie s of ${JSON.stringify(fields).slice(0, 80)}`, () => {
    const read = (value: string): string | undefined => (value === 'bad' ? undefined : value)
    assert.equal(findCookie(new HeaderList([...fields]), 's', read), expected)
  })
}

/** Fields, and what is left of them without cookie s. */
const removals: readonly (readonly [readonly string[], readonly string[]])[] = [
  [[], []],
  [
    ['cookie', 'a=1; b=2'],
    ['cookie', 'a=1; b=2'],
  ],
  [['cookie', 's=1'], []],
  [
    ['x-a', '1', 'cookie', 's=1', 'x-b', '2'],
    ['x-a', '1', 'x-b', '2'],
  ],
  [
    ['cookie', 's=1; a=1; s=2'],
    ['cookie', 'a=1'],
  ],
  [
    ['cookie', 'a=1; s=1; b=2'],
    ['cookie', 'a=1; b=2'],
  ],
  [
    ['cookie', 'a=1;\ts ="x";b=2', 'cookie', ' s=2', 'cookie', 'ss=3'],
    ['cookie', 'a=1;b=2', 'cookie', 'ss=3'],
  ],
  [
    ['cookie', '', 'x-a', ''],
    ['cookie', '', 'x-a', ''],
  ],
]
for (const [fields, left] of removals) {
  test(`without cookie s, ${JSON.stringify(fields)} is ${JSON.stringify(left)}`, () => {
    const headers = new HeaderList([...fields])
    removeCookie(headers, 's')
    assert.deepEqual(headers.fields, left)
    assert.equal(headers.hasCredentials, fields.includes('cookie'), 'a cache must not take the answer for everybody’s')
    assert.equal(
      findCookie(headers, 's', (value) => value),
      undefined,
    )
  })
}
