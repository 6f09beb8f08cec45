import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeJson } from '../../kube/client.ts'
import { createTerminal } from '../../../test/support/terminal.ts'
import { createColours } from '../terminal/colours.ts'
import { diffLines, diffObjects, formatDiff, withoutWriters } from './diff-objects.ts'

const written = (before: string, after: string): string =>
  diffLines(Array.from(before), Array.from(after))
    .map(({ sign, text }) => `${sign.trim()}${text}`)
    .join(' ')

describe('lines', () => {
  const cases: readonly (readonly [before: string, after: string, diff: string])[] = [
    ['', '', ''],
    ['abc', 'abc', 'a b c'],
    ['', 'ab', '+a +b'],
    ['ab', '', '-a -b'],
    ['abc', 'abxc', 'a b +x c'],
    ['abc', 'ac', 'a -b c'],
    ['abc', 'axc', 'a -b +x c'],
    ['abcbd', 'abbd', 'a b -c b d'],
    ['xabyc', 'abc', '-x a b -y c'],
    ['aa', 'aaa', 'a a +a'],
  ]
  for (const [before, after, diff] of cases) {
    it(`${before} and ${after}`, () => assert.equal(written(before, after), diff))
  }

  it('that are thousands and all new take no time', () => {
    const lines = (prefix: string): readonly string[] => Array.from({ length: 5000 }, (_, i) => `${prefix}${i}`)
    assert.equal(diffLines(lines('a'), lines('b')).length, 10_000)
  })

  it('whatever comes, both sides can be read from the result', () => {
    for (let seed = 1; seed < 300; seed++) {
      const text = (n: number): readonly string[] => Array.from(((seed * n) % 6561).toString(3))
      const [before, after] = [text(7919), text(104_729)]
      const found = diffLines(before, after)
      const side = (gone: string): readonly string[] =>
        found.filter(({ sign }) => sign !== gone).map((line) => line.text)
      assert.deepEqual([side('+'), side('-')], [before, after])
    }
  })
})

const object = (metadata: object, rest: object = {}): KubeJson => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', ...metadata },
  ...rest,
})

it('what the API server keeps for itself is no change, nor is the order', async () => {
  const before = object({ labels: { a: '1', b: '2' }, uid: 'u', resourceVersion: '1' }, { status: { phase: 'x' } })
  const after = object({ managedFields: [{}], generation: 7, labels: { b: '2', a: '1' } })
  assert.deepEqual(await diffObjects(before, after), [])
})

it('a change is shown with what stands beside it, and foreign text stays one line', async () => {
  const before = object({ labels: { a: '1' } }, { spec: { x: 1, y: 2, z: 3, w: [4, 5, 6] } })
  const after = object({ labels: { a: '\u001b[2J' } }, { spec: { x: 1, y: 2, z: 3, w: [4, 5, 6] } })
  const text = formatDiff('Namespace shop', await diffObjects(before, after), createColours(createTerminal().err, {}))
  assert.equal(
    text,
    [
      'Namespace shop',
      '      name: shop',
      '      labels:',
      '  -     a: "1"',
      '  +     a: "\\e[2J"',
      '    spec:',
      '      w:',
      '    …',
      '',
    ].join('\n'),
  )
})

it('programs get all but who wrote what', () => {
  const found = withoutWriters(object({ uid: 'u', managedFields: [{}] }, { spec: {}, status: { phase: 'x' } }))
  assert.deepEqual(Object.keys(found), ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  assert.deepEqual(found.metadata, { name: 'shop', uid: 'u' })
})
