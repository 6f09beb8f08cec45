import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseText, type Item } from './parse-text.ts'

interface Written {
  readonly written: unknown
}

const decode = (written: unknown): Written => ({ written })
const parse = (text: string, known: readonly Item<Written>[] = []): readonly Item<Written>[] => {
  const parsed = parseText('f.yaml', text, { decode, known })
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.issues))
  return parsed.items
}
const values = (items: readonly Item<Written>[]): readonly unknown[] => items.map(({ read }) => read.written)

describe('what a text holds', () => {
  const cases: readonly (readonly [name: string, text: string, wanted: readonly unknown[]])[] = [
    ['nothing', '', []],
    ['only comments and empty documents', '# a\n---\n# b\n---\n', []],
    ['one document without marker', 'a: 1', [{ a: 1 }]],
    ['documents', 'a: 1\n---\nb: 2\n--- # comment\nc: 3\n', [{ a: 1 }, { b: 2 }, { c: 3 }]],
    ['content on the marker line', '--- {a: 1}\n', [{ a: 1 }]],
    ['directives and document ends', '%YAML 1.2\n---\na: 1\n...\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['a marker that only looks like one', 'a: |\n  ---\n  x\nb: "---"\n', [{ a: '---\nx\n', b: '---' }]],
    ['CRLF and a byte order mark', '\uFEFFa: 1\r\n---\r\nb: 2\r\n', [{ a: 1 }, { b: 2 }]],
    ['JSON with tabs', '{\n\t"a": [1,\n\t\t2]\n}', [{ a: [1, 2] }]],
    ['a List', 'kind: List\nitems: [{a: 1}, {b: 2}]', [{ a: 1 }, { b: 2 }]],
    ['a typed List', 'kind: PodList\nitems: [{a: 1}]', [{ a: 1 }]],
    ['an empty List', 'kind: List\nitems: []', []],
    ['what only sounds like a List', 'kind: PodList\nspec: {}', [{ kind: 'PodList', spec: {} }]],
    ['a List of something else', 'kind: List\nitems: {a: 1}', [{ kind: 'List', items: { a: 1 } }]],
    ['anchors and merge keys', 'x: &x {a: 1}\ny: {<<: *x, b: 2}', [{ x: { a: 1 }, y: { a: 1, b: 2 } }]],
    [
      'times and booleans of YAML 1.1 as text',
      't: 2026-01-02T03:04:05Z\nb: yes',
      [{ t: '2026-01-02T03:04:05Z', b: 'yes' }],
    ],
    ['number-like keys as text', '80: a', [{ '80': 'a' }]],
  ]
  for (const [name, text, wanted] of cases) it(name, () => assert.deepEqual(values(parse(text)), wanted))
})

describe('malformed text', () => {
  const bomb = Array.from(
    { length: 9 },
    (_, i) =>
      `a${i}: &a${i} [${
        i === 0
          ? 'x'
          : Array(9)
              .fill(`*a${i - 1}`)
              .join()
      }]`,
  )
  const cases: readonly (readonly [name: string, text: string, line: number, message: RegExp])[] = [
    ['the second document, counted in the file', 'a: 1\n---\nb: [1, 2\nc: 3\n', 4, /Flow sequence/],
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 3, /unique/],
    ['a tab as indentation', 'a:\n\tb: 1\n', 2, /Tab/i],
    ['an alias to nothing', 'a: *nope\n', 1, /alias/],
    ['an alias bomb', bomb.join('\n'), 1, /alias/],
    ['nesting without end', '['.repeat(200_000), 1, /./],
  ]
  for (const [name, text, line, message] of cases) {
    it(`names the line of ${name}`, () => {
      const parsed = parseText('f.yaml', text, { decode })
      assert.ok(!parsed.ok)
      assert.equal(parsed.issues[0]?.position?.line, line)
      assert.equal(parsed.issues[0]?.position?.file, 'f.yaml')
      assert.match(parsed.issues[0]?.message ?? '', message)
    })
  }
})

describe('parsing again', () => {
  it('gives unchanged documents the same value, at their new place', () => {
    const before = parse('a: 1\n---\nb: 2\n---\nc: 3\n')
    const after = parse('a: 1\nx: 1\n---\nb: 2\n---\nc: 3\n', before)
    assert.equal(after[1]?.read, before[1]?.read)
    assert.equal(after[2]?.read, before[2]?.read)
    assert.notEqual(after[0]?.read, before[0]?.read)
    assert.deepEqual([before[1]?.line, after[1]?.line], [1, 2])
  })

  it('gives the same items for the same text', () => {
    const text = 'kind: List\nitems: [{ a: 1 }, { b: 2 }]\n---\nc: 3\n---\nc: 3\n'
    const before = parse(text)
    assert.equal(before.length, 4)
    assert.ok(parse(text, before).every((item, index) => item === before[index]))
  })

  it('gives each copy of a document its own place', () => {
    const before = parse('c: 3\n---\nc: 3\n---\nc: 3\n')
    const after = parse('# new\n---\nc: 3\n---\nc: 3\n', before)
    assert.deepEqual(
      after.map(({ line }) => line),
      [1, 3],
    )
  })
})
