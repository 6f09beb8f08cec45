/**
 * The suite `micro`: single operations of the hot path in this process. Differences that lie under the noise of a
 * whole hop show here, because the least of many rounds is what the code costs when nobody disturbs it.
 */
import type { BenchOptions } from '../options.ts'
import type { Progress } from '../progress.ts'
import type { MicroReport, SuiteReport } from '../report.ts'
import { roundTo } from '../statistics.ts'
import { balancingOperations } from './micro-balancing.ts'
import { codecOperations } from './micro-codecs.ts'
import { routingOperations } from './micro-routing.ts'
import type { Operation } from './operation.ts'

const ROUNDS = 20
const ROUND_MS = 25
const ROUND_MS_QUICK = 2

/** Measures all operations, or the one the options name; the least of 20 rounds in nanoseconds. */
export const runMicroSuite = (options: BenchOptions, progress: Progress): SuiteReport => {
  const operations = [...codecOperations(), ...routingOperations(), ...balancingOperations()]
  const chosen = operations.filter(({ name }) => options.caseName === undefined || name === options.caseName)
  const cases = chosen.map((operation): MicroReport => {
    progress.show(operation.name)
    return {
      case: operation.name,
      proxy: 'fairway',
      requestsPerSecond: null,
      latencyMs: null,
      cpuMicrosPerRequest: null,
      peakRssMb: null,
      nanosPerOperation: roundTo(measureNanos(operation.run, options.isQuick ? ROUND_MS_QUICK : ROUND_MS), 1),
    }
  })
  return { suite: 'micro', cases }
}

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
