import { loadavg } from 'node:os'
import { rssMbOf } from '../../bench/support/process-stats.ts'
import type { RunningFairway } from '../../e2e/support/fairway-process.ts'
import type { Sample as Metric } from '../../support/exposition/prometheus-text.ts'
import type { ClientWindow } from '../client/plan.ts'
import { openFilesOf } from './connections-of.ts'

/** One of the waypoint's processes at one moment. */
export interface ProcessSample {
  readonly pid: number
  readonly kind: 'primary' | 'worker'
  readonly rssMb: number
  readonly files: number
}

/** What was seen of five seconds. */
export interface SoakSample {
  /** Since the start of the load. */
  readonly atMs: number
  readonly window: ClientWindow
  readonly processes: readonly ProcessSample[]
  /** Of the worker that has most of it. */
  readonly lagP99Ms: number
  readonly lagMaxMs: number
  readonly generation: number
  /** Load average of the machine: whoever else was at work. */
  readonly load: number
}

/** Looks at the waypoint's processes and metrics. A process that ends meanwhile is left out. */
export const takeSample = async (
  fairway: RunningFairway,
  { atMs, window }: Pick<SoakSample, 'atMs' | 'window'>,
): Promise<SoakSample> => {
  const metrics = await fairway.metrics()
  return {
    atMs,
    window,
    processes: [
      ...sampleProcess(fairway.pid, 'primary'),
      ...fairway.workers().flatMap((pid) => sampleProcess(pid, 'worker')),
    ],
    lagP99Ms: sumOf(metrics, 'nodejs_eventloop_lag_p99_seconds') * 1000,
    lagMaxMs: sumOf(metrics, 'nodejs_eventloop_lag_max_seconds') * 1000,
    generation: sumOf(metrics, 'fairway_config_generation'),
    load: loadavg()[0] ?? 0,
  }
}

/** All samples of a metric that have these labels, added up. */
export const sumOf = (
  metrics: readonly Metric[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number => {
  const wanted = Object.entries(labels)
  return metrics
    .filter((metric) => metric.name === name && wanted.every(([label, value]) => metric.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

const sampleProcess = (pid: number, kind: ProcessSample['kind']): readonly ProcessSample[] => {
  try {
    const files = openFilesOf(pid)
    const rssMb = rssMbOf([pid])
    return rssMb === 0 ? [] : [{ pid, kind, rssMb, files }]
  } catch {
    return []
  }
}
