/** `fairway demo`: a canary release in one go, on this machine, with nothing set up before. */
import { systemClock } from '../lib/clock.ts'
import { decodeInteger, formatFlags, parseArguments, type FlagTable } from './arguments.ts'
import type { DemoReport } from './demo/batch.ts'
import { LogWatch } from './demo/log-line.ts'
import type { Stage } from './demo/stage.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import type { Terminal, Verb } from './verb.ts'

const flagTable = {
  requests: { type: 'string', short: 'n', value: 'N', help: 'send N requests and end; default 500 without a terminal' },
  json: { type: 'boolean', help: 'print one JSON document at the end, and nothing else on stdout' },
} as const satisfies FlagTable

const help = `fairway demo: a 90/10 canary release over mutual TLS, on this machine

Examples
  fairway demo                            live on a terminal, until Ctrl-C (npm start is the same)
  fairway demo --requests 1000            send 1000 requests, print what became of them
  fairway demo --requests 1000 --json     the same as one JSON document, for scripts

Usage
  fairway demo [flags]

It serves examples/01-canary with a real "fairway run" in a process of its own, two pods (ztunnel's HBONE port and an
application on loopback addresses of their own), and a client with a stand-in for its ztunnel. Certificates come from a
development CA that it keeps in .fairway. All ports but those of the pods (15008) are free ones.
Exit code 0 when every request was answered, else 1.

Flags
${formatFlags(flagTable)}
`

const DEFAULT_REQUESTS = 500

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const requests =
    flags.requests === undefined ? undefined : decodeInteger('requests', flags.requests, { min: 1, max: 10_000_000 })
  const isLive = requests === undefined && !flags.json && terminal.out.isTty
  const notices: string[] = []
  const log = new LogWatch()
  // Ends the demo in order: whoever set something up takes it down, and the sums are printed.
  const stop = createStop(terminal)
  try {
    terminal.err.write(isLive ? 'setting up …\n' : '')
    const { createStage } = await import('./demo/stage.ts')
    const stage = await createStage({
      cwd: terminal.cwd,
      clock: systemClock,
      objects: isLive ? 'editable' : 'temporary',
      onNotice: (text) => {
        notices.push(text)
        if (!isLive) terminal.err.write(`${text}\n`)
      },
      onLog: (line) => log.note(line),
    })
    try {
      if (isLive) {
        const { runLive } = await import('./demo/live.ts')
        await runLive(stage, terminal, { clock: systemClock, notices, log: () => log.shown, stopped: stop.stopped })
        return exitCodes.fine
      }
      return await runBatch(stage, terminal, {
        requests: requests ?? DEFAULT_REQUESTS,
        isJson: flags.json,
        isStopped: stop.isStopped,
      })
    } finally {
      await stage.close()
    }
  } finally {
    stop.dispose()
  }
}

/** The verb `demo`. */
export const demoVerb: Verb = { help, flags: flagTable, run }

interface BatchOptions {
  readonly requests: number
  readonly isJson: boolean
  readonly isStopped: () => boolean
}

const runBatch = async (stage: Stage, terminal: Terminal, options: BatchOptions): Promise<ExitCode> => {
  const { requests, isJson, isStopped } = options
  const { formatReport, reportProgress, sendBatch } = await import('./demo/batch.ts')
  const report: DemoReport = await sendBatch(stage, {
    requests,
    clock: systemClock,
    isStopped,
    onProgress: (totals) => (isJson ? undefined : reportProgress(terminal, totals)),
  })
  terminal.out.write(isJson ? `${JSON.stringify(report)}\n` : formatReport(report))
  return report.ok === requests ? exitCodes.fine : exitCodes.failure
}

interface Stop {
  readonly stopped: Promise<void>
  readonly isStopped: () => boolean
  readonly dispose: () => void
}

const createStop = (terminal: Terminal): Stop => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isStopped = false
  const dispose = terminal.onSignal(() => {
    isStopped = true
    resolve()
  })
  return { stopped: promise, isStopped: () => isStopped, dispose }
}
