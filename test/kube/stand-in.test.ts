import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSuite, suiteFiles } from './support/run-suite.ts'

test('what is tested against Kubernetes holds against the stand-in as well', () => {
  const { isGood, output } = runSuite({ kind: 'stand-in', files: suiteFiles('first'), isShown: false })
  assert.ok(isGood, output)
  assert.match(output, /^# pass [1-9]/m)
})
