/** The demo on a terminal: traffic until somebody ends it, and a screen that shows where it goes. */
import { relative, sep } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { createColours } from '../terminal/colours.ts'
import { exitCodes } from '../exit-codes.ts'
import { formatHostPort } from '../host-port.ts'
import { CliError, type Terminal } from '../verb.ts'
import { formatReport, type DemoReport } from './batch.ts'
import { askDecision, type Decision, type Question } from './decision.ts'
import type { LogLine } from './log-line.ts'
import { renderScreen, type ScreenView } from './screen.ts'
import { scene, type Stage } from './stage.ts'
import { Tally } from './tally.ts'

/** A pace that eyes can follow and that leaves the machine alone: 10 requests each 50 ms. */
const BURST = 10
const BURST_EVERY_MS = 50
const DRAW_EVERY_MS = 200
const ASK_EVERY_MS = 1000
const RECENT_MS = 3000
/** How long a failure is shown. */
const PROBLEM_MS = 10_000
/** Requests under way above which a burst is left out: the waypoint is stuck or gone. */
const MAX_PENDING = 100

export interface LiveOptions {
  readonly clock: Clock
  readonly notices: readonly string[]
  /** The latest line of the waypoint's log that matters. */
  readonly log: () => LogLine | undefined
  /** Resolves when somebody wants to end it. */
  readonly stopped: Promise<void>
}

/** Shows the demo until `stopped`, then prints what it came to. Throws `CliError` when the waypoint ends by itself. */
export const runLive = async (stage: Stage, terminal: Terminal, options: LiveOptions): Promise<void> => {
  const { clock } = options
  const tally = new Tally({ services: scene.services, capacity: 2000 })
  let decision: Decision | undefined
  let pending = 0
  let number = 0
  const send = async (): Promise<void> => {
    pending++
    tally.add(await stage.ztunnel.send(`/hello?n=${++number}`), clock.monotonicMs())
    pending--
  }
  const burst = (): void => {
    const room = Math.min(BURST, MAX_PENDING - pending)
    for (let i = 0; i < room; i++) void send()
  }
  const ask = async (): Promise<void> => {
    decision = (await askDecision(stage.waypoint.admin, question)) ?? decision
  }
  const draw = (): void => drawFrame(terminal, createView(stage, { tally, decision, options, cwd: terminal.cwd }))
  terminal.out.write('\x1b[?1049h\x1b[?25l')
  const timers = [setInterval(burst, BURST_EVERY_MS), setInterval(draw, DRAW_EVERY_MS)]
  timers.push(setInterval(() => void ask(), ASK_EVERY_MS))
  try {
    await ask()
    const end = await Promise.race([options.stopped, stage.waypoint.ended])
    if (end !== undefined) throw new CliError(exitCodes.failure, `the waypoint ${end}`, { next: options.log()?.text })
  } finally {
    for (const timer of timers) clearInterval(timer)
    terminal.out.write('\x1b[?25h\x1b[?1049l')
  }
  const report: DemoReport = { ...tally.totals(), latencyMs: tally.latency() }
  terminal.out.write(formatReport(report))
}

const question: Question = {
  authority: scene.authority,
  method: 'GET',
  path: '/hello',
  host: scene.host,
  source: 'demo/client',
}

interface Parts {
  readonly tally: Tally
  readonly decision: Decision | undefined
  readonly options: LiveOptions
  readonly cwd: string
}

const createView = (stage: Stage, { tally, decision, options, cwd }: Parts): ScreenView => {
  const nowMs = options.clock.monotonicMs()
  const totals = tally.totals()
  return {
    pods: stage.pods,
    waypoint: formatHostPort(stage.waypoint.hbone),
    totals,
    recent: tally.recent(nowMs - RECENT_MS),
    recentSeconds: RECENT_MS / 1000,
    latency: tally.latency(),
    decision,
    log: shorten(options.log(), cwd),
    problem: tally.problemSince(nowMs - PROBLEM_MS),
    notices: options.notices,
    hints: hintsOf(stage, cwd),
  }
}

/** Paths as somebody in this folder would write them. */
const shorten = (log: LogLine | undefined, cwd: string): LogLine | undefined =>
  log === undefined ? undefined : { ...log, text: log.text.replaceAll(`${cwd}${sep}`, '') }

const hintsOf = (stage: Stage, cwd: string): ScreenView['hints'] => {
  const { hbone, metrics, admin } = stage.waypoint
  // Short enough for 80 columns: what is cut cannot be copied.
  return [
    {
      what: 'move the split: change the weights, save, and watch the bars',
      commands: [`\${EDITOR:-vi} +${stage.weightsLine} ${relative(cwd, stage.objectsPath)}`],
    },
    {
      what: 'send one request yourself, with every step explained',
      commands: [`npx fairway request http://${scene.authority}/hello --via ${formatHostPort(hbone)} -v`],
    },
    {
      what: "Istio's metrics, and the reasons for a decision",
      commands: [
        `curl -s ${formatHostPort(metrics)}/stats/prometheus | grep istio_requests_total`,
        `npx fairway explain http://${scene.authority}/hello --admin ${formatHostPort(admin)}`,
      ],
    },
  ]
}

/** Draws over the last frame from the top left; what a shorter line or frame leaves over is cleared. */
const drawFrame = (terminal: Terminal, view: ScreenView): void => {
  const { out } = terminal
  const colours = createColours(out, terminal.env)
  const lines = renderScreen(view, { columns: out.columns(), rows: out.rows(), colours })
  out.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\n')}\x1b[J`)
}
