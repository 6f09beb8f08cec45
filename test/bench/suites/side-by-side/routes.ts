/**
 * The suite `routes`: one busy client pod and a Service with 10 routes, and the same with 5,000, in turn. How many
 * routes there are must not show in what a request costs.
 */
import type { SuiteReport } from '../../report.ts'
import type { SuiteContext } from '../context.ts'
import { measureBoth } from './measure-both.ts'
import type { SideBySide } from './measure-both.ts'
import { runStrainSuite, withFairway } from '../strain/subject.ts'

const FEW = 10
const MANY = 5000
const TUNNELS = 64

const sides: SideBySide = {
  name: `routes-1x${TUNNELS}`,
  tunnels: TUNNELS,
  little: `${FEW} routes`,
  much: `${MANY} routes`,
  maxRatio: 1.1,
}

/** Measures both, again and again in turn. */
export const runRoutesSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'routes',
    [
      {
        name: sides.name,
        measure: (strain) =>
          withFairway(
            strain,
            (little) => withFairway(strain, (much) => measureBoth(strain, sides, { little, much }), { routes: MANY }),
            { routes: FEW },
          ),
      },
    ],
    { ...context, destinations: 1 },
  )
