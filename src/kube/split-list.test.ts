import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadPiece } from './read-answer.ts'
import { createLineSplitter } from './split-lines.ts'
import { createListSplitter } from './split-list.ts'

/** However the bytes are cut, the same has to come out. */
const cuts = (text: string): readonly (readonly Buffer[])[] => {
  const whole = Buffer.from(text)
  const inTwo = Array.from({ length: whole.length }, (_, at) => [whole.subarray(0, at), whole.subarray(at)])
  const single = Array.from(whole, (_, at) => whole.subarray(at, at + 1))
  return [[whole], single, ...inTwo]
}

const lists: readonly (readonly [name: string, text: string, items: readonly unknown[]])[] = [
  [
    'items between other fields',
    '{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":{"c":[{}]}}]}\n',
    [{ a: 1 }, { b: { c: [{}] } }],
  ],
  [
    'items before the metadata, with space everywhere',
    '{ "items" : [ {"a": "b"} , {"d":2} ] , "metadata" : { "resourceVersion" : "7" } }',
    [{ a: 'b' }, { d: 2 }],
  ],
  [
    'brackets, quotes and other letters within texts',
    '{"metadata":{"resourceVersion":"7"},"items":[{"a":"]}\\"{[\\\\"},{"ü":"€𝄞"}]}',
    [{ a: ']}"{[\\' }, { ü: '€𝄞' }],
  ],
  [
    'what is called items elsewhere',
    '{"metadata":{"resourceVersion":"7","items":[{"x":1}]},"not":"items","more":[{"y":1}],"items":[{"items":[{"z":1}]}]}',
    [{ items: [{ z: 1 }] }],
  ],
  ['no items', '{"metadata":{"resourceVersion":"7"},"items":[]}', []],
  ['null for items', '{"metadata":{"resourceVersion":"7"},"items":null}', []],
]

describe('a list is cut into its items', () => {
  for (const [name, text, items] of lists) {
    it(name, () => {
      for (const chunks of cuts(text)) {
        const found: unknown[] = []
        const splitter = createListSplitter((item) => found.push(JSON.parse(item)))
        for (const chunk of chunks) splitter.write(chunk)
        assert.deepEqual(found, items)
        const frame: { readonly metadata?: { readonly resourceVersion?: string } } = JSON.parse(splitter.frame())
        assert.equal(frame.metadata?.resourceVersion, '7')
      }
    })
  }

  it('holds no item once it is told', () => {
    const splitter = createListSplitter(() => {})
    splitter.write(Buffer.from('{"items":['))
    for (let i = 0; i < 1000; i++) splitter.write(Buffer.from(`${i === 0 ? '' : ','}{"text":"${'x'.repeat(1000)}"}`))
    splitter.write(Buffer.from(']}'))
    assert.equal(splitter.frame(), '{"items":[]}')
  })
})

it('a stream is cut into its lines', () => {
  for (const chunks of cuts('{"a":"é"}\n\n{"b":1}\n{"c"')) {
    const lines: string[] = []
    const split = createLineSplitter((line) => lines.push(line))
    for (const chunk of chunks) split(chunk)
    assert.deepEqual(lines, ['{"a":"é"}', '', '{"b":1}'])
  }
})

describe('what never ends is not held', () => {
  const endless: readonly (readonly [string, (limit: number) => (chunk: Buffer) => void, first: string])[] = [
    ['a line', (limit) => createLineSplitter(() => {}, limit), '{"type":"'],
    ['an item', (limit) => createListSplitter(() => {}, limit).write, '{"items":[{"a":"'],
    ['what stands before the items', (limit) => createListSplitter(() => {}, limit).write, '<html>'],
  ]
  for (const [name, create, first] of endless) {
    it(name, () => {
      const write = create(1000)
      write(Buffer.from(first))
      assert.throws(() => {
        for (let i = 0; i < 11; i++) write(Buffer.alloc(100, 'x'))
      }, BadPiece)
    })
  }

  it('but there may be any number of them', () => {
    const split = createLineSplitter(() => {}, 1000)
    for (let i = 0; i < 100; i++) split(Buffer.from(`${'x'.repeat(900)}\n${'y'.repeat(50)}`))
  })
})
