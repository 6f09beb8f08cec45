import { test } from 'node:test'
import { fuzzH1 } from './h1.fuzz.ts'

test('HTTP/1.1 keeps its promises over 3000 rounds of seeded chance', () => {
  fuzzH1({ rounds: 3000, seed: 9112 })
})
