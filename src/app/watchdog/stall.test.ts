import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LOOK_MS, StallWatch } from './stall.ts'
import type { Stall, StallReading } from './stall.ts'

interface Look extends Partial<StallReading> {
  /** So many looks alike. */
  readonly times?: number
  /** Since the look before; default as it should be. */
  readonly afterMs?: number
}

/** Each look as `slot/calls/beats` changes; what the last one says. */
const look = (looks: readonly Look[]): Stall => {
  const watch = new StallWatch()
  let nowMs = 0
  let last: Stall = { kind: 'none' }
  for (const { slot = 0, calls = 0, beats = 0, times = 1, afterMs = LOOK_MS } of looks) {
    for (let i = 0; i < times; i++) {
      nowMs += afterMs
      last = watch.look({ slot, calls, beats }, nowMs)
    }
  }
  return last
}

describe('a loop is', () => {
  const cases: readonly (readonly [what: string, looks: readonly Look[], expected: Stall])[] = [
    ['fine, while it turns', Array.from({ length: 50 }, (_, i) => ({ beats: i })), { kind: 'none' }],
    [
      'fine, with another call at each look',
      Array.from({ length: 50 }, (_, i) => ({ slot: 1, calls: i })),
      { kind: 'none' },
    ],
    ['held by a hook for a moment', [{ slot: 3, calls: 7, times: 3 }], { kind: 'suspect', slot: 3 }],
    ['held for just under a second', [{ slot: 3, calls: 7, times: 10 }], { kind: 'suspect', slot: 3 }],
    ['stuck in a hook after a second', [{ slot: 3, calls: 7, times: 11 }], { kind: 'stuck', slot: 3 }],
    [
      'fine again when the hook returned',
      [
        { slot: 3, calls: 7, times: 10 },
        { slot: 0, calls: 7, beats: 1 },
      ],
      { kind: 'none' },
    ],
    [
      'fine when the watch was stopped as well',
      [
        { slot: 3, calls: 7, times: 8 },
        { slot: 3, calls: 7, times: 20, afterMs: 2000 },
      ],
      { kind: 'none' },
    ],
    ['silent after three seconds without a hook', [{ beats: 5, times: 31 }], { kind: 'silent' }],
    ['dead after ten', [{ beats: 5, times: 101 }], { kind: 'dead' }],
    ['only busy before that', [{ beats: 5, times: 29 }], { kind: 'none' }],
  ]
  for (const [what, looks, expected] of cases) it(what, () => assert.deepEqual(look(looks), expected))
})
