import type { SoakRun } from '../run-soak.ts'

/** One figure over time. */
export interface Series {
  readonly name: string
  readonly unit: string
  /** Which of the plot's panels it is in. */
  readonly panel: 'rate' | 'latency' | 'memory' | 'files'
  readonly points: readonly (readonly [atMs: number, value: number])[]
}

/** What is plotted of a soak: each process has a line of its own, but workers that were killed share one. */
export const seriesOf = ({ samples }: SoakRun): readonly Series[] => {
  const lastPids = new Set(samples.at(-1)?.processes.map(({ pid }) => pid))
  const lasting = (samples[0]?.processes ?? []).filter(({ pid }) => lastPids.has(pid))
  const lastingPids = new Set(lasting.map(({ pid }) => pid))
  const perProcess = (key: 'rssMb' | 'files', pid: number): Series['points'] =>
    samples.flatMap(({ atMs, processes }) => {
      const found = processes.find((process) => process.pid === pid)
      return found === undefined ? [] : [[atMs, found[key]] as const]
    })
  const others = (key: 'rssMb' | 'files'): Series['points'] =>
    samples.flatMap(({ atMs, processes }) =>
      processes.filter(({ pid }) => !lastingPids.has(pid)).map((process) => [atMs, process[key]] as const),
    )
  const all: readonly Series[] = [
    {
      name: 'answers',
      unit: '/s',
      panel: 'rate',
      points: samples.map(({ atMs, window }) => [atMs, window.answered / window.seconds]),
    },
    { name: 'p50', unit: 'ms', panel: 'latency', points: samples.map(({ atMs, window }) => [atMs, window.p50Ms]) },
    { name: 'p99', unit: 'ms', panel: 'latency', points: samples.map(({ atMs, window }) => [atMs, window.p99Ms]) },
    {
      name: 'event loop delay p99',
      unit: 'ms',
      panel: 'latency',
      points: samples.map(({ atMs, lagP99Ms }) => [atMs, lagP99Ms]),
    },
    ...lasting.map(({ pid, kind }): Series => ({
      name: `memory, ${kind} ${pid}`,
      unit: 'MB',
      panel: 'memory',
      points: perProcess('rssMb', pid),
    })),
    { name: 'memory, others', unit: 'MB', panel: 'memory', points: others('rssMb') },
    ...lasting.map(({ pid, kind }): Series => ({
      name: `files, ${kind} ${pid}`,
      unit: '',
      panel: 'files',
      points: perProcess('files', pid),
    })),
    { name: 'files, others', unit: '', panel: 'files', points: others('files') },
  ]
  return all.filter(({ points }) => points.length > 0)
}
