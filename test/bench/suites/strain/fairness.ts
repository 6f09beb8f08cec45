/**
 * The suite `fairness`: twenty client identities ask for somewhat more than half of what a Fairway can do; then one more
 * comes with fifty times the rate of each of them, so that there is twice as much as can be done. What the twenty notice
 * of it is what counts.
 */
import { figureCase } from '../../report.ts'
import type { CaseReport, Figure, SuiteReport } from '../../report.ts'
import { roundTo } from '../../statistics.ts'
import type { StepResult, SurgeStep } from '../../surge/plan.ts'
import type { SuiteContext } from '../context.ts'
import { runStrainSuite, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'
import { measureSurgeCapacity, withSurge } from './surge-case.ts'

const OTHERS = 20
const OTHER = { connections: 1, tunnels: 30 }
const GREEDY = { connections: 8, tunnels: 100 }
const GREEDY_RATIO = 50
/** All together ask for so much of the capacity. */
const OFFERED = 2
const MAX_P99_RATIO = 1.5
const QUICK_SHARE = 0.3
const PHASES_MS = { capacity: 4000, before: 10_000, during: 30_000, after: 10_000 }

export const runFairnessSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite('fairness', [{ name: 'fairness-50x', measure }], { ...context, destinations: 1 })

const measure = (context: StrainContext): Promise<CaseReport> =>
  withFairway(context, (proxy) => {
    const shapes = [GREEDY, ...Array.from({ length: OTHERS }, () => OTHER)]
    return withSurge(context, proxy, shapes, async (surge) => {
      const share = context.options.isQuick ? QUICK_SHARE : 1
      context.progress.show('fairness: capacity')
      const capacity = await measureSurgeCapacity(surge, shapes.length, {
        durationMs: PHASES_MS.capacity * share,
      })
      const unit = (OFFERED * capacity.perSecond) / (GREEDY_RATIO + OTHERS)
      context.progress.show(`fairness: ${Math.round(unit)}/s from each, ${Math.round(unit * GREEDY_RATIO)}/s from one`)
      const step = (isGreedyThere: boolean, durationMs: number): SurgeStep => ({
        durationMs: durationMs * share,
        loads: shapes.map((_, i) => ({
          kind: 'rate',
          perSecond: i > 0 ? unit : isGreedyThere ? unit * GREEDY_RATIO : 0,
        })),
      })
      const results = await surge.run(
        [step(false, PHASES_MS.before), step(true, PHASES_MS.during), step(false, PHASES_MS.after)],
        shapes.map((_, i) => (i === 0 ? 1 : 0)),
      )
      return figureCase('fairness-50x', context.version, {
        figures: [
          { name: 'capacity, requests/s', value: Math.round(capacity.perSecond) },
          { name: 'others: rate of each, requests/s', value: Math.round(unit) },
          ...figuresOf(results),
        ],
        notes: [`the capacity is the best of closed loops, with ${capacity.inFlight} requests in flight`],
      })
    })
  })

const figuresOf = (results: readonly StepResult[]): readonly Figure[] => {
  const [before, during, after] = results
  const others = results.map(({ groups }) => groups[0])
  const [calm, strained, again] = others
  const greedy = during?.groups[1]
  if (before === undefined || during === undefined || after === undefined) return []
  if (calm === undefined || strained === undefined || again === undefined || greedy === undefined) return []
  const p99 = (calm.acceptedMs.p99 + again.acceptedMs.p99) / 2
  const perSecond = (count: number): number => Math.round(count / during.seconds)
  return [
    { name: 'greedy: offered, requests/s', value: perSecond(greedy.due) },
    { name: 'greedy: answered 200, requests/s', value: perSecond(greedy.accepted) },
    { name: 'greedy: answered 503, requests/s', value: perSecond(greedy.refused) },
    { name: 'greedy: found no free tunnel, requests/s', value: perSecond(greedy.unsent) },
    { name: 'greedy: p99 of 200, ms', value: roundTo(greedy.acceptedMs.p99, 3) },
    { name: 'others: answered 200, requests/s', value: perSecond(strained.accepted) },
    { name: 'others: refused or failed', value: strained.refused + strained.failed, atMost: 0 },
    { name: 'others: found no free tunnel, share', value: roundTo(strained.unsent / strained.due, 4) },
    { name: 'others: found no free tunnel without, share', value: roundTo(calm.unsent / calm.due, 4) },
    { name: 'others: p50 without, ms', value: roundTo((calm.acceptedMs.p50 + again.acceptedMs.p50) / 2, 3) },
    { name: 'others: p50 with, ms', value: roundTo(strained.acceptedMs.p50, 3) },
    { name: 'others: p99 without, before, ms', value: roundTo(calm.acceptedMs.p99, 3) },
    { name: 'others: p99 without, after, ms', value: roundTo(again.acceptedMs.p99, 3) },
    { name: 'others: p99 with, ms', value: roundTo(strained.acceptedMs.p99, 3) },
    { name: 'others: p99 with ÷ without', value: roundTo(strained.acceptedMs.p99 / p99, 2), atMost: MAX_P99_RATIO },
    { name: 'generator busy, CPUs', value: roundTo(during.busy, 2) },
  ]
}
