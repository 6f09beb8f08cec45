import assert from 'node:assert/strict'
import { it } from 'node:test'
import { nearestWord } from './nearest.ts'

const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['HttpRoute', ['HTTPRoute', 'GRPCRoute'], 'HTTPRoute'],
  ['mathces', ['name', 'matches', 'filters'], 'matches'],
  ['backendRef', ['backendRefs', 'filters'], 'backendRefs'],
  ['banana', ['name', 'matches'], undefined],
  ['ab', ['xy'], undefined],
  ['x'.repeat(101), ['x'.repeat(100)], undefined],
  ['same', [], undefined],
]
for (const [word, candidates, wanted] of cases) {
  it(`${word.slice(0, 20)} most probably meant ${wanted ?? 'nothing known'}`, () => {
    assert.equal(nearestWord(word, candidates), wanted)
  })
}
