import { parseArgs } from 'node:util'

/** What `npm run bench --` takes. */
export interface BenchOptions {
  readonly suites: readonly SuiteName[]
  /** For whom: people at a terminal, tools, or docs/performance.md. */
  readonly format: 'table' | 'json' | 'markdown'
  /** Only this case. */
  readonly caseName: string | undefined
  /** Length of a measured window; default 5. */
  readonly seconds: number
  /** How often everybody is measured in turn; default 5. */
  readonly pairs: number
  /** One pair of one second and nothing paced: to see that it works, not to quote. */
  readonly isQuick: boolean
  /** Write CPU profiles of Fairway there and leave the peers out. */
  readonly profileDir: string | undefined
}

export const suiteNames = [
  ...(['hbone', 'grpc', 'h2c', 'upload', 'download', 'websocket', 'tcp'] as const),
  ...(['readers', 'tunnels', 'handshakes', 'routes', 'micro'] as const),
] as const

export type SuiteName = (typeof suiteNames)[number]

export const usage = `npm run bench [-- OPTIONS]
  --suite NAME    ${suiteNames.join(', ')}; repeatable; default all
  --case NAME     only this case
  --seconds N     length of a measured window, default 5
  --pairs N       how often everybody is measured in turn, default 5
  --quick         one pair of one second: to see that it works, not to quote
  --profile DIR   write CPU profiles of Fairway to DIR, without peers
  --json          one JSON document on stdout
  --markdown      the tables of docs/performance.md`

/** Reads the arguments after the script's name; throws an `Error` that says what is wrong. */
export const parseOptions = (argv: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      suite: { type: 'string', multiple: true },
      case: { type: 'string' },
      seconds: { type: 'string' },
      pairs: { type: 'string' },
      quick: { type: 'boolean' },
      profile: { type: 'string' },
      json: { type: 'boolean' },
      markdown: { type: 'boolean' },
    },
  })
  const isQuick = values.quick ?? false
  return {
    suites: values.suite === undefined ? suiteNames : values.suite.map(decodeSuite),
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'table',
    caseName: values.case,
    seconds: positive('--seconds', values.seconds, isQuick ? 1 : 5),
    pairs: Math.ceil(positive('--pairs', values.pairs, isQuick ? 1 : 5)),
    isQuick,
    profileDir: values.profile,
  }
}

const decodeSuite = (name: string): SuiteName => {
  const found = suiteNames.find((known) => known === name)
  if (found === undefined) throw new Error(`--suite ${name}: there is ${suiteNames.join(', ')}`)
  return found
}

const positive = (flag: string, text: string | undefined, fallback: number): number => {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!(value > 0 && value < 1e6)) throw new Error(`${flag} ${text}: a number above 0 is wanted`)
  return value
}
