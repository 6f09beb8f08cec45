import type { LoadPlan } from '../../load/plan.ts'
import type { RunningProxy } from '../../proxies/proxy.ts'
import { figureCase } from '../../report.ts'
import type { FigureReport } from '../../report.ts'
import { median, ratioOf, roundTo } from '../../statistics.ts'
import { processTree, rssMbOf } from '../../support/process-stats.ts'
import type { Run } from '../laboratory.ts'
import { smallRequests } from '../strain/subject.ts'
import type { StrainContext } from '../strain/subject.ts'

/** Of each window, and before the first one of a proxy, whose code is still cold. */
const WARMUP_MS = 500
const FIRST_WARMUP_MS = 3000

/** Two Fairways that must cost the same, or nearly. */
export interface SideBySide {
  readonly name: string
  /** Of clients; default 1. */
  readonly connections?: number
  /** Of clients of `little`; default: as many. */
  readonly connectionsOfLittle?: number
  /** On each of them. */
  readonly tunnels: number
  /** What each of them has, for people. */
  readonly little: string
  readonly much: string
  /** For CPU time per request; absent: it is only told. */
  readonly maxRatio?: number
  /** How often both are started anew (see `measureLaunches`); absent: once. */
  readonly launches?: number
  /** Lines of requests that are done before, as often as the others: so that what is rare is compiled as it is in a while. */
  readonly rareFields?: string
  /** What `much` has answers by itself. */
  readonly isAnsweredHere?: boolean
}

/** Measures both, again and again in turn: what slows the machine for a while slows both. */
export const measureBoth = async (
  context: StrainContext,
  sides: SideBySide,
  proxies: { readonly little: RunningProxy; readonly much: RunningProxy },
): Promise<FigureReport> => {
  const { name, connections = 1, tunnels, little, much, maxRatio, isAnsweredHere = false } = sides
  const connectionsOf = { little: sides.connectionsOfLittle ?? connections, much: connections }
  const runs: { readonly little: Run[]; readonly much: Run[] } = { little: [], much: [] }
  for (let pair = 0; pair < context.options.pairs; pair++) {
    context.progress.show(`${name} ${pair + 1}/${context.options.pairs}`)
    const warmupMs = pair === 0 ? FIRST_WARMUP_MS : WARMUP_MS
    // Whoever comes first finds the caches as the one before left them.
    for (const which of pair % 2 === 0 ? (['little', 'much'] as const) : (['much', 'little'] as const)) {
      runs[which].push(
        await measureOne(context, proxies[which], {
          ...{ connections: connectionsOf[which], tunnels, warmupMs },
          isAnsweredHere: which === 'much' && isAnsweredHere,
        }),
      )
    }
  }
  const cpuOf = (those: readonly Run[]): readonly number[] => those.map((run) => run.cpuMicrosPerRequest)
  const rssOf = ({ pid }: RunningProxy): number => roundTo(rssMbOf(processTree(pid)), 1)
  return figureCase(name, context.version, {
    figures: [
      { name: `CPU µs per request, ${little}`, value: roundTo(median(cpuOf(runs.little)), 2) },
      { name: `CPU µs per request, ${much}`, value: roundTo(median(cpuOf(runs.much)), 2) },
      {
        name: `${much} ÷ ${little}`,
        value: ratioOf(cpuOf(runs.much), cpuOf(runs.little)).ofMedians,
        ...(maxRatio === undefined ? {} : { atMost: maxRatio }),
      },
      { name: `requests/s, ${little}`, value: Math.round(median(runs.little.map((run) => run.requestsPerSecond))) },
      { name: `requests/s, ${much}`, value: Math.round(median(runs.much.map((run) => run.requestsPerSecond))) },
      { name: `RSS MB, ${little}`, value: rssOf(proxies.little) },
      { name: `RSS MB, ${much}`, value: rssOf(proxies.much) },
    ],
  })
}

const measureOne = (
  context: StrainContext,
  { host, port, pid }: RunningProxy,
  { connections, tunnels, ...window }: Pick<LoadPlan, 'connections' | 'tunnels' | 'warmupMs' | 'isAnsweredHere'>,
): Promise<Run> =>
  context.laboratory.measure(
    smallRequests(
      context,
      { host, port, connections, tunnels },
      { ...window, windowMs: context.options.seconds * 1000 },
    ),
    pid,
  )
