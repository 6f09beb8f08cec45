/** `npm run soak`: hours of a waypoint's life in production. The report goes to stdout, everything else to stderr. */
import { writeFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { createProgress } from '../bench/progress.ts'
import { readToolOptions } from '../bench/support/read-tool-options.ts'
import { parseSoakOptions, soakUsage } from './options.ts'
import { formatJson, formatReport, formatSample } from './report/format.ts'
import { formatPlot } from './report/svg.ts'
import { verdictsOf } from './report/verdicts.ts'
import { runSoak } from './run-soak.ts'

const EXIT_NOT_MET = 1

/** Without a terminal a line of progress a minute. */
const SILENT_MS = 60_000

const main = async (): Promise<void> => {
  const options = readToolOptions(parseSoakOptions, soakUsage)
  if (options === undefined) return
  const progress = createProgress(process.stderr)
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  let toldMs = 0
  const run = await runSoak(
    options,
    (sample, counts) => {
      progress.show(formatSample(sample, counts, options))
      if (process.stderr.isTTY || sample.atMs - toldMs < SILENT_MS) return
      toldMs = sample.atMs
      process.stderr.write(`${formatSample(sample, counts, options)}\n`)
    },
    stopping.signal,
  )
  progress.clear()
  const verdicts = verdictsOf(run)
  if (options.plotFile !== undefined) writeFileSync(options.plotFile, formatPlot(run))
  const isColoured = process.stdout.isTTY && process.env.NO_COLOR === undefined
  const paint = (style: 'green' | 'red' | 'dim' | 'bold', text: string): string =>
    isColoured ? styleText(style, text) : text
  process.stdout.write(options.isJson ? `${formatJson(run, verdicts)}\n` : formatReport(run, verdicts, paint))
  if (verdicts.some(({ isMet }) => !isMet)) process.exitCode = EXIT_NOT_MET
}

await main()
