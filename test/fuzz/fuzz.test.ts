/** The short form of every fuzz target: its corpus, however cut, and some rounds from a fixed seed. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, it } from 'node:test'
import { seededRandom } from '../support/random.ts'
import { readCorpus } from './engine/case-file.ts'
import { search } from './engine/search.ts'
import { TARGETS } from './targets.ts'

const SEED = 20_260
/** Chances that each case of a corpus gets: other cuts, other owners. */
const TRIES = 4

describe('fuzz targets keep their promises', () => {
  for (const target of TARGETS) {
    const corpus = readCorpus(path.join(import.meta.dirname, 'corpus', target.name), target.format)
    for (const { name, seed, input } of corpus) {
      it(`${target.name}: ${name}`, () => {
        for (let i = 0; i < TRIES; i += 1) target.check(input, seededRandom(seed + i))
      })
    }
    it(`${target.name}: ${target.shortRounds} rounds of seeded chance`, () => {
      const { failure, rounds } = search(target, { rounds: target.shortRounds, seed: SEED, corpus })
      assert.ifError(failure?.error)
      assert.equal(rounds, target.shortRounds)
    })
  }
})
