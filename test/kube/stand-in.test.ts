import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runSuite } from './support/run-suite.ts'

test('what is tested against Kubernetes holds against the stand-in as well', () => {
  const files = globSync('**/*.kube.ts', { cwd: fileURLToPath(new URL('.', import.meta.url)) })
  assert.notEqual(files.length, 0)
  const { isGood, output } = runSuite({
    kind: 'stand-in',
    files: files.toSorted().map((file) => fileURLToPath(new URL(file, import.meta.url))),
    isShown: false,
  })
  assert.ok(isGood, output)
  assert.match(output, /^# pass [1-9]/m)
})
