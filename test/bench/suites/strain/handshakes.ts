/**
 * The suite `handshakes`: how many TLS handshakes a Fairway makes per second, and what becomes of tunnels that are
 * open already, and of well-behaved newcomers, while twice as many are offered for half a minute.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createFlood } from '../../flood/flood.ts'
import type { Flood } from '../../flood/flood.ts'
import type { HandshakeKind, HandshakeTarget } from '../../flood/plan.ts'
import { figureCase } from '../../report.ts'
import type { CaseReport, Figure, SuiteReport } from '../../report.ts'
import { roundTo } from '../../statistics.ts'
import type { SuiteContext } from '../hbone.ts'
import { floodFigures } from './flood-figures.ts'
import type { Observed } from './flood-figures.ts'
import { runStrainSuite, smallRequests, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'

const NAME = 'handshakes-2x'
const CONCURRENCY = 16
const OVERLOAD = 2
const PROBES_PER_SECOND = 10
const LANES = { connections: 4, tunnels: 4 }
const REQUESTS_PER_SECOND = 1000
const WARMUP_MS = 2000
/** From the capacity measurement to the flood: what it left behind shall be gone. */
const PAUSE_MS = 2000
/** From this share of a CPU on, whoever used it was the bottleneck. */
const SATURATED = 0.9

interface Phases {
  readonly beforeMs: number
  readonly floodMs: number
  readonly afterMs: number
}

const PHASES: Phases = { beforeMs: 10_000, floodMs: 30_000, afterMs: 10_000 }
const QUICK_PHASES: Phases = { beforeMs: 3000, floodMs: 3000, afterMs: 4000 }

export const runHandshakesSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite('handshakes', [{ name: NAME, measure }], { ...context, destinations: 1 })

const measure = async (context: StrainContext): Promise<CaseReport> => {
  const flood = await createFlood(context.children)
  const prober = await createFlood(context.children)
  try {
    return await withFairway(context, async ({ host, port, pid }) => {
      const target = { host, port, tls: context.certificates.client }
      const durationMs = context.options.seconds * 1000
      const full = await measureCapacity(flood, { kind: 'full', target, pid, durationMs }, context)
      const hello = await measureCapacity(flood, { kind: 'hello', target, pid, durationMs }, context)
      await wait(PAUSE_MS)
      const ratePerSecond = Math.round(OVERLOAD * hello.perSecond)
      const observed = await observeFlood(context, { flood, prober, target, pid, ratePerSecond })
      return figureCase(NAME, context.version, {
        figures: [
          ...capacityFigures('full handshakes', full),
          ...capacityFigures('hellos', hello),
          ...floodFigures(observed),
        ],
        notes: [
          'offered are precomputed ClientHellos that go when the answer begins: a client that goes to the end costs as much as the server and could not offer twice its capacity from one CPU',
          ...noteOf('full handshakes', full),
          ...noteOf('hellos', hello),
        ],
      })
    })
  } finally {
    await Promise.all([flood.stop(), prober.stop()])
  }
}

interface Capacity {
  readonly perSecond: number
  readonly donePerSecond: number
  readonly proxyBusy: number
  readonly generatorBusy: number
}

const measureCapacity = async (
  flood: Flood,
  of: {
    readonly kind: HandshakeKind
    readonly target: HandshakeTarget
    readonly pid: number
    readonly durationMs: number
  },
  { progress }: StrainContext,
): Promise<Capacity> => {
  const { kind, target, pid, durationMs } = of
  progress.show(`handshakes: capacity, ${kind}`)
  const order = { kind: 'saturate', handshake: kind, target, concurrency: CONCURRENCY } as const
  await flood.run({ ...order, durationMs: WARMUP_MS })
  const { result, busy } = await flood.runAgainst({ ...order, durationMs }, pid)
  if (result.done === 0) throw new Error(`no ${kind} handshake was made`)
  const donePerSecond = (result.done / (result.endedMs - result.startedMs)) * 1000
  // If the generator could not do more, the proxy's CPU time per handshake says how many there would be.
  const isGeneratorFull = busy < SATURATED && result.busy >= SATURATED
  const perSecond = isGeneratorFull ? donePerSecond / busy : donePerSecond
  return { perSecond, donePerSecond, proxyBusy: busy, generatorBusy: result.busy }
}

const capacityFigures = (what: string, { perSecond, proxyBusy, donePerSecond }: Capacity): readonly Figure[] => [
  { name: `capacity: ${what} per second`, value: Math.round(perSecond) },
  { name: `capacity: proxy CPU µs of one of the ${what}`, value: Math.round((proxyBusy * 1e6) / donePerSecond) },
]

const noteOf = (what: string, { donePerSecond, proxyBusy, generatorBusy, perSecond }: Capacity): readonly string[] => {
  const shares = `proxy ${roundTo(proxyBusy, 2)}, generator ${roundTo(generatorBusy, 2)} of a CPU`
  if (perSecond !== donePerSecond) {
    return [
      `${what}: the generator made no more than ${Math.round(donePerSecond)}/s (${shares}); scaled to a busy proxy`,
    ]
  }
  return [`${what}: measured with ${shares}`]
}

const observeFlood = async (
  context: StrainContext,
  parts: {
    readonly flood: Flood
    readonly prober: Flood
    readonly target: HandshakeTarget
    readonly pid: number
    readonly ratePerSecond: number
  },
): Promise<Observed> => {
  const { target, pid, ratePerSecond } = parts
  const { beforeMs, floodMs, afterMs } = context.options.isQuick ? QUICK_PHASES : PHASES
  const windowMs = beforeMs + floodMs + afterMs
  const lanes = { host: target.host, port: target.port, ...LANES }
  const window = { warmupMs: WARMUP_MS, windowMs, ratePerSecond: REQUESTS_PER_SECOND }
  context.progress.show('handshakes: before the flood')
  const probing = parts.prober.run({
    kind: 'offer',
    handshake: 'full',
    target,
    ratePerSecond: PROBES_PER_SECOND,
    durationMs: WARMUP_MS + windowMs,
  })
  const running = context.laboratory.observe({ ...smallRequests(context, lanes, window), hasTimeline: true }, pid)
  const flooding = wait(WARMUP_MS + beforeMs).then(() => {
    context.progress.show(`handshakes: flood of ${ratePerSecond}/s`)
    return parts.flood.run({ kind: 'offer', handshake: 'hello', target, ratePerSecond, durationMs: floodMs })
  })
  const [run, flood, probes] = await Promise.all([running, flooding, probing])
  return { run, flood, probes }
}
