import { test } from 'node:test'
import { fuzzH2 } from './h2.fuzz.ts'

test('HTTP/2 keeps its promises over 150 rounds of seeded chance', () => {
  fuzzH2({ rounds: 150, seed: 9113 })
})
