import { test } from 'node:test'
import { fuzzHpack } from './hpack.fuzz.ts'

test('HPACK keeps its promises over 600 rounds of seeded chance', () => {
  fuzzHpack({ rounds: 600, seed: 7541 })
})
