import type { SoakOptions } from '../options.ts'
import type { SoakRun } from '../run-soak.ts'
import type { DisturbanceCounts } from '../stage/disturbances.ts'
import type { SoakSample } from '../stage/samples.ts'
import { seriesOf } from './series.ts'
import type { Verdict } from './verdicts.ts'

type Paint = (style: 'green' | 'red' | 'dim' | 'bold', text: string) => string

const BARS = '▁▂▃▄▅▆▇█'
const WIDTH = 60

/** One line of what is going on. */
export const formatSample = (
  { atMs, window, processes }: SoakSample,
  { reloads, rotations, kills }: DisturbanceCounts,
  { durationMs }: SoakOptions,
): string => {
  const rate = (window.answered / window.seconds).toFixed(0)
  const rss = processes.map(({ rssMb }) => rssMb.toFixed(0)).join('+')
  return `${clock(atMs)} of ${clock(durationMs)}: ${rate}/s, p99 ${window.p99Ms.toFixed(0)} ms, ${window.failed} failed, ${window.cut} cut, ${rss} MB, ${reloads} reloads, ${rotations} certificates, ${kills.length} killed`
}

/** The report for people: verdicts, the course of each figure, what failed. */
export const formatReport = (run: SoakRun, verdicts: readonly Verdict[], paint: Paint): string => {
  const { clients, disturbances, samples } = run
  const lines = [
    paint(
      'bold',
      `soak of ${clock(samples.at(-1)?.atMs ?? 0)} at ${run.options.ratePerSecond}/s, ${run.options.workers} workers`,
    ),
    '',
    ...verdicts.flatMap(({ claim, isMet, told }) => [
      `${isMet ? paint('green', '  met   ') : paint('red', '  MISSED')}  ${claim}`,
      paint('dim', `            ${told}`),
    ]),
    '',
    ...seriesOf(run).map(({ name, points, unit }) => {
      const values = points.map(([, value]) => value)
      const range = `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} ${unit}`
      return `  ${name.padEnd(22)} ${spark(values)}  ${range}`
    }),
    '',
    '  requests      sent    answered  failed  lost  repeated',
    ...clients.workloads.map(
      ({ name, sent, answered, failed, cut, repeated }) =>
        `  ${name.padEnd(10)} ${pad(sent, 8)} ${pad(answered, 11)} ${pad(failed, 7)} ${pad(cut, 5)} ${pad(repeated, 9)}`,
    ),
    '',
    ...disturbances.kills.map(
      ({ pid, atMs, recoveredMs, connections }) =>
        `  worker ${pid} was killed at ${clock(atMs)} with ${connections} connections, another one ready after ${(recoveredMs / 1000).toFixed(1)} s`,
    ),
    ...clients.failures.map((failure) => paint('red', `  ${failure}`)),
  ]
  return `${lines.join('\n')}\n`
}

/** Everything, for tools. */
export const formatJson = ({ log: _log, metrics: _metrics, ...run }: SoakRun, verdicts: readonly Verdict[]): string =>
  JSON.stringify({ verdicts, ...run })

const pad = (value: number, width: number): string => String(value).padStart(width)

/** `1:02:03` */
export const clock = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return [...(h > 0 ? [h] : []), h > 0 ? String(m).padStart(2, '0') : m, String(s).padStart(2, '0')].join(':')
}

/** The largest value of each column as a bar from 0. */
const spark = (values: readonly number[]): string => {
  const top = Math.max(...values, 1e-9)
  const columns = Math.min(WIDTH, values.length)
  return Array.from({ length: columns }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / columns),
      Math.floor(((i + 1) * values.length) / columns),
    )
    const level = Math.round((Math.max(...part, 0) / top) * (BARS.length - 1))
    return BARS[level] ?? ''
  }).join('')
}
