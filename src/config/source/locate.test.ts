import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPlacing, type FoundObject } from './locate.ts'
import { parseText } from './parse-text.ts'

interface Written {
  readonly written: unknown
}

/** The objects of a text that stands in a file which has `now` in it by the time that it is asked. */
const find = (text: string, now: () => string = () => text): readonly FoundObject<Written>[] => {
  const parsed = parseText('f.yaml', text, { decode: (written): Written => ({ written }) })
  assert.ok(parsed.ok)
  return createPlacing<Written>(now)('f.yaml', parsed.items)
}

const text = [
  '# first',
  '---',
  'kind: A',
  'spec:',
  '  rules:',
  '    - name: one',
  '      "a/b": [x, {y: 1}]',
  '    - &two { name: two }',
  '    - *two',
  '---',
  'kind: List',
  'items:',
  '  - { kind: B, spec: { z: 1 } }',
].join('\n')

describe('positions', () => {
  const cases: readonly (readonly [object: number, path: string, line: number, column: number])[] = [
    [0, '', 3, 1],
    [0, 'spec.rules[0].name', 6, 7],
    [0, 'spec.rules[0]["a/b"][1].y', 7, 19],
    [0, 'spec.rules[1].name', 8, 14],
    [0, 'spec.rules[0].missing.deeper', 6, 7],
    [0, 'spec.rules[9]', 5, 3],
    [0, 'nowhere', 3, 1],
    [1, '', 13, 5],
    [1, 'spec.z', 13, 24],
  ]
  for (const [object, path, line, column] of cases) {
    it(`object ${object} ${path === '' ? '(itself)' : path} stands at ${line}:${column}`, () => {
      assert.deepEqual(find(text)[object]?.locate(path), { file: 'f.yaml', line, column })
    })
  }

  it('follow an alias to what it stands for', () => {
    assert.equal(find(text)[0]?.locate('spec.rules[2].name')?.line, 8)
  })

  it('are known in each document of a piece that is not cut', () => {
    const [first, second] = find('%YAML 1.2\n---\na: 1\n...\n---\nb: 2\n')
    assert.deepEqual([first?.locate('a')?.line, second?.locate('b')?.line], [3, 6])
  })

  it('are not guessed when the file says something else by now, and are found once it is as it was', () => {
    let now = text.replace('one', 'six')
    const [object] = find(text, () => now)
    assert.equal(object?.locate('spec'), undefined)
    now = ''
    assert.equal(object?.locate('kind'), undefined)
  })

  it('stay known when the file has changed since', () => {
    let now = text
    const [object] = find(text, () => now)
    const before = object?.locate('spec')
    now = ''
    assert.deepEqual([before?.line, object?.locate('spec')], [4, before])
  })
})
