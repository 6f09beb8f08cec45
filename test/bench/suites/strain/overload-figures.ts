import type { Figure } from '../../report.ts'
import { median, roundTo } from '../../statistics.ts'
import type { ProbeResult } from '../../support/http-probe.ts'
import { WINDOW_MS } from '../../surge/plan.ts'
import type { Outcome, StepResult } from '../../surge/plan.ts'
import { calmAfterMs } from './surge-case.ts'
import type { SurgeCapacity } from './surge-case.ts'

/** How often the capacity is offered. */
export const OVERLOAD = 4
const MIN_GOODPUT = 0.85
const MAX_P99_RATIO = 3
const MAX_GROWTH_MB = 48
const MAX_RECOVERY_S = 2
const MAX_PROBE_MS = 100

/** How the proxy looked from outside while it had too much to do. */
export interface Strain {
  readonly peakMb: number
  readonly cpuMicros: number
  readonly readiness: ProbeResult
  readonly metrics: ProbeResult
}

/** An overload, and what was measured around it. */
export interface Round {
  readonly before: SurgeCapacity
  readonly normal: StepResult
  readonly during: StepResult
  /** As much as is normal again. */
  readonly calm: StepResult
  readonly after: SurgeCapacity
  readonly strain: Strain
}

/** How many tunnels there are, and whether as many requests can be served in the order they come. */
export interface TunnelShape {
  readonly tunnels: number
  readonly isOrderly: boolean
}

/**
 * All that there is to say of these rounds: the median of what they came to, the worst where a limit is for each of them,
 * and for latencies the longest round, of which the first half second, in which it shows that it is an overload, is less
 * than a hundredth.
 */
export const overloadFigures = (shape: TunnelShape, rounds: readonly Round[], beforeMb: number): readonly Figure[] => [
  ...ratesOf(shape, rounds),
  ...latenciesOf(shape, rounds),
  { name: 'recovery, slowest, s', value: slowestRecovery(rounds), atMost: MAX_RECOVERY_S },
  { name: 'RSS before, MB', value: roundTo(beforeMb, 1) },
  {
    name: 'RSS growth in the overload, MB',
    value: roundTo(Math.max(...rounds.map(({ strain }) => strain.peakMb)) - beforeMb, 1),
    atMost: MAX_GROWTH_MB,
  },
  ...probeFigures(
    'readiness',
    rounds.map(({ strain }) => strain.readiness),
  ),
  ...probeFigures(
    'metrics',
    rounds.map(({ strain }) => strain.metrics),
  ),
  {
    name: 'proxy busy, CPUs',
    value: medianOf(rounds, ({ strain, during }) => strain.cpuMicros / 1e6 / during.seconds, 2),
  },
  { name: 'generator busy, CPUs', value: medianOf(rounds, ({ during }) => during.busy, 2) },
]

/** How the figures came about, and those of each round. */
export const overloadNotes = (inFlight: number, rounds: readonly Round[], beforeMb: number): readonly string[] => [
  `the capacity is that of a closed loop over all clients with ${inFlight} requests in flight, of which most were answered; what is lost is lost of the mean of right before and right after`,
  'a request that finds no tunnel free when it is due is given up by its client, as one whose pool is used up',
  ...rounds.map(
    (round) =>
      `${Math.round(round.during.seconds)} s: lost ${roundTo(lostIn(round), 3)} of ${Math.round(round.before.perSecond)} and ${Math.round(round.after.perSecond)}/s, p99 ${roundTo(groupOf(round.normal).acceptedMs.p99, 1)} and ${roundTo(groupOf(round.during).acceptedMs.p99, 1)} ms, recovery ${recoveryOf(round) ?? 'none'} s, +${Math.round(round.strain.peakMb - beforeMb)} MB`,
  ),
]

