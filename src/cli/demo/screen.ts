import type { Colours } from '../terminal/colours.ts'
import { formatMs, formatShare } from './batch.ts'
import type { Decision } from './decision.ts'
import type { LogLine } from './log-line.ts'
import { sharesOf, type Counts, type Latency, type Totals } from './tally.ts'

/** All that the live screen shows at one moment. */
export interface ScreenView {
  readonly pods: readonly { readonly service: string; readonly address: string }[]
  /** `127.0.0.1:41233` */
  readonly waypoint: string
  readonly totals: Totals
  /** Requests per Service in the last seconds, and how many seconds these are. */
  readonly recent: Counts
  readonly recentSeconds: number
  readonly latency: Latency
  readonly decision: Decision | undefined
  /** The waypoint's latest words, when they matter. */
  readonly log: LogLine | undefined
  readonly problem: string | undefined
  readonly notices: readonly string[]
  /** Commands to try, each with what it shows. */
  readonly hints: readonly { readonly what: string; readonly commands: readonly string[] }[]
}

export interface ScreenStyle {
  readonly columns: number
  readonly rows: number
  readonly colours: Colours
}

/** Rows for the waypoint's words: a complaint about a field is long. */
const MAX_LOG_ROWS = 4

/** The screen as lines that fit it; pure, so that a test can look at it. */
export const renderScreen = (view: ScreenView, style: ScreenStyle): readonly string[] => {
  const { bold, dim, yellow, red } = style.colours
  const lines = [
    `${bold('fairway demo')}: a canary release over mutual TLS, live ${dim('(Ctrl-C ends it)')}`,
    '',
    ...drawPath(view, style.colours),
    '',
    ...drawShares(view, style),
    ...drawFigures(view, style.colours),
    '',
    ...drawDecision(view.decision, style.colours),
    ...view.notices.map((notice) => yellow(`! ${notice}`)),
    ...(view.problem === undefined ? [] : [red(`! last failure: ${view.problem}`)]),
    ...drawLog(view.log, style),
    bold('Try'),
    ...view.hints.flatMap(({ what, commands }) => [
      `  ${what}`,
      ...commands.map((command) => `    ${style.colours.cyan(command)}`),
    ]),
  ]
  const room = Math.max(1, style.rows - 1)
  // On a low terminal air goes first, so that what there is to try stays to be seen.
  const kept = lines.length <= room ? lines : lines.filter((line) => line !== '')
  return kept.slice(0, room).map((line) => fit(line, style.columns))
}

const drawPath = ({ pods, waypoint }: ScreenView, { bold, dim, green }: Colours): string[] => {
  const [first, second] = pods.map(({ service, address }) => `${service} ${dim(address)}`)
  const tls = green('══ HBONE ══▶')
  const fork = ' '.repeat(22)
  return [
    `  client ─▶ ztunnel ${tls} ${bold('fairway')} ${green('═╦═ HBONE ══▶')} ${first ?? ''}`,
    `            ${dim('stand-in')}${fork}${green('╚═ HBONE ══▶')} ${second ?? ''}`,
    dim(`  waypoint at ${waypoint}; HBONE: CONNECT in TLS 1.3 with two certificates`),
  ]
}

const drawShares = (view: ScreenView, { columns, colours }: ScreenStyle): string[] => {
  const shares = sharesOf(view.recent)
  const width = Math.max(10, Math.min(50, columns - 40))
  const paint = [colours.green, colours.yellow]
  const rows = Object.entries(view.totals.backends).map(([service, total], index) => {
    const share = shares[service] ?? 0
    const full = Math.round(share * width)
    const bar = (paint[index % paint.length] ?? colours.green)('█'.repeat(full)) + colours.dim('·'.repeat(width - full))
    return `  ${service.padEnd(11)} ${bar} ${colours.bold(formatShare(share))} ${formatCount(total).padStart(9)}`
  })
  return [...rows, colours.dim(`  share of the last ${view.recentSeconds} seconds, and requests since the start`)]
}

const drawFigures = ({ totals, recent, recentSeconds, latency }: ScreenView, colours: Colours): string[] => {
  const rate = Object.values(recent).reduce((sum, count) => sum + count, 0) / recentSeconds
  const errors = `${formatCount(totals.errors)} failed`
  const parts = [
    `${formatCount(totals.ok)} answered`,
    totals.errors === 0 ? errors : colours.red(errors),
    `${rate.toFixed(0)} requests/s`,
    `p50 ${formatMs(latency.p50)}`,
    `p99 ${formatMs(latency.p99)}`,
  ]
  return ['', `  ${parts.join(colours.dim(' · '))}`]
}

const drawDecision = (decision: Decision | undefined, { bold, dim }: Colours): string[] => {
  if (decision === undefined) return []
  // `demo/api-stable:80` is too long for a line, and nothing else is called `api-stable` here.
  const backends = decision.backends
    .map(({ name, weight }) => `${/([^/:]+)(?::\d+)?$/.exec(name)?.[1] ?? name} ${weight}`)
    .join(' : ')
  return [
    `${bold('One request, and why it goes where it goes')} ${dim(`(configuration ${decision.generation})`)}`,
    `  ${decision.request}`,
    ...decision.reasons.map((reason) => dim(`    ${reason}`)),
    `  → ${decision.route}${backends === '' ? '' : `, weights ${backends}`}`,
    '',
  ]
}

const drawLog = (log: LogLine | undefined, { columns, colours }: ScreenStyle): string[] => {
  if (log === undefined) return []
  const paint = { error: colours.red, warn: colours.yellow, info: colours.green, debug: colours.dim }[log.level]
  const pieces = `fairway says: ${log.text}`.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? []
  return [...pieces.slice(0, MAX_LOG_ROWS).map(paint), '']
}

const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

/** Cuts a line to a number of visible characters; what colours it stays whole. */
const fit = (line: string, columns: number): string => {
  let room = columns
  return line.replace(/\p{Cc}\[[0-9;]*m|\P{Cc}/gu, (part) => (part.startsWith('\x1b') || room-- > 0 ? part : ''))
}
