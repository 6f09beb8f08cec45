/**
 * The suite `workers`: many client pods and a Fairway with one worker, and one with two, in turn and on the same CPU. What a
 * second worker costs must not show in what a request costs.
 */
import type { SuiteReport } from '../../report.ts'
import type { SuiteContext } from '../context.ts'
import { measureBoth } from './measure-both.ts'
import type { SideBySide } from './measure-both.ts'
import { runStrainSuite, withFairway } from '../strain/subject.ts'

const CONNECTIONS = 16
const TUNNELS = 4

const sides: SideBySide = {
  name: `workers-${CONNECTIONS}x${TUNNELS}`,
  connections: CONNECTIONS,
  tunnels: TUNNELS,
  little: '1 worker',
  much: '2 workers',
  maxRatio: 1.1,
}

/** Measures both, again and again in turn. */
export const runWorkersSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'workers',
    [
      {
        name: sides.name,
        measure: (strain) =>
          withFairway(strain, (little) =>
            withFairway(strain, (much) => measureBoth(strain, sides, { little, much }), { flags: ['--workers', '2'] }),
          ),
      },
    ],
    { ...context, destinations: 1 },
  )
