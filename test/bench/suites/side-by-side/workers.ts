/**
 * The suite `workers`: many client pods and a Fairway with one worker, and one with two, in turn. What a second worker costs
 * must not show in what a request costs: on the same CPU, with as much in flight for all workers together, and for each of
 * them; and what two of them reach where they may use all CPUs, beside generator and destinations.
 */
import type { SuiteReport } from '../../report.ts'
import { unpin } from '../../support/pinning.ts'
import { processTree } from '../../support/process-stats.ts'
import type { SuiteContext } from '../context.ts'
import { measureBoth } from './measure-both.ts'
import type { SideBySide } from './measure-both.ts'
import { runStrainSuite, withFairway } from '../strain/subject.ts'
import type { StrainCase } from '../strain/subject.ts'

const CONNECTIONS = 16
const TUNNELS = 4
const MAX_RATIO = 1.1

const sides = { connections: CONNECTIONS, tunnels: TUNNELS, little: '1 worker', much: '2 workers' }

/** Measures one case, bound to a CPU as in every suite or not. */
const caseOf = (both: SideBySide, isFree = false): StrainCase => ({
  name: both.name,
  measure: (strain) =>
    withFairway(strain, (little) =>
      withFairway(
        strain,
        (much) => {
          if (isFree) for (const { pid } of [little, much]) unpin(processTree(pid))
          return measureBoth(strain, both, { little, much })
        },
        { flags: ['--workers', '2'] },
      ),
    ),
})

const cases: readonly StrainCase[] = [
  caseOf({ ...sides, name: `workers-${CONNECTIONS}x${TUNNELS}`, maxRatio: MAX_RATIO }),
  caseOf({
    ...sides,
    name: `workers-${CONNECTIONS / 2}x${TUNNELS}-each`,
    connectionsOfLittle: CONNECTIONS / 2,
    maxRatio: MAX_RATIO,
  }),
  caseOf({ ...sides, name: 'workers-all-cpus' }, true),
]

/** Measures both, again and again in turn. */
export const runWorkersSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite('workers', cases, { ...context, destinations: 1 })
