import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSuite, suiteFiles } from './support/run-suite.ts'

for (const file of suiteFiles('second', 'long')) {
  test(`${file}, against the stand-in`, () => {
    const { isGood, output } = runSuite({ kind: 'stand-in', files: [file], isShown: false })
    assert.ok(isGood, output)
    assert.match(output, /^# pass [1-9]/m)
  })
}
