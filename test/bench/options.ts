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
  /** Keep each suite's result for docs/performance.md, as soon as it is measured, and write that page anew. */
  readonly report: 'none' | 'all' | 'missing'
}

export const suiteNames = [
  ...(['hbone', 'policy', 'grpc', 'h2c', 'upload', 'download', 'websocket', 'tcp'] as const),
  ...([
    'readers',
    'tunnels',
    'handshakes',
    'overload',
    'fairness',
    'routes',
    'workers',
    'authz',
    'filters',
    'growth',
    'cost',
    'telemetry',
    'micro',
  ] as const),
] as const

export type SuiteName = (typeof suiteNames)[number]

export const usage = `npm run bench [-- OPTIONS]
  --suite NAME    one of those below; repeatable; default all
  --case NAME     only this case
  --seconds N     length of a measured window, default 5
  --pairs N       how often everybody is measured in turn, default 5; a case with several launches says itself how often
  --quick         one pair of one second: to see that it works, not to quote
  --profile DIR   write CPU profiles of Fairway to DIR, without peers
  --json          one JSON document on stdout
  --report        keep what is measured in docs/performance/results.json, suite by suite, and write docs/performance.md
                  and its pictures anew; npm run generate does the latter alone
  --resume        with --report: leave out suites that were measured so within the last twelve hours
  --markdown      the tables of docs/performance.md
  --help          this

Beside nginx and HAProxy, each through HBONE or mutual TLS:
  hbone           small HTTP/1.1 requests, a tunnel or connection for each in flight
  policy          the same with routes, policies and a filter; and paced: goals beside nginx with TLS
  grpc            unary gRPC calls, many in flight on one HTTP/2 connection
  h2c             small HTTP/2 requests, the same way
  upload          request bodies of 16 MiB: CPU per MiB
  download        response bodies of 16 MiB: CPU per MiB
  websocket       small messages that come back, on WebSockets that are open
  tcp             16 MiB one way: CPU per MiB; one byte for one, on open connections, and on a new one each time
Alone:
  readers         small requests beside eight slow readers
  tunnels         memory of connections and tunnels
  handshakes      a flood of handshakes
  overload        four times as much as there is time for
  fairness        one greedy client beside twenty others
  routes          10 routes and 5,000
  workers         one worker and two, on one CPU
  authz           no AuthorizationPolicy, and 1,000 of ten rules
  filters         a route with one filter, with five, with an App, with a cache; what users' filters cost
  growth          with requests in flight, routes, policies and endpoints
  cost            what the CPU time of a request goes into, by a CPU profile
  telemetry       nobody is told of requests, and traces of 1 % and of all
  micro           single operations in this process`

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
      report: { type: 'boolean' },
      resume: { type: 'boolean' },
    },
  })
  const isQuick = values.quick ?? false
  const isKept = values.report === true || values.resume === true
  if (isKept && (isQuick || values.case !== undefined || values.profile !== undefined)) {
    throw new Error('--report keeps whole suites: it goes without --case, --quick and --profile')
  }
  return {
    suites: values.suite === undefined ? suiteNames : values.suite.map(decodeSuite),
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'table',
    caseName: values.case,
    seconds: positive('--seconds', values.seconds, isQuick ? 1 : 5),
    pairs: Math.ceil(positive('--pairs', values.pairs, isQuick ? 1 : 5)),
    isQuick,
    profileDir: values.profile,
    report: values.resume ? 'missing' : values.report ? 'all' : 'none',
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
