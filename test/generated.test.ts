import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { createGeneratedFiles } from '../scripts/generate/generated-files.ts'

const root = path.resolve(import.meta.dirname, '..')
const files = createGeneratedFiles()

for (const { path: name, text } of files) {
  it(`${name} is what "npm run generate" writes`, () => {
    assert.equal(readFileSync(path.join(root, name), 'utf8'), text)
  })
}

it('nothing is left over where only generated files are', () => {
  const found = globSync('charts/fairway/crds/*', { cwd: root }).map((name) => name.split(path.sep).join('/'))
  assert.deepEqual(
    found.filter((name) => !files.some((file) => file.path === name)),
    [],
  )
})
