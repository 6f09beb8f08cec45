import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { createGeneratedFiles } from '../scripts/generate/generated-files.ts'

const root = path.resolve(import.meta.dirname, '..')
const files = createGeneratedFiles(root)

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

it('each export of the contract says what it is', () => {
  const page = files.find(({ path: name }) => name === 'docs/reference/filter-api.md')?.text ?? ''
  const bare = Array.from(page.matchAll(/^### (\S+)\n\n```ts\n[^`]*```\n\n(?=#|- |$)/gm), ([, name]) => name)
  assert.deepEqual(bare, [])
  assert.match(page, /^### FilterDefinition$/m)
  assert.match(page, /^### runFilter$/m)
})
