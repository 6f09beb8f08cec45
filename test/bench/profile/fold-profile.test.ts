import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldProfile, type CpuProfile } from './fold-profile.ts'

const frames = [
  ['(idle)', ''],
  ['(program)', ''],
  ['(garbage collector)', ''],
  ['writeBuffer', ''],
  ['feed', 'file:///fairway/src/http/h2/connection.ts'],
  ['resolve', 'file:///fairway/src/snapshot/resolve.ts'],
  ['authorize', 'file:///fairway/src/snapshot/security/authorize.ts'],
  ['apply', 'file:///fairway/filters/cors/cors.ts'],
  ['onread', 'node:internal/stream_base_commons'],
] as const

/** Samples of a millisecond each: `[node, how many of them]`. */
const profileOf = (...runs: readonly (readonly [number, number])[]): CpuProfile => {
  const samples = runs.flatMap(([id, count]) => Array.from({ length: count }, () => id))
  return {
    nodes: frames.map(([functionName, url], id) => ({ id, callFrame: { functionName, url } })),
    samples,
    timeDeltas: samples.map(() => 1000),
  }
}

test('time is told by part, without idling, and without the start', () => {
  const carrying = profileOf([5, 1000], [0, 99], [4, 40], [3, 20], [1, 10], [6, 10], [7, 10], [8, 5], [2, 5], [0, 200])
  const parts = foldProfile([profileOf([5, 500]), carrying])
  assert.deepEqual(
    parts.map(({ part, share }) => [part.split(' (')[0], Math.round(share * 100)]),
    [
      ['HTTP/2 and HBONE', 40],
      ['sockets and TLS, writing', 20],
      ['sockets and TLS, reading; waiting for events', 10],
      ['authorization', 10],
      ['filter chain', 10],
      ['Node, JavaScript of its streams, TLS and timers', 5],
      ['garbage collection', 5],
    ],
  )
})

test('a profile without requests is no answer', () => {
  assert.throws(() => foldProfile([profileOf([5, 500], [0, 500])]), /no profile shows requests/)
})
