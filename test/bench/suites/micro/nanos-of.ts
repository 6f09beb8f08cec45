import type { BenchOptions } from '../../options.ts'
import { roundTo } from '../../statistics.ts'
import type { Operation } from './operation.ts'

const ROUNDS = 20
const ROUND_MS = 25
const ROUND_MS_QUICK = 2

/** What an operation takes: the least of 20 rounds, which is what lies under the machine's noise. */
export const nanosOf = ({ run }: Operation, { isQuick }: Pick<BenchOptions, 'isQuick'>): number =>
  roundTo(measureNanos(run, isQuick ? ROUND_MS_QUICK : ROUND_MS), 1)

const measureNanos = (run: Operation['run'], roundMs: number): number => {
  let times = 1
  // Finds how often fits into a round, and warms the code up on the way.
  for (let spent = 0; spent < roundMs;) {
    const before = performance.now()
    run(times)
    spent = performance.now() - before
    if (spent < roundMs) times *= 2
  }
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now()
    run(times)
    least = Math.min(least, performance.now() - before)
  }
  return (least / times) * 1e6
}
