/**
 * The suite `filters`: one busy client pod and a route with one built-in filter, and the same with a chain of five, in
 * turn; then what filters cost alone, in this process; then the same route with an App, and with a cache.
 */
import type { Upstreams } from '../../proxies/proxy.ts'
import type { FigureReport, SuiteReport } from '../../report.ts'
import type { SuiteContext } from '../context.ts'
import { filterOperations } from '../micro/filters.ts'
import { nanosOf } from '../micro/nanos-of.ts'
import { runStrainSuite, withFairway } from '../strain/subject.ts'
import type { StrainContext } from '../strain/subject.ts'
import { measureBoth } from './measure-both.ts'
import type { SideBySide } from './measure-both.ts'

const TUNNELS = 64

const sides: SideBySide = {
  name: `filters-1x${TUNNELS}`,
  tunnels: TUNNELS,
  little: 'one filter',
  much: 'a chain of five',
  maxRatio: 1.3,
}

/** What may answer by itself on the same route: an App that has no route for what is asked for, and one that has; so for caches. */
const answeringSides: readonly (SideBySide & Pick<Upstreams, 'app' | 'cache'>)[] = [
  {
    ...{ name: `app-leaves-1x${TUNNELS}`, tunnels: TUNNELS, app: 'leaves' },
    ...{ little: 'one filter', much: 'and an App that leaves it', maxRatio: 2 },
  },
  {
    ...{ name: `app-answers-1x${TUNNELS}`, tunnels: TUNNELS, app: 'answers', isAnsweredHere: true },
    ...{ little: 'forwarded', much: 'answered by an App', maxRatio: 2 },
  },
  {
    ...{ name: `cache-leaves-1x${TUNNELS}`, tunnels: TUNNELS, cache: 'leaves' },
    ...{ little: 'one filter', much: 'and a cache that may keep nothing', maxRatio: 2 },
  },
  {
    ...{ name: `cache-keeps-1x${TUNNELS}`, tunnels: TUNNELS, cache: 'keeps', isAnsweredHere: true },
    ...{ little: 'forwarded', much: 'answered by a cache', maxRatio: 1 },
  },
]

/** Measures both, again and again in turn; then filters alone; then what may answer by itself. */
export const runFiltersSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'filters',
    [
      { name: sides.name, measure },
      ...answeringSides.map(({ app, cache, ...both }) => ({
        name: both.name,
        measure: (strain: StrainContext): Promise<FigureReport> =>
          withFairway(strain, (little) =>
            withFairway(strain, (much) => measureBoth(strain, both, { little, much }), { app, cache }),
          ),
      })),
    ],
    { ...context, destinations: 1 },
  )

const measure = async (context: StrainContext): Promise<FigureReport> => {
  const report = await withFairway(context, (little) =>
    withFairway(context, (much) => measureBoth(context, sides, { little, much }), { hasFiveFilters: true }),
  )
  const figures = filterOperations().map((operation) => {
    context.progress.show(operation.name)
    return { name: `ns for ${operation.name}`, value: nanosOf(operation, context.options) }
  })
  return { ...report, figures: [...report.figures, ...figures] }
}