const ratesOf = ({ isOrderly }: TunnelShape, rounds: readonly Round[]): readonly Figure[] => {
  const rate = (name: string, count: (outcome: Outcome) => number): Figure => ({
    name: `${name}, requests/s`,
    value: medianOf(rounds, ({ during }) => count(groupOf(during)) / during.seconds, 0),
  })
  const total = (count: (round: Round) => number): number => rounds.reduce((sum, round) => sum + count(round), 0)
  return [
    { name: 'capacity, requests/s', value: medianOf(rounds, capacityOf, 0) },
    rate('offered', ({ due }) => due),
    rate('answered 200', ({ accepted }) => accepted),
    { ...rate('answered 503', ({ refused }) => refused), ...(isOrderly && { atMost: 0 }) },
    rate('found no free tunnel', ({ unsent }) => unsent),
    { name: 'capacity lost, share', value: medianOf(rounds, lostIn, 3), atMost: roundTo(1 - MIN_GOODPUT, 3) },
    { name: 'capacity lost, most, share', value: roundTo(Math.max(...rounds.map(lostIn)), 3) },
    {
      name: 'any other end',
      value: total(({ normal, during }) => groupOf(normal).failed + groupOf(during).failed),
      atMost: 0,
    },
    { name: 'normal: refused', value: total(({ normal }) => groupOf(normal).refused), atMost: 0 },
  ]
}

const latenciesOf = ({ tunnels, isOrderly }: TunnelShape, rounds: readonly Round[]): readonly Figure[] => {
  const longest = rounds.reduce<Round | undefined>(
    (found, round) => (found !== undefined && found.during.seconds >= round.during.seconds ? found : round),
    undefined,
  )
  const normalP99 = medianOf(rounds, ({ normal }) => groupOf(normal).acceptedMs.p99)
  if (longest === undefined || normalP99 === null) return []
  const { p50, p99 } = groupOf(longest.during).acceptedMs
  return [
    { name: 'normal: p50, ms', value: medianOf(rounds, ({ normal }) => groupOf(normal).acceptedMs.p50) },
    { name: 'normal: p99, ms', value: normalP99 },
    { name: 'overload: p50 of 200, ms', value: roundTo(p50, 3) },
    { name: 'overload: p99 of 200, ms', value: roundTo(p99, 3) },
    isOrderly
      ? {
          name: 'p99 of 200 ÷ (tunnels ÷ capacity)',
          value: roundTo(((p99 / 1000) * capacityOf(longest)) / tunnels, 2),
          atMost: MAX_P99_RATIO,
        }
      : { name: 'p99 of 200, overload ÷ normal', value: roundTo(p99 / normalP99, 2), atMost: MAX_P99_RATIO },
    { name: 'overload: p50 of 503, ms', value: medianOf(rounds, ({ during }) => groupOf(during).refusedMs.p50, 1) },
    { name: 'overload: p99 of 503, ms', value: medianOf(rounds, ({ during }) => groupOf(during).refusedMs.p99, 1) },
  ]
}

const medianOf = (rounds: readonly Round[], of: (round: Round) => number, digits = 3): number | null =>
  rounds.length === 0 ? null : roundTo(median(rounds.map(of)), digits)

/** All clients are one group. */
const groupOf = ({ groups }: StepResult): Outcome => {
  const [outcome] = groups
  if (outcome === undefined) throw new Error('a step of the overload has no group of clients')
  return outcome
}

const capacityOf = ({ before, after }: Round): number => (before.perSecond + after.perSecond) / 2

const lostIn = (round: Round): number => 1 - groupOf(round.during).accepted / round.during.seconds / capacityOf(round)

const recoveryOf = ({ normal, calm }: Round): number | null => {
  const calmMs = calmAfterMs(calm, WINDOW_MS, MAX_P99_RATIO * groupOf(normal).acceptedMs.p99)
  return calmMs === null ? null : roundTo(calmMs / 1000, 2)
}

const slowestRecovery = (rounds: readonly Round[]): number | null => {
  const all = rounds.map(recoveryOf)
  return all.reduce((slowest, one) => (slowest === null || one === null ? null : Math.max(slowest, one)), 0)
}

const probeFigures = (what: string, probes: readonly ProbeResult[]): readonly Figure[] => {
  const sum = (of: (result: ProbeResult) => number): number => probes.reduce((all, one) => all + of(one), 0)
  return [
    { name: `${what}: asked`, value: sum(({ asked }) => asked) },
    { name: `${what}: not answered 200`, value: sum(({ failed }) => failed), atMost: 0 },
    { name: `${what}: p50, ms`, value: roundTo(Math.max(...probes.map(({ p50Ms }) => p50Ms)), 1) },
    {
      name: `${what}: slowest, ms`,
      value: roundTo(Math.max(...probes.map(({ maxMs }) => maxMs)), 1),
      atMost: MAX_PROBE_MS,
    },
  ]
}
