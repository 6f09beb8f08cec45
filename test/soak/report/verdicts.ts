/** What a soak has to show, each as a claim that was met or not. */
import { RAMP_MS } from '../client/workload.ts'
import { leftOver } from '../run-soak.ts'
import type { SoakRun } from '../run-soak.ts'
import { sumOf } from '../stage/samples.ts'
import type { SoakSample } from '../stage/samples.ts'
import { soakServices } from '../stage/workloads.ts'
import { median } from '../../bench/statistics.ts'
import { trendOf } from './trend.ts'
import type { Trend } from './trend.ts'

export interface Verdict {
  readonly claim: string
  readonly isMet: boolean
  /** What was measured. */
  readonly told: string
}

/** Memory and files are judged from here on; earlier in a soak of less than twenty minutes. */
const WARM_MS = 600_000
const MAX_GROWTH = 0.05
/** A soak whose judged part is shorter tells nothing of growth: that of its first minutes is not over. */
const MIN_JUDGED_MS = 180_000
/** More or less of them are no trend: the connections of a scrape, say. */
const FEW_FILES = 8
const MAX_LAG_MS = 50
/** A worker that is new has not its memory yet. */
const YOUNG_MS = 90_000

export const verdictsOf = (run: SoakRun): readonly Verdict[] => [
  ...requestVerdicts(run),
  ...metricVerdicts(run),
  ...processVerdicts(run),
  ...logVerdicts(run),
]

/** From when on memory is judged. */
export const judgedFrom = ({ samples }: SoakRun): number => Math.min(WARM_MS, (samples.at(-1)?.atMs ?? 0) / 2)

const requestVerdicts = ({ clients, disturbances, withoutHeader, options, samples }: SoakRun): readonly Verdict[] => {
  const sum = (key: 'sent' | 'answered' | 'failed' | 'cut'): number =>
    clients.workloads.reduce((all, counts) => all + counts[key], 0)
  const failures = sum('failed')
  const atFull = samples.filter(({ atMs, window }) => atMs - window.seconds * 1000 > RAMP_MS)
  const seconds = atFull.reduce((all, { window }) => all + window.seconds, 0)
  const rate = atFull.reduce((all, { window }) => all + window.answered, 0) / seconds
  const left = clients.workloads.filter(({ sent, answered, failed, cut }) => sent !== answered + failed + cut)
  return [
    {
      claim: 'no request failed that was not in flight at a worker that was killed',
      isMet: failures === 0 && clients.failures.length === 0,
      told: `${sum('sent')} sent, ${sum('answered')} answered, ${failures} failed, ${sum('cut')} lost with ${disturbances.kills.length} workers`,
    },
    {
      claim: 'every request is accounted for',
      isMet: left.length === 0,
      told: left.length === 0 ? 'sent = answered + lost' : left.map(({ name }) => name).join(', '),
    },
    {
      claim: `the rate was kept (${options.ratePerSecond}/s)`,
      isMet: rate >= options.ratePerSecond * 0.99,
      told: `${rate.toFixed(0)}/s; p50 ${clients.p50Ms.toFixed(1)}, p99 ${clients.p99Ms.toFixed(1)}, p99.9 ${clients.p999Ms.toFixed(1)}, longest ${clients.maxMs.toFixed(0)} ms`,
    },
    {
      claim: 'every route was in force at all times',
      isMet: withoutHeader === 0,
      told: `${withoutHeader} tunnels at pods without the header of their route`,
    },
  ]
}

const metricVerdicts = ({ metrics, clients, disturbances, samples }: SoakRun): readonly Verdict[] => {
  const compared = clients.workloads.flatMap((counts) => {
    const service = soakServices.find(({ name }) => name === counts.name)
    // Connections are counted where there are no requests, and a WebSocket is one.
    if (service?.route === undefined || service.serves === 'websocket') return []
    const counted = sumOf(metrics, 'istio_requests_total', {
      destination_service_name: counts.name,
      response_code: String(service.status),
    })
    const lost = disturbances.kills.reduce((all, kill) => all + (kill.answeredSince[counts.name] ?? 0), 0)
    return [{ name: counts.name, counted, atLeast: counts.answered - lost, atMost: counts.sent, lost }]
  })
  const wrong = compared.filter(({ counted, atLeast, atMost }) => counted < atLeast || counted > atMost)
  const kept = leftOver.filter((name) => sumOf(metrics, name) !== 0)
  const generations = (samples.at(-1)?.generation ?? 0) - (samples[0]?.generation ?? 0)
  return [
    {
      claim: 'the merged metrics have counted what the clients have',
      isMet: wrong.length === 0,
      told:
        wrong.length === 0
          ? `${compared.reduce((all, { counted }) => all + counted, 0)} requests; at most ${compared.reduce((all, { lost }) => all + lost, 0)} died uncounted with their workers`
          : wrong
              .map(({ name, counted, atLeast, atMost }) => `${name}: ${counted}, not ${atLeast} to ${atMost}`)
              .join('; '),
    },
    {
      claim: 'nothing is left open when all clients have gone',
      isMet: kept.length === 0,
      told: kept.length === 0 ? 'all gauges are 0' : kept.map((name) => `${name} ${sumOf(metrics, name)}`).join(', '),
    },
    {
      claim: 'every configuration came into force',
      isMet: generations >= disturbances.reloads * 0.9,
      told: `${generations} generations of ${disturbances.reloads} reloads and ${disturbances.churns} changes of endpoints; ${disturbances.rotations} certificates, ${disturbances.restarts} restarts of pods`,
    },
  ]
}

