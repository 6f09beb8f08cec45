/**
 * The suite `overload`: twenty client identities ask for four times as much as a Fairway can do: for a minute, and for a
 * third of one before and after that. What it can do is measured right before and right after each of the three, since
 * many a machine goes up and down by a third within a minute: only figures of the same half minute are compared. What
 * still has to be so: it gets about as much done, what is answered is answered soon, memory stays, and all is as before
 * when they stop. Readiness and metrics are asked for meanwhile.
 */
import { figureCase } from '../../report.ts'
import type { CaseReport, SuiteReport } from '../../report.ts'
import { meterCpu, processTree, rssMbOf } from '../../support/process-stats.ts'
import { sampleRss } from '../../support/rss-sampler.ts'
import { startProbes, warmUp } from '../../support/http-probe.ts'
import type { SurgeStep } from '../../surge/plan.ts'
import type { Surge } from '../../surge/surge.ts'
import type { RunningProxy } from '../../proxies/proxy.ts'
import type { SuiteContext } from '../context.ts'
import { OVERLOAD, overloadFigures, overloadNotes } from './overload-figures.ts'
import type { Round, Strain } from './overload-figures.ts'
import { runStrainSuite, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'
import { measureSurgeCapacity, withSurge } from './surge-case.ts'
import type { PartyShape, SurgeCapacity } from './surge-case.ts'

const CLIENTS = 20
interface Shape extends PartyShape {
  /** No more requests may be open than can be served in order: whatever is served has waited as long as that takes. */
  readonly isOrderly: boolean
}

/**
 * Tunnels carry one request at a time. With ten connections a client has enough of them that what is due really is sent;
 * with one it waits for a free tunnel instead, and never more than 2,000 requests of all clients wait in the proxy.
 */
const SHAPES: Readonly<Record<string, Shape>> = {
  'overload-4x': { connections: 10, tunnels: 100, isOrderly: false },
  'overload-4x-2000-tunnels': { connections: 1, tunnels: 100, isOrderly: true },
}
/** What is normal, as a share of the capacity. */
const NORMAL = 0.5
/** Far more often than Prometheus does; yet what it takes is not to show in the capacity, which is measured without. */
const SCRAPE_MS = 1000
/** Among the steps of a round. */
const OVERLOAD_STEP = 2

interface Phases {
  readonly capacityMs: number
  /** As much as is normal, and not counted: the first requests wait for what was looked at before them. */
  readonly settlingMs: number
  readonly normalMs: number
  /** One after the other, with all the rest in between. */
  readonly overloadsMs: readonly number[]
  readonly afterMs: number
}

const PHASES: Phases = {
  capacityMs: 3000,
  settlingMs: 1000,
  normalMs: 6000,
  overloadsMs: [20_000, 60_000, 20_000],
  afterMs: 8000,
}
const QUICK_PHASES: Phases = {
  capacityMs: 1500,
  settlingMs: 1000,
  normalMs: 3000,
  overloadsMs: [6000, 6000],
  afterMs: 4000,
}

export const runOverloadSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'overload',
    Object.entries(SHAPES).map(([name, shape]) => ({
      name,
      measure: (strain) => measure(strain, { name, shape }),
    })),
    { ...context, destinations: 1 },
  )

const measure = (
  context: StrainContext,
  { name, shape }: { readonly name: string; readonly shape: Shape },
): Promise<CaseReport> => {
  const use = async (proxy: RunningProxy, surge: Surge): Promise<CaseReport> => {
    const phases = context.options.isQuick ? QUICK_PHASES : PHASES
    const measureCapacity = (sizes?: readonly number[]): Promise<SurgeCapacity> => {
      context.progress.show(`${name}: capacity`)
      const durationMs = phases.capacityMs
      return measureSurgeCapacity(surge, CLIENTS, sizes === undefined ? { durationMs } : { durationMs, sizes })
    }
    const { inFlight } = await measureCapacity()
    const watch = createWatch(proxy)
    await watch.warmUp()
    const rounds: Round[] = []
    let before = await measureCapacity([inFlight])
    const beforeMb = rssMbOf(watch.pids)
    for (const overloadMs of phases.overloadsMs) {
      context.progress.show(`${name}: ${Math.round(OVERLOAD * before.perSecond)}/s`)
      const strains: Strain[] = []
      const [, ...results] = await surge.run(
        stepsOf(before.perSecond, phases, overloadMs),
        Array.from({ length: CLIENTS }, () => 0),
        watch.during(OVERLOAD_STEP, (strain) => strains.push(strain)),
      )
      const after = await measureCapacity([inFlight])
      const [normal, during, calm] = results
      const [strain] = strains
      if (normal === undefined || during === undefined || calm === undefined || strain === undefined) break
      rounds.push({ before, normal, during, calm, after, strain })
      before = after
    }
    return figureCase(name, context.version, {
      figures: overloadFigures({ ...shape, tunnels: CLIENTS * shape.connections * shape.tunnels }, rounds, beforeMb),
      notes: overloadNotes(inFlight, rounds, beforeMb),
    })
  }
  const shapes = Array.from({ length: CLIENTS }, () => shape)
  return withFairway(context, (proxy) => withSurge(context, proxy, shapes, (surge) => use(proxy, surge)))
}

/** Looks at the proxy from outside during one step of a run. */
const createWatch = (proxy: RunningProxy) => {
  const pids = processTree(proxy.pid)
  const readyUrl = `http://${proxy.addresses?.ready ?? ''}/healthz/ready`
  const metricsUrl = `http://${proxy.addresses?.metrics ?? ''}/stats/prometheus`
  const start = (tell: (strain: Strain) => void): (() => void) => {
    const rss = sampleRss(pids)
    const readiness = startProbes([readyUrl])
    const metrics = startProbes([metricsUrl], SCRAPE_MS)
    const cpu = meterCpu(pids)
    return () =>
      tell({
        peakMb: rss.stop(),
        cpuMicros: cpu(),
        readiness: readiness.stop(),
        metrics: metrics.stop(),
      })
  }
  /** What a run is to call with each step; `tell` is called behind the one it is about. */
  const during = (step: number, tell: (strain: Strain) => void): ((index: number) => void) => {
    let stop = (): void => {}
    return (index) => {
      stop()
      stop = index === step ? start(tell) : (): void => {}
    }
  }
  return { pids, warmUp: () => warmUp([readyUrl, metricsUrl]), during }
}

const stepsOf = (capacity: number, phases: Phases, overloadMs: number): readonly SurgeStep[] => {
  const step = (share: number, durationMs: number): SurgeStep => ({
    durationMs,
    loads: Array.from({ length: CLIENTS }, () => ({ kind: 'rate', perSecond: (capacity * share) / CLIENTS })),
  })
  return [
    step(NORMAL, phases.settlingMs),
    step(NORMAL, phases.normalMs),
    step(OVERLOAD, overloadMs),
    step(NORMAL, phases.afterMs),
  ]
}
