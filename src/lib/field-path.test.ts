import assert from 'node:assert/strict'
import { it } from 'node:test'
import { joinPath, splitPath } from './field-path.ts'

const cases: readonly (readonly [string, readonly (string | number)[]])[] = [
  ['', []],
  ['spec', ['spec']],
  ['spec.rules[0].matches[12].path', ['spec', 'rules', 0, 'matches', 12, 'path']],
  ['metadata.labels["istio.io/use-waypoint"]', ['metadata', 'labels', 'istio.io/use-waypoint']],
  ['data["a\\"].b"].c', ['data', 'a"].b', 'c']],
  ['items[3]["0"]', ['items', 3, '0']],
]
for (const [path, segments] of cases) {
  it(`${path === '' ? 'the empty path' : path} splits and joins`, () => {
    assert.deepEqual(splitPath(path), segments)
    const joined = segments.reduce<string>(
      (to, key) => (typeof key === 'number' ? `${to}[${key}]` : joinPath(to, key)),
      '',
    )
    assert.equal(joined, path)
  })
}

it('reads what it can of something that is no path', () => {
  assert.deepEqual(splitPath('["\\x"].a..b['), ['\\x', 'a', 'b'])
})
