/**
 * The suite `tunnels`: what connections and tunnels cost that do nothing, told apart by three numbers of either, and
 * ten thousand tunnels that are all busy.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { LoadPlan } from '../../load/plan.ts'
import type { RunningProxy } from '../../proxies/proxy.ts'
import { figureCase } from '../../report.ts'
import type { CaseReport, Figure, SuiteReport } from '../../report.ts'
import { roundTo } from '../../statistics.ts'
import { openFilesLimitOf, peakRssMbOf, processTree, rssMbOf } from '../../support/process-stats.ts'
import type { SuiteContext } from '../context.ts'
import { runStrainSuite, smallRequests, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'
import { solveCosts } from './tunnel-costs.ts'
import type { Growth } from './tunnel-costs.ts'

interface Shape {
  readonly connections: number
  /** On each connection; a waypoint allows 100. */
  readonly tunnels: number
}

/** Few of both; many connections; many tunnels. */
const SHAPES: readonly Shape[] = [
  { connections: 100, tunnels: 1 },
  { connections: 1000, tunnels: 1 },
  { connections: 100, tunnels: 100 },
]
const QUICK_SHAPES: readonly Shape[] = [
  { connections: 20, tunnels: 1 },
  { connections: 200, tunnels: 1 },
  { connections: 20, tunnels: 100 },
]
/** Each shape is measured as often as there are pairs, but no more than this. */
const MAX_REPEATS = 3
const BUSY: Shape = { connections: 100, tunnels: 100 }
/** So long, in windows of the other suites: every tunnel shall have had its turn many times. */
const BUSY_WINDOWS = 5
/** The first request on each opens a tunnel to a destination; the window comes after that. */
const BUSY_WARMUP_MS = 10_000
const DESTINATIONS = 16
const WARMUP: Shape = { connections: 8, tunnels: 8 }
const WARMUP_MS = 2000
const MAX_KB_PER_CONNECTION = 80
const MAX_KB_PER_TUNNEL = 3
/** Resident memory counts as settled when it moved by less than this in a second. */
const SETTLED_MB = 0.5
const SETTLE_DEADLINE_MS = 15_000
/** Files that a proxy has open beside those of connections. */
const SPARE_FILES = 300

/** An idle tunnel may have been opened and not used yet, or wait for its next request. */
export const runTunnelsSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'tunnels',
    [
      { name: 'tunnels-idle-unused', measure: (one) => measureIdle('tunnels-idle-unused', one, false) },
      { name: 'tunnels-idle-kept-alive', measure: (one) => measureIdle('tunnels-idle-kept-alive', one, true) },
      { name: 'tunnels-busy', measure: measureBusy },
    ],
    { ...context, destinations: DESTINATIONS },
  )

const measureIdle = async (name: string, context: StrainContext, hasRequest: boolean): Promise<CaseReport> => {
  const { isQuick, pairs } = context.options
  const growths: (Growth & { readonly baseMb: number })[] = []
  for (const shape of isQuick ? QUICK_SHAPES : SHAPES) {
    const repeated: (Growth & { readonly baseMb: number })[] = []
    for (let i = 0; i < Math.min(pairs, MAX_REPEATS); i++) {
      context.progress.show(`${name} ${shape.connections}x${shape.tunnels} ${i + 1}`)
      repeated.push(await withFairway(context, (proxy) => measureGrowth(context, proxy, { shape, hasRequest })))
    }
    growths.push(middleOf(repeated))
  }
  const costs = solveCosts(growths)
  const figures: Figure[] = [
    { name: 'KB per connection', value: roundTo(costs.connectionKb, 1), atMost: MAX_KB_PER_CONNECTION },
    { name: 'KB per tunnel', value: roundTo(costs.tunnelKb, 2), atMost: MAX_KB_PER_TUNNEL },
    { name: 'KB however many there are', value: roundTo(costs.restKb, 0) },
    ...growths.map(({ connections, tunnels, growthKb }) => ({
      name: `RSS growth with ${connections} connections and ${tunnels} tunnels, MB`,
      value: roundTo(growthKb / 1024, 1),
    })),
    { name: 'RSS before, MB', value: roundTo(Math.max(...growths.map(({ baseMb }) => baseMb)), 1) },
  ]
  return figureCase(name, context.version, { figures })
}

