import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ownersOfStack } from './stack-owner.ts'

const filterOf = (id: string, entry: string, ...more: readonly string[]) => ({
  id,
  code: { entry, files: Object.fromEntries([entry, ...more].map((file) => [`/filters/${file}`, file])) },
})
const filters = [
  filterOf('a', 'a.ts', 'lib/wait.ts'),
  filterOf('b', 'b.ts'),
  filterOf('again', 'b.ts'),
  { id: 'c', code: undefined },
]

const CASES: readonly (readonly [what: string, files: readonly string[], owners: string | undefined])[] = [
  ['the innermost function', ['/filters/lib/wait.ts', '/filters/a.ts', 'node:internal/timers'], 'a lib/wait.ts:1'],
  ['who called a library', ['', '/filters/node_modules/x/x.js', '/filters/b.ts', '/filters/a.ts'], 'b,again b.ts:3'],
  ['nobody, if it is ours', ['/fairway/src/proxy/exchange.ts', 'node:internal/timers'], undefined],
  ['nobody, where nothing is known', [], undefined],
  ['nobody by a name that all objects have', ['constructor', '__proto__'], undefined],
]

for (const [what, files, expected] of CASES) {
  it(`a stack belongs to ${what}`, () => {
    const found = ownersOfStack(
      files.map((file, i) => ({ file, line: i + 1 })),
      filters,
    )
    assert.equal(found && `${found.owners.map(({ id }) => id).join()} ${found.location}`, expected)
  })
}
