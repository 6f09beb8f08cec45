import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseText, type ParsedText, type RawObject } from './parse-text.ts'

const parse = (text: string, known: Parameters<typeof parseText>[2] = new Map()): Extract<ParsedText, { ok: true }> => {
  const parsed = parseText('f.yaml', text, known)
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.issues))
  return parsed
}
const values = (objects: readonly RawObject[]): readonly unknown[] => objects.map(({ value }) => value)

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
    ['anchors and merge keys', 'x: &x {a: 1}\ny: {<<: *x, b: 2}', [{ x: { a: 1 }, y: { a: 1, b: 2 } }]],
    [
      'times and booleans of YAML 1.1 as text',
      't: 2026-01-02T03:04:05Z\nb: yes',
      [{ t: '2026-01-02T03:04:05Z', b: 'yes' }],
    ],
    ['number-like keys as text', '80: a', [{ '80': 'a' }]],
  ]
  for (const [name, text, wanted] of cases) it(name, () => assert.deepEqual(values(parse(text).objects), wanted))
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
      const parsed = parseText('f.yaml', text, new Map())
      assert.ok(!parsed.ok)
      assert.equal(parsed.issues[0]?.position?.line, line)
      assert.equal(parsed.issues[0]?.position?.file, 'f.yaml')
      assert.match(parsed.issues[0]?.message ?? '', message)
    })
  }
})

describe('positions', () => {
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
      assert.deepEqual(parse(text).objects[object]?.locate(path), { file: 'f.yaml', line, column })
    })
  }

  it('follow an alias to what it stands for', () => {
    assert.equal(parse(text).objects[0]?.locate('spec.rules[2].name')?.line, 8)
  })
})

describe('parsing again', () => {
  it('gives unchanged documents the same value, at their new place', () => {
    const before = parse('a: 1\n---\nb: 2\n---\nc: 3\n')
    const after = parse('a: 1\nx: 1\n---\nb: 2\n---\nc: 3\n', before.pieces)
    assert.equal(after.objects[1]?.value, before.objects[1]?.value)
    assert.equal(after.objects[2]?.value, before.objects[2]?.value)
    assert.notEqual(after.objects[0]?.value, before.objects[0]?.value)
    assert.equal(after.objects[1]?.locate('b')?.line, 4)
    assert.equal(before.objects[1]?.locate('b')?.line, 3)
  })

  it('forgets documents that are gone', () => {
    const before = parse('a: 1\n---\nb: 2\n')
    assert.equal(parse('a: 1\n', before.pieces).pieces.size, 1)
  })
})
