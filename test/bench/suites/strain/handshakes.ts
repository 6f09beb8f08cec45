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
import type { SuiteContext } from '../context.ts'
import { floodFigures } from './flood-figures.ts'
import type { Observed } from './flood-figures.ts'
import { runStrainSuite, smallRequests, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'

const CONCURRENCY = 16
const OVERLOAD = 2
const PROBES_PER_SECOND = 10
/** As many client nodes; newcomers come from another one, and the tunnels that are open from a third. */
const FLOOD_SOURCES = Array.from({ length: 16 }, (_, i) => `127.3.0.${i + 1}`)
const NEWCOMER = '127.4.0.1'
const LANES = { connections: 4, tunnels: 16 }
const REQUESTS_PER_SECOND = 1000
const WARMUP_MS = 2000
/** From the capacity measurement to the flood: what it left behind shall be gone. */
const PAUSE_MS = 2000

interface Phases {
  readonly beforeMs: number
  readonly floodMs: number
  readonly afterMs: number
}

const PHASES: Phases = { beforeMs: 10_000, floodMs: 30_000, afterMs: 10_000 }
const QUICK_PHASES: Phases = { beforeMs: 3000, floodMs: 3000, afterMs: 4000 }

/**
 * Twice as many connections as full handshakes could be made; and twice as many as hellos could be answered, which are
 * more, as a hello is only part of a handshake's work.
 */
const cases: readonly { readonly name: string; readonly basis: HandshakeKind }[] = [
  { name: 'handshakes-2x-full', basis: 'full' },
  { name: 'handshakes-2x-hellos', basis: 'hello' },
]

export const runHandshakesSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'handshakes',
    cases.map(({ name, basis }) => ({ name, measure: (one) => measure(name, one, basis) })),
    { ...context, destinations: 1 },
  )

const measure = async (name: string, context: StrainContext, basis: HandshakeKind): Promise<CaseReport> => {
  const flood = await createFlood(context.children)
  const prober = await createFlood(context.children)
  try {
    return await withFairway(context, async ({ host, port, pid }) => {
      const target = { host, port, sources: FLOOD_SOURCES, tls: context.certificates.client }
      const durationMs = context.options.seconds * 1000
      const full = await measureCapacity(flood, { kind: 'full', target, pid, durationMs }, context)
      const hello = await measureCapacity(flood, { kind: 'hello', target, pid, durationMs }, context)
      await wait(PAUSE_MS)
      const ratePerSecond = Math.round(OVERLOAD * (basis === 'full' ? full : hello).perSecond)
      const observed = await observeFlood(context, { flood, prober, target, pid, ratePerSecond })
      return figureCase(name, context.version, {
        figures: [
          ...capacityFigures('full handshakes', full),
          ...capacityFigures('hellos', hello),
          ...floodFigures(observed),
        ],
        notes: [
          'offered are precomputed ClientHellos that go when the answer begins: a client that goes to the end costs as much as the server and could not offer twice its capacity from one CPU',
          noteOf('full handshakes', full),
          noteOf('hellos', hello),
        ],
      })
    })
  } finally {
    await Promise.all([flood.stop(), prober.stop()])
  }
}

interface Capacity {
  /** With a whole CPU. */
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
  // The generator may do less than the proxy could, or somebody else be on its CPU: what one costs is not touched by that.
  return { perSecond: donePerSecond / busy, donePerSecond, proxyBusy: busy, generatorBusy: result.busy }
}

const capacityFigures = (what: string, { perSecond, proxyBusy, donePerSecond }: Capacity): readonly Figure[] => [
  { name: `capacity: ${what} per second of CPU`, value: Math.round(perSecond) },
  { name: `capacity: proxy CPU µs for one of the ${what}`, value: Math.round((proxyBusy * 1e6) / donePerSecond) },
]

const noteOf = (what: string, { donePerSecond, proxyBusy, generatorBusy }: Capacity): string =>
  `${what}: ${Math.round(donePerSecond)}/s were made, with ${roundTo(proxyBusy, 2)} of a CPU by the proxy and ${roundTo(generatorBusy, 2)} by the generator; the capacity is what a whole CPU would do`

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
    target: { ...target, sources: [NEWCOMER] },
    ratePerSecond: PROBES_PER_SECOND,
    durationMs: WARMUP_MS + windowMs,
  })
  const running = context.laboratory.observe({ ...smallRequests(context, lanes, window), hasTimeline: true }, pid)
  const flooding = wait(WARMUP_MS + beforeMs).then(() => {
    context.progress.show(`handshakes: flood of ${ratePerSecond}/s`)
    return parts.flood.runAgainst(
      { kind: 'offer', handshake: 'hello', target, ratePerSecond, durationMs: floodMs },
      pid,
    )
  })
  const [run, flood, probes] = await Promise.all([running, flooding, probing])
  return { run, flood: flood.result, proxyBusy: flood.busy, probes }
}
