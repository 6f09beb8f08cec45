import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../support/random.ts'
import { mutateBytes, randomCuts } from '../mutate/bytes.ts'
import { formatCase, parseCases } from './case-file.ts'
import { search } from './search.ts'
import type { FuzzTarget } from './target.ts'

const random = seededRandom(7)
const randomBytes = (): Buffer => Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)))

/** Breaks for any input that holds an `x` before a `y`. */
const brittle: FuzzTarget = {
  name: 'brittle',
  format: 'text',
  maxInputBytes: 64,
  shortRounds: 0,
  seeds: () => [Buffer.from('a few words, and a y')],
  mutate: mutateBytes,
  check: (input) => {
    const text = input.toString('latin1')
    if (/x.*y/s.test(text)) throw new Error('broken')
    return text.slice(0, 2)
  },
}

const sound: FuzzTarget = { ...brittle, check: (input) => input.toString('latin1', 0, 2) }

describe('a corpus file', () => {
  const odd = ['', '# no comment', '== no case', 'seed: 1', 'a\\r', 'a\n#b\n== c\nseed: 2', '\r\n\0\t\xff'].map(
    (text) => Buffer.from(text, 'latin1'),
  )
  for (const format of ['text', 'hex'] as const) {
    it(`holds any bytes as ${format}`, () => {
      const inputs = [...odd, ...Array.from({ length: 50 }, randomBytes)]
      const cases = inputs.map((input, seed) => ({ name: `case ${seed}`, seed, input }))
      const text = cases.map((item) => formatCase(item, { ...brittle, format })).join('')
      assert.deepEqual(parseCases(`# note\n${text}`, format), cases)
    })
  }
  it('is refused when it cannot be read', () => {
    assert.throws(() => parseCases('== a\n0g', 'hex'), /not hexadecimal/)
    assert.throws(() => parseCases('== a\n\\q', 'text'), /unknown escape/)
  })
})

describe('a search', () => {
  it('finds what is broken, and makes it small', () => {
    const { failure } = search(brittle, { rounds: 20_000, seed: 1, corpus: [] })
    assert.equal(failure?.found.input.toString(), 'xy')
    assert.match(String(failure.error), /broken/)
  })
  it('does the same for the same seed', () => {
    const outline = (seed: number) => {
      const { found, ...figures } = search(sound, { rounds: 300, seed, corpus: [] })
      return JSON.stringify([figures, found])
    }
    assert.equal(outline(1), outline(1))
    assert.notEqual(outline(1), outline(2))
  })
  it('checks the corpus first, and ends when it is told to', () => {
    const corpus = [{ name: 'known', seed: 0, input: Buffer.from('xy') }]
    assert.equal(search(brittle, { rounds: 10, seed: 1, corpus }).failure?.found.name, 'known')
    assert.equal(search(brittle, { rounds: 10, seed: 1, corpus, onInput: () => true }).failure, undefined)
  })
})

it('cuts rise and lie within', () => {
  for (let length = 0; length < 50; length += 1) {
    const cuts = randomCuts(random, length)
    assert.ok(cuts.every((cut, i) => cut > (cuts[i - 1] ?? 0) && cut < length))
  }
})