/** The one with the median growth: what has not been collected yet differs from run to run. */
const middleOf = <T extends Growth>(repeated: readonly T[]): T => {
  const middle = repeated.toSorted((a, b) => a.growthKb - b.growthKb)[repeated.length >> 1]
  if (middle === undefined) throw new Error('nothing was measured')
  return middle
}

/** What idle tunnels add to a Fairway that has carried some requests, of which nothing is open any more. */
const measureGrowth = async (
  context: StrainContext,
  proxy: RunningProxy,
  { shape, hasRequest }: { readonly shape: Shape; readonly hasRequest: boolean },
): Promise<Growth & { readonly baseMb: number }> => {
  checkOpenFiles(proxy, shape)
  await context.laboratory.measure(planFor(context, proxy, WARMUP), proxy.pid)
  const pids = processTree(proxy.pid)
  const baseMb = await settledRssMb(pids)
  const held = await context.laboratory.hold(planFor(context, proxy, shape), hasRequest)
  const withTunnelsMb = await settledRssMb(pids)
  await held.release()
  return {
    connections: shape.connections,
    tunnels: shape.connections * shape.tunnels,
    growthKb: (withTunnelsMb - baseMb) * 1024,
    baseMb,
  }
}

/** Ten thousand requests in flight at all times are an overload by themselves: here they are to be carried, not refused. */
const withPatientFairway = <T>(context: StrainContext, use: (proxy: RunningProxy) => Promise<T>): Promise<T> =>
  withFairway(context, use, { flags: ['--overload-wait', '0s'] })

const measureBusy = (context: StrainContext): Promise<CaseReport> =>
  withPatientFairway(context, async (proxy) => {
    checkOpenFiles(proxy, BUSY)
    const windowMs = context.options.seconds * 1000 * BUSY_WINDOWS
    const plan = { ...planFor(context, proxy, BUSY), warmupMs: BUSY_WARMUP_MS, windowMs }
    const run = await context.laboratory.observe(plan, proxy.pid)
    const figures: Figure[] = [
      { name: 'tunnels', value: BUSY.connections * BUSY.tunnels },
      { name: 'requests that failed', value: run.errors, atMost: 0 },
      { name: 'requests/s', value: Math.round(run.requestsPerSecond) },
      { name: 'proxy CPU µs per request', value: roundTo(run.cpuMicrosPerRequest, 1) },
      { name: 'proxy busy, CPUs', value: roundTo(run.proxyBusy, 2) },
      { name: 'generator busy, CPUs', value: roundTo(run.busy, 2) },
      { name: 'p50, ms', value: roundTo(run.p50Ms, 1) },
      { name: 'p99, ms', value: roundTo(run.p99Ms, 1) },
      { name: 'RSS peak, MB', value: roundTo(peakRssMbOf(processTree(proxy.pid)), 1) },
    ]
    return figureCase('tunnels-busy', context.version, {
      figures,
      notes: run.firstError === undefined ? [] : [run.firstError],
    })
  })

const planFor = (context: StrainContext, { host, port }: RunningProxy, shape: Shape): LoadPlan =>
  smallRequests(context, { host, port, ...shape }, { warmupMs: WARMUP_MS, windowMs: 1000 })

/** Each connection is a file on either side, and in the worst case one more goes to a destination for each. */
const checkOpenFiles = (proxy: RunningProxy, { connections }: Shape): void => {
  const limit = openFilesLimitOf(proxy.pid)
  const wanted = 2 * connections + SPARE_FILES
  if (limit < wanted) throw new Error(`${connections} connections want ${wanted} open files (ulimit -n is ${limit})`)
}

/** Resident memory once it no longer moves, or as it is at the deadline. */
const settledRssMb = async (pids: readonly number[]): Promise<number> => {
  const giveUpAt = performance.now() + SETTLE_DEADLINE_MS
  let before = rssMbOf(pids)
  for (;;) {
    await wait(1000)
    const now = rssMbOf(pids)
    if (Math.abs(now - before) < SETTLED_MB || performance.now() > giveUpAt) return now
    before = now
  }
}
