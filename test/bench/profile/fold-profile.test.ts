import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withRest } from '../suites/growth/cost.ts'
import { foldProfile, NATIVE_REST, type CpuProfile } from './fold-profile.ts'

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

test('time is told by part as a share of all of it, without the start', () => {
  const carrying = profileOf([5, 1000], [0, 99], [4, 40], [3, 20], [1, 10], [6, 10], [7, 5], [8, 5], [0, 10], [0, 200])
  const parts = foldProfile([profileOf([5, 500]), carrying])
  assert.deepEqual(
    parts.map(({ part, share }) => [part.split(' (')[0], Math.round(share * 100)]),
    [
      ['HTTP/2 and HBONE', 40],
      ['TLS and sockets: writes', 20],
      ['TLS and sockets: reads, waiting', 10],
      ['authorization', 10],
      ['filter chain', 5],
      ['Node: streams, TLS, timers', 5],
    ],
  )
})

test('a profile without requests is no answer', () => {
  assert.throws(() => foldProfile([profileOf([5, 500], [0, 500])]), /no profile shows requests/)
})

test('CPU time that the profile does not show is native, and there is never less than it shows', () => {
  const parts = [
    { part: 'routing', share: 0.4 },
    { part: NATIVE_REST, share: 0.1 },
  ]
  const rounded = (busy: number): readonly unknown[] =>
    withRest(parts, busy).map(({ part, share }) => [part, Math.round(share * 1000) / 1000])
  assert.deepEqual(rounded(0.8), [
    ['routing', 0.5],
    [NATIVE_REST, 0.5],
  ])
  assert.deepEqual(rounded(0.3), [
    ['routing', 0.8],
    [NATIVE_REST, 0.2],
  ])
})
