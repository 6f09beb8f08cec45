import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable, type Cell } from './table.ts'

const row = (...texts: readonly string[]): readonly Cell[] => texts.map((text) => ({ text }))

test('columns are as wide as their widest cell, and lines end with their last letter', () => {
  const text = formatTable([row('KIND', 'NAME', 'X'), row('a', 'long name', ''), row('longer', '', 'end')])
  assert.deepEqual(text.split('\n'), ['KIND    NAME       X', 'a       long name', 'longer             end', ''])
})

test('colours do not count', () => {
  const paint = (text: string): string => `<${text}>`
  assert.equal(formatTable([[{ text: 'a', paint }, { text: 'b' }], row('ccc', 'd')]), '<a>    b\nccc  d\n')
})

const cuts: readonly (readonly [maxWidth: number, line: string])[] = [
  [20, 'ab  cdef  ghijkl'],
  [16, 'ab  cdef  ghijkl'],
  [15, 'ab  cdef  ghij…'],
  [11, 'ab  cdef  …'],
  [10, 'ab  cdef'],
  [7, 'ab  cd…'],
  [1, '…'],
]
for (const [maxWidth, line] of cuts) {
  test(`a line is cut after ${maxWidth} columns`, () => {
    assert.equal(formatTable([row('ab', 'cdef', 'ghijkl')], { maxWidth }), `${line}\n`)
  })
}

test('no rows are no lines', () => assert.equal(formatTable([]), ''))
