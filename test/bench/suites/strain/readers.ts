/**
 * The suite `readers`: eight tunnels of one client connection read a long answer each, at an application's pace, over
 * one connection to the destination; others on the same two connections do small requests on a schedule. What
 * the readers cost is memory that grows, and time that the others wait.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { bulkPath } from '../../backend/bulk.ts'
import type { LoadPlan } from '../../load/plan.ts'
import { figureCase } from '../../report.ts'
import type { CaseReport, Figure, SuiteReport } from '../../report.ts'
import { roundTo } from '../../statistics.ts'
import { processTree, rssMbOf } from '../../support/process-stats.ts'
import { sampleRss } from '../../support/rss-sampler.ts'
import type { SuiteContext } from '../context.ts'
import type { Run } from '../laboratory.ts'
import { formatRequest, runStrainSuite, smallRequests, withFairway } from './subject.ts'
import type { StrainContext } from './subject.ts'

const READERS = 8
const BYTES_PER_SECOND = 10_000_000
const ANSWER_BYTES = 2 ** 30
/** So many that none waits for another one's answer, unless that takes an eighth of a second. */
const OTHERS = 64
const OTHERS_PER_SECOND = 500
const WARMUP_MS = 3000
/** The windows without readers, before and after, in windows of the other suites. */
const WINDOWS = 5
/** The readers may take this much longer than their pace asks for before the window ends without them. */
const SLACK = 1.5
const MAX_GROWTH_MB = 32
const MAX_RATIO = 2

/** Measures through Fairway, and straight to the destination to see what generator and destination do themselves. */
export const runReadersSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'readers',
    [
      { name: 'readers-8', measure: measureFairway },
      { name: 'readers-8-direct', measure: measureDirect },
    ],
    { ...context, destinations: 1 },
  )

const measureFairway = (context: StrainContext): Promise<CaseReport> =>
  withFairway(context, async (proxy) => {
    const measured = await measure(context, proxy)
    const { beforeMb, peakMb } = measured
    const memory: readonly Figure[] = [
      { name: 'RSS before, MB', value: roundTo(beforeMb, 1) },
      { name: 'RSS peak, MB', value: roundTo(peakMb, 1) },
      { name: 'RSS growth, MB', value: roundTo(peakMb - beforeMb, 1), atMost: MAX_GROWTH_MB },
    ]
    const figures = [...memory, ...figuresOf(measured, MAX_RATIO), ...sharesOf(measured)]
    return figureCase('readers-8', context.version, { figures })
  })

const measureDirect = async (context: StrainContext): Promise<CaseReport> => {
  const { addresses, hbonePort } = context.backend
  const host = addresses[0] ?? '127.1.0.1'
  const measured = await measure(context, { host, port: hbonePort, pid: context.laboratory.backendPid })
  return figureCase('readers-8-direct', context.version, {
    figures: figuresOf(measured, undefined),
    notes: ['no proxy between: what generator and destination, which share a CPU, do to the tail themselves'],
  })
}

interface Measured {
  readonly before: Run
  readonly during: Run
  readonly after: Run
  readonly answerBytes: number
  readonly beforeMb: number
  readonly peakMb: number
}

const measure = async (
  context: StrainContext,
  target: { readonly host: string; readonly port: number; readonly pid: number },
): Promise<Measured> => {
  const { laboratory, options, progress } = context
  const windowMs = options.seconds * 1000 * WINDOWS
  const answerBytes = options.isQuick ? Math.round((windowMs / 1000) * BYTES_PER_SECOND) : ANSWER_BYTES
  const others = smallRequests(
    context,
    { host: target.host, port: target.port, connections: 1, tunnels: OTHERS },
    { warmupMs: WARMUP_MS, windowMs, ratePerSecond: OTHERS_PER_SECOND },
  )
  const pids = processTree(target.pid)
  progress.show('readers: the others alone')
  const before = await laboratory.measure(others, target.pid)
  await wait(1000)
  const beforeMb = rssMbOf(pids)
  progress.show(`readers: ${READERS} of ${BYTES_PER_SECOND / 1e6} MB/s`)
  const sampler = sampleRss(pids)
  const during = await laboratory.measure({ ...others, ...readersOf(answerBytes) }, target.pid)
  const peakMb = sampler.stop()
  progress.show('readers: the others alone again')
  const after = await laboratory.measure(others, target.pid)
  return { before, during, after, answerBytes, beforeMb, peakMb }
}

const readersOf = (answerBytes: number): Pick<LoadPlan, 'readers' | 'windowMs'> => ({
  readers: {
    count: READERS,
    request: formatRequest(bulkPath(answerBytes)),
    answerBytes,
    bytesPerSecond: BYTES_PER_SECOND,
  },
  windowMs: (answerBytes / BYTES_PER_SECOND) * 1000 * SLACK,
})

const figuresOf = (
  { before, during, after, answerBytes }: Measured,
  maxRatio: number | undefined,
): readonly Figure[] => {
  const p50 = (before.p50Ms + after.p50Ms) / 2
  const p99 = (before.p99Ms + after.p99Ms) / 2
  const { finished, bytes } = during.readers ?? { finished: 0, bytes: 0 }
  return [
    { name: 'readers that have not read all', value: READERS - finished, atMost: 0 },
    { name: 'answer of each reader, MB', value: roundTo(answerBytes / 1e6, 1) },
    { name: 'each reader, MB/s', value: roundTo(bytes / READERS / 1000 / during.windowMs, 2) },
    { name: 'others: p50 without readers, ms', value: roundTo(p50, 3) },
    { name: 'others: p50 with readers, ms', value: roundTo(during.p50Ms, 3) },
    { name: 'others: p99 without readers, before, ms', value: roundTo(before.p99Ms, 3) },
    { name: 'others: p99 without readers, after, ms', value: roundTo(after.p99Ms, 3) },
    { name: 'others: p99 with readers, ms', value: roundTo(during.p99Ms, 3) },
    {
      name: 'others: p99 with ÷ without',
      value: roundTo(during.p99Ms / p99, 2),
      ...(maxRatio === undefined ? {} : { atMost: maxRatio }),
    },
  ]
}

const sharesOf = ({ during }: Measured): readonly Figure[] => [
  { name: 'proxy busy, CPUs', value: roundTo(during.proxyBusy, 2) },
  { name: 'generator busy, CPUs', value: roundTo(during.busy, 2) },
]