const processVerdicts = (run: SoakRun): readonly Verdict[] => {
  const judged = run.samples.filter(({ atMs }) => atMs >= judgedFrom(run))
  const lastPids = new Set(run.samples.at(-1)?.processes.map(({ pid }) => pid))
  const lasting = (run.samples[0]?.processes ?? []).filter(({ pid }) => lastPids.has(pid))
  const of = (pid: number, key: 'rssMb' | 'files') =>
    judged.flatMap(({ atMs, processes }) => {
      const found = processes.find((process) => process.pid === pid)
      return found === undefined ? [] : [[atMs, found[key]] as const]
    })
  const judgedMs = (judged.at(-1)?.atMs ?? 0) - (judged[0]?.atMs ?? 0)
  const flat = (what: string, points: readonly (readonly [number, number])[], unit: string): Verdict =>
    flatVerdict(what, trendOf(points), {
      unit,
      isLongEnough: judgedMs >= MIN_JUDGED_MS,
      slack: unit === '' ? FEW_FILES : 0,
    })
  const lag = judged.map(({ lagP99Ms }) => lagP99Ms)
  return [
    ...lasting.map(({ pid, kind }) => flat(`memory of the ${kind} that lived all the time`, of(pid, 'rssMb'), 'MB')),
    flat('memory of all processes', grownUp(run, judged), 'MB'),
    ...lasting.map(({ pid, kind }) => flat(`open files of the ${kind} that lived all the time`, of(pid, 'files'), '')),
    {
      claim: `event loop delay, p99 of five seconds, is usually below ${MAX_LAG_MS} ms`,
      isMet: lag.length > 0 && median(lag) < MAX_LAG_MS,
      told:
        lag.length === 0 ? 'not measured' : `median ${median(lag).toFixed(1)} ms, worst ${Math.max(...lag).toFixed(0)}`,
    },
  ]
}

/** Samples while no worker is young. */
const grownUp = ({ disturbances }: SoakRun, judged: readonly SoakSample[]): readonly (readonly [number, number])[] =>
  judged
    .filter(({ atMs }) => !disturbances.kills.some((kill) => atMs >= kill.atMs && atMs < kill.atMs + YOUNG_MS))
    .map(({ atMs, processes }) => [atMs, processes.reduce((sum, { rssMb }) => sum + rssMb, 0)])

const flatVerdict = (
  what: string,
  trend: Trend | undefined,
  { unit, isLongEnough, slack }: { readonly unit: string; readonly isLongEnough: boolean; readonly slack: number },
): Verdict => {
  const claim = `${what} is flat within ${MAX_GROWTH * 100} %`
  if (trend === undefined) return { claim, isMet: !isLongEnough, told: 'too short to tell' }
  const told = `${trend.mean.toFixed(1)} ${unit} on average, ${percent(trend.growth)} over the time, ${trend.slopePerHour.toFixed(1)} ${unit} an hour`
  if (!isLongEnough) return { claim, isMet: true, told: `${told}; too short to tell` }
  return { claim, isMet: trend.growth <= MAX_GROWTH || trend.rise <= slack, told }
}

const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`

const logVerdicts = ({ log, troubles, disturbances }: SoakRun): readonly Verdict[] => {
  const bad = log.filter(({ level }) => level === 'warn' || level === 'error')
  const isDeath = (message: unknown): boolean => String(message).includes('ended unexpectedly')
  const deaths = bad.filter(({ message }) => isDeath(message)).length
  const others = bad.filter(({ message }) => !isDeath(message))
  const kinds = new Map<string, number>()
  for (const { level, message } of others) {
    const text = `${String(level)}: ${String(message)}`
    kinds.set(text, (kinds.get(text) ?? 0) + 1)
  }
  const listed = [...kinds].slice(0, 10).map(([text, count]) => `${count} × ${text}`)
  return [
    {
      claim: 'the log warns of the workers that were killed, and of nothing else',
      isMet: others.length === 0 && deaths === disturbances.kills.length,
      told: [`${deaths} deaths`, ...listed].join('; '),
    },
    {
      claim: 'the soak did what it should',
      isMet: troubles.length === 0,
      told: troubles.slice(0, 5).join('; ') || 'all of it',
    },
  ]
}
