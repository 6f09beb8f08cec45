/**
 * The suite `micro`: single operations of the hot path in this process. Differences that lie under the noise of a
 * whole hop show here, because the least of many rounds is what the code costs when nobody disturbs it.
 */
import type { BenchOptions } from '../../options.ts'
import type { Progress } from '../../progress.ts'
import type { MicroReport, SuiteReport } from '../../report.ts'
import { authorizationOperations } from './authorization.ts'
import { balancingOperations } from './balancing.ts'
import { codecOperations } from './codecs.ts'
import { filterOperations } from './filters.ts'
import { nanosOf } from './nanos-of.ts'
import { routingOperations } from './routing.ts'
import { telemetryOperations } from './telemetry.ts'
import { tokenOperations } from './tokens.ts'

/** Measures all operations, or the one the options name; the least of 20 rounds in nanoseconds. */
export const runMicroSuite = (options: BenchOptions, progress: Progress): SuiteReport => {
  const operations = [
    ...[...codecOperations(), ...routingOperations(), ...balancingOperations()],
    ...authorizationOperations(),
    ...tokenOperations(),
    ...filterOperations(),
    ...telemetryOperations(),
  ]
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
      nanosPerOperation: nanosOf(operation, options),
    }
  })
  return { suite: 'micro', cases }
}
