import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { conditionTypeMeanings, reasonMeanings } from '../src/config/status/condition-meanings.ts'
import { responseFlags } from '../src/telemetry/meanings/response-flags.ts'
import { createGeneratedFiles } from '../scripts/generate/generated-files.ts'

const root = path.resolve(import.meta.dirname, '..')
const files = await createGeneratedFiles(root)

for (const { path: name, text } of files) {
  it(`${name} is what "npm run generate" writes`, () => {
    assert.equal(readFileSync(path.join(root, name), 'utf8'), text)
  })
}

it('nothing is left over where only generated files are', () => {
  const found = globSync(['charts/fairway/crds/*', 'docs/reference/**/*.md'], { cwd: root }).map((name) =>
    name.split(path.sep).join('/'),
  )
  assert.deepEqual(
    found.filter((name) => !files.some((file) => file.path === name)),
    [],
  )
})

/** Our own sources without tests, those of some folders. */
const sources = (...folders: readonly string[]): readonly string[] =>
  globSync(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: root, exclude: ['**/*.test.ts'] },
  ).map((name) => readFileSync(path.join(root, name), 'utf8'))

it('every response flag that is written is explained, and no other', () => {
  const written = sources('src/proxy', 'filters')
    .flatMap((text) => text.split('\n'))
    .filter((line) => /flag|LocalReply|replyTo|ConnectionEnd|upstreamFailed|closedBy|delayed/i.test(line))
    .flatMap((line) => Array.from(line.matchAll(/'([A-Z]{2,4}|-)'/g), ([, flag = '']) => flag))
  assert.deepEqual([...new Set(['DI', ...written])].toSorted(), Object.keys(responseFlags).toSorted())
})

it('every reason that a condition can have is explained, and no other', () => {
  const lines = sources(
    'src/model',
    'src/config',
    'src/filter/guard',
    'src/controller/status',
    'src/controller/desired',
  )
    .filter((text) => !text.includes('reasonMeanings:'))
    .flatMap((text) => text.split('\n'))
  const direct = lines
    .filter((line) => /\breason(?::| =)/.test(line))
    .flatMap((line) => Array.from(line.matchAll(/'([A-Z][a-z]\w*)'/g), ([, word = '']) => word))
  const called = Array.from(
    sources('src/config', 'src/controller')
      .join('\n')
      .matchAll(/\b(?:refused|bad|not)\(\s*'([A-Z]\w+)'/g),
    ([, reason = '']) => reason,
  )
  const others = new Set(['True', 'False', 'Unknown', ...Object.keys(conditionTypeMeanings)])
  const explained = Object.keys(reasonMeanings)
  const found = new Set([...direct.filter((word) => !others.has(word) || word in reasonMeanings), ...called])
  assert.deepEqual([...found].toSorted(), explained.toSorted())
})

it('each export of the contract says what it is', () => {
  const page = files.find(({ path: name }) => name === 'docs/reference/filter-api.md')?.text ?? ''
  const bare = Array.from(page.matchAll(/^### (\S+)\n\n```ts\n[^`]*```\n\n(?=#|- |$)/gm), ([, name]) => name)
  assert.deepEqual(bare, [])
  assert.match(page, /^### FilterDefinition$/m)
  assert.match(page, /^### runFilter$/m)
})
