/** The document that `npm run bench -- --json` prints: what tools hold on to. */
import type { Ratio, Spread } from './statistics.ts'

export interface BenchDocument {
  readonly machine: Machine
  /** ISO 8601. */
  readonly date: string
  readonly settings: { readonly seconds: number; readonly pairs: number }
  readonly suites: readonly SuiteReport[]
}

export interface Machine {
  readonly cpu: string
  readonly cpus: number
  readonly memoryMb: number
  readonly kernel: string
  readonly node: string
  /** Load average of the last minute before the bench: above 0.5 somebody else was at work. */
  readonly loadBefore: number
  /** Whether the proxy had a CPU of its own. */
  readonly isPinned: boolean
}

export interface SuiteReport {
  readonly suite: string
  readonly cases: readonly (CaseReport | MicroReport | FigureReport | SeriesReport)[]
}

/** What is counted in place of requests: of long bodies, messages sent back, and connections opened for one each. */
export type Unit = 'MiB' | 'echo' | 'connection'

/** One proxy in one case. What could not be measured is `null`, and `why` says why. */
export interface CaseReport {
  /** `<suite>-<out, where there is more than one>-<client connections>x<requests in flight on each>` */
  readonly case: string
  readonly proxy: string
  /** What members named for requests count instead; absent: requests. */
  readonly unit?: Unit
  /** What is spoken on either side of the proxy. */
  readonly topology?: string
  readonly version?: string
  /** Client connections; peers whose connections carry one request at a time are also measured at C × T. */
  readonly connections?: number
  readonly destinations?: number
  readonly requestsPerSecond: number | null
  /** Closed loop: each lane sends again when it is answered. Medians over the runs; `null` where the case has only `paced`. */
  readonly latencyMs: Latency | null
  /** Open loop at `ratePerSecond`, the same for all proxies of a case, counted from the intended start. */
  readonly paced?: { readonly ratePerSecond: number; readonly latencyMs: Latency } | null
  readonly cpuMicrosPerRequest: Spread | null
  readonly peakRssMb: number | null
  /** Shares of one CPU that the proxy and the generator used: who was the bottleneck. */
  readonly busy?: { readonly proxy: number; readonly generator: number }
  /** Our CPU per request over the peer's at the same number of client connections, ratio of medians. */
  readonly ratio?: Ratios
  /** The same against the peer with as many connections as we have requests in flight. */
  readonly ratioAtSameConcurrency?: Ratios
  /** The goal for `ratioAtSameConcurrency.nginxTls`. */
  readonly maxRatio?: number
  /** Of an open loop: our p99 over the peer's, ratio of medians. */
  readonly p99Ratio?: Ratios
  /** The goal for `p99Ratio.nginxTls`. */
  readonly maxP99Ratio?: number
  /** Spread of `ratio` over single pairs. */
  readonly pairRatio?: { readonly nginxTls: Spread | null; readonly nginxPlain: Spread | null }
  readonly why?: string
}

export interface Latency {
  readonly p50: number
  readonly p99: number
}

export interface Ratios {
  readonly nginxTls: number | null
  readonly nginxPlain: number | null
}

/** One of our operations on its own, from the `micro` suite. */
export interface MicroReport extends CaseReport {
  /** The least of all rounds: what lies under the machine's noise. */
  readonly nanosPerOperation: number | null
}

/** A case of a suite that has Fairway alone: figures of which some have a goal. */
export interface FigureReport extends CaseReport {
  readonly figures: readonly Figure[]
  /** How it was measured, where that depends on the machine. */
  readonly notes?: readonly string[]
}

/** Figures that lie on a line. */
export interface SeriesReport extends FigureReport {
  readonly series: {
    /** What `x` counts. */
    readonly counts: string
    /** `y`: our CPU time per request, in microseconds. */
    readonly points: readonly { readonly x: number; readonly y: Spread }[]
  }
}

/** One measured value. */
export interface Figure {
  readonly name: string
  /** `null`: not measured, or it never came to it. */
  readonly value: number | null
  /** Of what `value` is the median of, where it was measured several times over. */
  readonly spread?: Pick<Spread, 'min' | 'max'>
  /** The goal is met up to here. */
  readonly atMost?: number
}

/** Whether a figure meets its goal, for people; empty for one without. What never came to it has missed it. */
export const verdictOf = ({ value, atMost }: Figure): 'met' | 'missed' | '' =>
  atMost === undefined ? '' : value !== null && value <= atMost ? 'met' : 'missed'

/** A figure's value with its spread, for people. */
export const formatValue = ({ value, spread }: Figure): string => {
  if (value === null) return '–'
  return spread === undefined ? String(value) : `${value} (${spread.min}–${spread.max})`
}

/** Our cost, and our p99, beside those of nginx with TLS as figures, where a case has goals for them. */
export const ratioGoalsOf = (one: CaseReport): readonly Figure[] => [
  ...goalOf('CPU ÷ nginx TLS, same requests in flight', one.ratioAtSameConcurrency, one.maxRatio),
  ...goalOf('p99 ÷ nginx TLS, same requests in flight', one.p99Ratio, one.maxP99Ratio),
]

const goalOf = (name: string, ratios: Ratios | undefined, atMost: number | undefined): readonly Figure[] =>
  atMost === undefined ? [] : [{ name, value: ratios?.nginxTls ?? null, atMost }]

/** What lies on either side of each proxy of a suite, where that is told; once for each. */
export const topologiesOf = (cases: readonly CaseReport[]): ReadonlyMap<string, string> =>
  new Map(cases.flatMap(({ proxy, topology }) => (topology === undefined ? [] : [[proxy, topology] as const])))

/** The report of a case with figures. */
export const figureCase = (
  name: string,
  version: string,
  measured: { readonly figures: readonly Figure[]; readonly notes?: readonly string[] },
): FigureReport => {
  const { why: _why, ...nothing } = missingCase(name, 'fairway', '')
  return { ...nothing, version, ...measured }
}

/** The report of what could not be measured at all. */
export const missingCase = (name: string, proxy: string, why: string): CaseReport => ({
  case: name,
  proxy,
  requestsPerSecond: null,
  latencyMs: null,
  cpuMicrosPerRequest: null,
  peakRssMb: null,
  why,
})

/** Ratios against two peers, `null` where a peer could not be measured. */
export const ratiosOf = (nginxTls: Ratio | undefined, nginxPlain: Ratio | undefined): Ratios => ({
  nginxTls: nginxTls?.ofMedians ?? null,
  nginxPlain: nginxPlain?.ofMedians ?? null,
})
