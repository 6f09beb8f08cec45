/**
 * The suite `overload`: twenty client identities ask for four times as much as a Fairway can do, for a minute. What it
 * can do is measured in the same run, before and after: where others have a share of the machine it goes up and down by a
 * third within a minute. What still has to be so: it gets about as much done, what is answered is answered soon, memory
 * stays, and all is as before when they stop. Readiness and metrics are asked for meanwhile.
 */
import { figureCase } from '../../report.ts'
import type { CaseReport, Figure, SuiteReport } from '../../report.ts'
import { roundTo } from '../../statistics.ts'
import { cpuMicrosOf, processTree, rssMbOf } from '../../support/process-stats.ts'
import { sampleRss } from '../../support/rss-sampler.ts'
import { startProbes, warmUp } from '../../support/http-probe.ts'
import type { ProbeResult } from '../../support/http-probe.ts'
import { WINDOW_MS } from '../../surge/plan.ts'
import type { Outcome, StepResult, SurgeStep } from '../../surge/plan.ts'
import type { RunningProxy } from '../../proxies/proxy.ts'
import type { SuiteContext } from '../context.ts'
import { runStrainSuite, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'
import { calmAfterMs, measureSurgeCapacity, withSurge } from './surge-case.ts'
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
const OVERLOAD = 4
/** What is normal, as a share of the capacity. */
const NORMAL = 0.5
/** Among the steps below. */
const OVERLOAD_STEP = 2
const MIN_GOODPUT = 0.85
const MAX_P99_RATIO = 3
const MAX_GROWTH_MB = 48
const MAX_RECOVERY_S = 2
const MAX_PROBE_MS = 100

interface Phases {
  readonly capacityMs: number
  /** As much as is normal, and not counted: the first requests wait for what was looked at before them. */
  readonly settlingMs: number
  readonly normalMs: number
  readonly overloadMs: number
  readonly afterMs: number
}

const PHASES: Phases = { capacityMs: 5000, settlingMs: 2000, normalMs: 10_000, overloadMs: 60_000, afterMs: 10_000 }
const QUICK_PHASES: Phases = { capacityMs: 1500, settlingMs: 1000, normalMs: 3000, overloadMs: 6000, afterMs: 4000 }

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
  const use = (proxy: RunningProxy): Promise<CaseReport> =>
    withSurge(
      context,
      proxy,
      Array.from({ length: CLIENTS }, () => shape),
      async (surge) => {
        const phases = context.options.isQuick ? QUICK_PHASES : PHASES
        context.progress.show(`${name}: capacity`)
        const capacity = await measureSurgeCapacity(surge, CLIENTS, { durationMs: phases.capacityMs })
        const pids = processTree(proxy.pid)
        const urls = [
          `http://${proxy.addresses?.ready ?? ''}/healthz/ready`,
          `http://${proxy.addresses?.metrics ?? ''}/stats/prometheus`,
        ]
        await warmUp(urls)
        const beforeMb = rssMbOf(pids)
        const watch = { peakMb: beforeMb, cpuMicros: 0, probes: undefined as ProbeResult | undefined }
        let stop = (): void => {}
        const onStep = (index: number): void => {
          stop()
          stop = (): void => {}
          if (index !== OVERLOAD_STEP) return
          context.progress.show(`${name}: ${Math.round(OVERLOAD * capacity.perSecond)}/s`)
          const rss = sampleRss(pids)
          const probes = startProbes(urls)
          const cpuBefore = cpuMicrosOf(pids)
          stop = (): void => {
            watch.peakMb = rss.stop()
            watch.cpuMicros = cpuMicrosOf(pids) - cpuBefore
            watch.probes = probes.stop()
          }
        }
        const [, ...results] = await surge.run(
          stepsOf(capacity.perSecond, phases),
          Array.from({ length: CLIENTS }, () => 0),
          onStep,
        )
        context.progress.show(`${name}: capacity`)
        const after = await measureSurgeCapacity(surge, CLIENTS, {
          durationMs: phases.capacityMs,
          sizes: [capacity.inFlight],
        })
        return figureCase(name, context.version, {
          figures: [
            ...figuresOf(shape, { before: capacity, after }, results),
            { name: 'RSS before, MB', value: roundTo(beforeMb, 1) },
            {
              name: 'RSS growth in the overload, MB',
              value: roundTo(watch.peakMb - beforeMb, 1),
              atMost: MAX_GROWTH_MB,
            },
            ...probeFigures(watch.probes),
            { name: 'proxy busy, CPUs', value: roundTo(watch.cpuMicros / 1e6 / (results[1]?.seconds ?? 1), 2) },
            { name: 'generator busy, CPUs', value: roundTo(results[1]?.busy ?? 0, 2) },
          ],
          notes: [
            `the capacity is the best of closed loops over all clients, with ${capacity.inFlight} requests in flight; generator busy ${roundTo(capacity.busy, 2)} CPUs; what is lost is lost of the mean of before and after`,
            'a request that finds no tunnel free when it is due is given up by its client, as one whose pool is used up',
          ],
        })
      },
    )
  return withFairway(context, use)
}

