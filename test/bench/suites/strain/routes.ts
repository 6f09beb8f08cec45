/**
 * The suite `routes`: one busy client pod and a Service with 10 routes, and the same with 5,000, in turn. How many
 * routes there are must not show in what a request costs.
 */
import type { RunningProxy } from '../../proxies/proxy.ts'
import { figureCase } from '../../report.ts'
import type { CaseReport, SuiteReport } from '../../report.ts'
import { median, ratioOf, roundTo } from '../../statistics.ts'
import { processTree, rssMbOf } from '../../support/process-stats.ts'
import type { SuiteContext } from '../context.ts'
import type { Run } from '../laboratory.ts'
import { runStrainSuite, smallRequests, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'

const FEW = 10
const MANY = 5000
const TUNNELS = 64
/** Of each window, and before the first one of a proxy, whose code is still cold. */
const WARMUP_MS = 500
const FIRST_WARMUP_MS = 3000
const MAX_RATIO = 1.1

/** Measures both, again and again in turn. */
export const runRoutesSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite('routes', [{ name: `routes-1x${TUNNELS}`, measure }], { ...context, destinations: 1 })

const measure = (context: StrainContext): Promise<CaseReport> =>
  withFairway(context, (few) => withFairway(context, (many) => compare(context, few, many), { routes: MANY }), {
    routes: FEW,
  })

const compare = async (context: StrainContext, few: RunningProxy, many: RunningProxy): Promise<CaseReport> => {
  const runs: { readonly few: Run[]; readonly many: Run[] } = { few: [], many: [] }
  for (let pair = 0; pair < context.options.pairs; pair++) {
    context.progress.show(`routes ${pair + 1}/${context.options.pairs}`)
    const warmupMs = pair === 0 ? FIRST_WARMUP_MS : WARMUP_MS
    runs.few.push(await measureOne(context, few, warmupMs))
    runs.many.push(await measureOne(context, many, warmupMs))
  }
  const [cpuFew, cpuMany] = [runs.few, runs.many].map((those) => those.map((run) => run.cpuMicrosPerRequest))
  if (cpuFew === undefined || cpuMany === undefined) throw new Error('nothing was measured')
  const rssOf = ({ pid }: RunningProxy): number => roundTo(rssMbOf(processTree(pid)), 1)
  return figureCase(`routes-1x${TUNNELS}`, context.version, {
    figures: [
      { name: `CPU µs per request, ${FEW} routes`, value: roundTo(median(cpuFew), 2) },
      { name: `CPU µs per request, ${MANY} routes`, value: roundTo(median(cpuMany), 2) },
      { name: `${MANY} ÷ ${FEW} routes`, value: ratioOf(cpuMany, cpuFew).ofMedians, atMost: MAX_RATIO },
      { name: `RSS MB, ${FEW} routes`, value: rssOf(few) },
      { name: `RSS MB, ${MANY} routes`, value: rssOf(many) },
    ],
  })
}

const measureOne = (context: StrainContext, { host, port, pid }: RunningProxy, warmupMs: number): Promise<Run> =>
  context.laboratory.measure(
    smallRequests(
      context,
      { host, port, connections: 1, tunnels: TUNNELS },
      { warmupMs, windowMs: context.options.seconds * 1000 },
    ),
    pid,
  )
