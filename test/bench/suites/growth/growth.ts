/**
 * The suite `growth`: how CPU time per request changes with requests in flight, routes, policies and endpoints. The points
 * of a line are measured in turn, each with a Fairway of its own.
 */
import type { RunningProxy, Upstreams } from '../../proxies/proxy.ts'
import { figureCase } from '../../report.ts'
import type { SeriesReport, SuiteReport } from '../../report.ts'
import { roundTo, spreadOf } from '../../statistics.ts'
import type { SuiteContext } from '../context.ts'
import { runStrainSuite, smallRequests, withFairway } from '../strain/subject.ts'
import type { StrainContext } from '../strain/subject.ts'

const FIRST_WARMUP_MS = 3000
const WARMUP_MS = 500
const MOST_ENDPOINTS = 64

/** One Fairway, and how it is asked. */
interface Point {
  readonly x: number
  readonly connections?: number
  readonly tunnels?: number
  readonly upstreams?: Pick<Upstreams, 'routes' | 'policies'>
  readonly endpoints?: number
}

interface Line {
  readonly name: string
  /** What the horizontal axis counts. */
  readonly counts: string
  readonly points: readonly Point[]
}

const lines: readonly Line[] = [
  {
    name: 'growth-in-flight',
    counts: 'requests in flight, 64 on a connection',
    points: [1, 4, 16, 64, 256].map((x) => ({ x, connections: Math.ceil(x / 64), tunnels: Math.min(x, 64) })),
  },
  {
    name: 'growth-routes',
    counts: 'HTTPRoutes of the Service',
    points: [1, 10, 100, 1000, 5000].map((x) => ({ x, upstreams: { routes: x } })),
  },
  {
    name: 'growth-policies',
    counts: 'AuthorizationPolicies, up to 20 of the Service',
    points: [0, 2, 20, 200, 1000].map((x) => ({ x, upstreams: { policies: x } })),
  },
  {
    name: 'growth-endpoints',
    counts: 'endpoints of the Service',
    points: [1, 4, 16, MOST_ENDPOINTS].map((x) => ({ x, endpoints: x })),
  },
]

export const runGrowthSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'growth',
    lines.map((line) => ({ name: line.name, measure: (strain) => measureLine(strain, line) })),
    { ...context, destinations: MOST_ENDPOINTS },
  )

const measureLine = (context: StrainContext, { name, counts, points }: Line): Promise<SeriesReport> =>
  withFairways(context, points, async (proxies) => {
    const values: number[][] = points.map(() => [])
    for (let round = 0; round < context.options.pairs; round++) {
      for (const [index, point] of points.entries()) {
        const proxy = proxies[index]
        if (proxy === undefined) continue
        context.progress.show(`${name} ${round + 1}/${context.options.pairs} ${point.x}`)
        const window = {
          warmupMs: round === 0 ? FIRST_WARMUP_MS : WARMUP_MS,
          windowMs: context.options.seconds * 1000,
        }
        const lanes = { ...proxy, connections: point.connections ?? 1, tunnels: point.tunnels ?? 64 }
        const run = await context.laboratory.measure(smallRequests(context, lanes, window), proxy.pid)
        values[index]?.push(run.cpuMicrosPerRequest)
      }
    }
    const measured = points.map(({ x }, index) => ({ x, y: spreadOf(values[index] ?? [], 2) }))
    const [first, last] = [measured[0], measured.at(-1)]
    return {
      ...figureCase(name, context.version, {
        figures: [
          ...measured.map(({ x, y }) => ({ name: `CPU µs per request at ${x}`, value: y.median })),
          ...(first === undefined || last === undefined
            ? []
            : [{ name: `at ${last.x} ÷ at ${first.x}`, value: roundTo(last.y.median / first.y.median, 2) }]),
        ],
        notes: [`counted are ${counts}`],
      }),
      series: { counts, points: measured },
    }
  })

/** All of them at once, so that they can be measured in turn. */
const withFairways = async <T>(
  context: StrainContext,
  [point, ...rest]: readonly Point[],
  use: (proxies: readonly RunningProxy[]) => Promise<T>,
): Promise<T> => {
  if (point === undefined) return use([])
  const addresses = context.backend.addresses.slice(0, point.endpoints ?? 1)
  return withFairway(context, (proxy) => withFairways(context, rest, (proxies) => use([proxy, ...proxies])), {
    ...point.upstreams,
    addresses,
  })
}
