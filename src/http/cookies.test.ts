import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCookie } from './cookies.ts'
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
  [['cookie', ';;; ;s;=;s =0; s=1'], '1'],
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