const stepsOf = (capacity: number, phases: Phases): readonly SurgeStep[] => {
  const step = (share: number, durationMs: number): SurgeStep => ({
    durationMs,
    loads: Array.from({ length: CLIENTS }, () => ({ kind: 'rate', perSecond: (capacity * share) / CLIENTS })),
  })
  return [
    step(NORMAL, phases.settlingMs),
    step(NORMAL, phases.normalMs),
    step(OVERLOAD, phases.overloadMs),
    step(NORMAL, phases.afterMs),
  ]
}

/** Four times what was measured before is offered; it counts for what it was over the whole run. */
interface Capacities {
  readonly before: SurgeCapacity
  readonly after: SurgeCapacity
}

const figuresOf = (shape: Shape, capacity: Capacities, results: readonly StepResult[]): readonly Figure[] => {
  const [normal, during, after] = results
  const [before] = normal?.groups ?? []
  const [outcome] = during?.groups ?? []
  if (before === undefined || outcome === undefined || during === undefined || after === undefined) return []
  const perSecond = (count: number): number => Math.round(count / during.seconds)
  const meanPerSecond = (capacity.before.perSecond + capacity.after.perSecond) / 2
  const lost = 1 - outcome.accepted / during.seconds / meanPerSecond
  const calmMs = calmAfterMs(after, WINDOW_MS, MAX_P99_RATIO * before.acceptedMs.p99)
  return [
    { name: 'capacity, requests/s', value: Math.round(capacity.before.perSecond) },
    { name: 'capacity afterwards, requests/s', value: Math.round(capacity.after.perSecond) },
    { name: 'offered, requests/s', value: perSecond(outcome.due) },
    { name: 'answered 200, requests/s', value: perSecond(outcome.accepted) },
    { name: 'answered 503, requests/s', value: perSecond(outcome.refused), ...(shape.isOrderly && { atMost: 0 }) },
    { name: 'found no free tunnel, requests/s', value: perSecond(outcome.unsent) },
    { name: 'capacity lost, share', value: roundTo(lost, 3), atMost: roundTo(1 - MIN_GOODPUT, 3) },
    { name: 'any other end', value: countFailed([before, outcome]), atMost: 0 },
    { name: 'normal: refused', value: before.refused, atMost: 0 },
    { name: 'normal: p50, ms', value: roundTo(before.acceptedMs.p50, 3) },
    { name: 'normal: p99, ms', value: roundTo(before.acceptedMs.p99, 3) },
    { name: 'overload: p50 of 200, ms', value: roundTo(outcome.acceptedMs.p50, 3) },
    { name: 'overload: p99 of 200, ms', value: roundTo(outcome.acceptedMs.p99, 3) },
    shape.isOrderly
      ? {
          name: 'p99 of 200 ÷ (tunnels ÷ capacity)',
          value: roundTo(
            (outcome.acceptedMs.p99 / 1000) * (meanPerSecond / (CLIENTS * shape.connections * shape.tunnels)),
            2,
          ),
          atMost: MAX_P99_RATIO,
        }
      : {
          name: 'p99 of 200, overload ÷ normal',
          value: roundTo(outcome.acceptedMs.p99 / before.acceptedMs.p99, 2),
          atMost: MAX_P99_RATIO,
        },
    { name: 'overload: p50 of 503, ms', value: roundTo(outcome.refusedMs.p50, 1) },
    { name: 'overload: p99 of 503, ms', value: roundTo(outcome.refusedMs.p99, 1) },
    { name: 'recovery, s', value: calmMs === null ? null : roundTo(calmMs / 1000, 2), atMost: MAX_RECOVERY_S },
  ]
}

const countFailed = (outcomes: readonly Outcome[]): number => outcomes.reduce((sum, { failed }) => sum + failed, 0)

const probeFigures = (probes: ProbeResult | undefined): readonly Figure[] => [
  { name: 'readiness and metrics: asked', value: probes?.asked ?? null },
  { name: 'readiness and metrics: not answered 200', value: probes?.failed ?? null, atMost: 0 },
  { name: 'readiness and metrics: p50, ms', value: probes === undefined ? null : roundTo(probes.p50Ms, 1) },
  {
    name: 'readiness and metrics: slowest, ms',
    value: probes === undefined ? null : roundTo(probes.maxMs, 1),
    atMost: MAX_PROBE_MS,
  },
]
