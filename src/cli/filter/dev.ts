/** `fairway filter dev`: a filter at work, with live reload, and each decision as it happens. */
import path from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { decodeInteger, formatFlags, parseArguments, usageError, type FlagTable } from '../arguments.ts'
import { decodeIdentity } from '../client-credentials.ts'
import { decodeLogLine } from '../demo/log-line.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeHostPort, type HostPort } from '../host-port.ts'
import { createColours } from '../terminal/colours.ts'
import { CliError, type Terminal, type Verb } from '../verb.ts'
import { formatDecision } from './dev/decision.ts'
import { askFilters } from './filters-document.ts'
import { packageRoot } from './package-root.ts'
import { startSession, type Session } from './dev/session.ts'

const flagTable = {
  port: {
    type: 'string',
    default: '8080',
    value: 'PORT',
    help: 'of the local server; default 8080, 0 picks a free one',
  },
  backend: { type: 'string', value: 'IP:PORT', help: 'who answers behind the filter; default an echo' },
  request: {
    type: 'string',
    short: 'r',
    multiple: true,
    value: "'[METHOD] PATH'",
    help: 'send it now, and again with each version that is in force; repeatable',
  },
  header: { type: 'string', short: 'H', multiple: true, value: "'NAME: VALUE'", help: 'of those requests; repeatable' },
  once: { type: 'boolean', help: 'end when those requests are answered' },
  from: { type: 'string', default: 'default/client', value: 'NS/SA', help: 'who asks; default default/client' },
  inspect: {
    type: 'string',
    value: '[HOST:]PORT',
    help: 'open a debugger port in the process of the filter, and give it all the time there is',
  },
  'filter-egress': { type: 'string', value: 'HOST,…', help: 'as "fairway run" has it' },
} as const satisfies FlagTable

const help = `fairway filter dev: a filter at work, with live reload, and each decision as it happens

Examples
  fairway filter dev stamp-version                       requests to http://127.0.0.1:8080/ pass the filter
  fairway filter dev stamp-version -r /hello             sends one itself, and again after each change
  fairway filter dev -r 'POST /a' -H 'x-a: 1' --once     two words from a script
  fairway filter dev --backend 127.0.0.1:3000            in front of your own application
  fairway filter dev --from partners/importer            as somebody else
  fairway filter dev --inspect 9229                      breakpoints in the file that you edit

Usage
  fairway filter dev [PATH] [flags]

PATH is a folder or a module; default here. The Filters in YAML beside the code say how it is configured: with them it
is all that a real "fairway run" in a process of its own has to carry out. A change of code or YAML is in force when it has
been tried; one that fails is told of, and the version before goes on. For each request there is a line with what was
decided, and one for each thing that filters changed. Exit code 0; with --once 1 when a request got no answer.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, flagTable, 1)
  const requests = flags.request.map((text) => decodeRequest(text, flags.header))
  if (flags.once && requests.length === 0)
    throw usageError('--once needs a --request', 'fairway filter dev -r / --once')
  const colours = createColours(terminal.out, terminal.env)
  const stop = Promise.withResolvers<'stopped'>()
  const dispose = terminal.onSignal(() => stop.resolve('stopped'))
  const sender = new Sender(requests)
  let decisions = 0
  let onDecided = (): void => {}
  let onInForce = (): void => {}
  terminal.err.write('setting up …\n')
  const session = await startSession({
    target: path.resolve(terminal.cwd, positionals[0] ?? '.'),
    cwd: terminal.cwd,
    clock: systemClock,
    port: decodeInteger('port', flags.port, { min: 0, max: 65_535 }),
    backend: flags.backend === undefined ? undefined : decodeHostPort('--backend', flags.backend),
    client: decodeIdentity(flags.from),
    inspect: flags.inspect,
    runArgs: flags['filter-egress'] === undefined ? [] : ['--filter-egress', flags['filter-egress']],
    onDecision: (decision) => {
      terminal.out.write(formatDecision(decision, colours))
      decisions++
      onDecided()
    },
    onFailed: (sent, why) => {
      terminal.out.write(`${sent?.method ?? '?'} ${sent?.target ?? '?'} ${colours.red('no answer')} ${why}\n`)
      decisions++
      onDecided()
    },
    onLog: (line) => {
      const told = tell(line)
      if (told !== undefined) terminal.err.write(`${told}\n`)
      if (line.includes(IN_FORCE)) onInForce()
    },
    onProblem: (error) => terminal.err.write(`${error instanceof Error ? error.message : String(error)}\n`),
  })
  try {
    terminal.err.write(`http://127.0.0.1:${session.port}/ passes the filter; Ctrl-C ends\n`)
    sender.port = session.port
    if (!flags.once) {
      const versions = new VersionWatch((text) => terminal.err.write(`${text}\n`))
      onInForce = () => void versions.look(session.admin).then(() => sender.send())
      onInForce()
      return await serve(session, stop.promise)
    }
    const decided = new Promise<void>((resolve) => {
      onDecided = () => (decisions >= requests.length ? resolve() : undefined)
    })
    const isAnswered = await sender.send()
    // The access log is a pipe away.
    const late = Promise.withResolvers<void>()
    const cancel = systemClock.after(isAnswered ? LOG_MS : 0, late.resolve)
    await Promise.race([decided, late.promise, stop.promise])
    cancel()
    return isAnswered ? exitCodes.fine : exitCodes.failure
  } finally {
    dispose()
    await session.close()
  }
}

/** The verb for the list of verbs. */
export const devVerb: Verb = { help, run }

/** For how long the line of a request that was answered is waited for. */
const LOG_MS = 2000

/** What the log says when a configuration has taken over. */
const IN_FORCE = 'configuration in force'

const serve = async (session: Session, stopped: Promise<'stopped'>): Promise<ExitCode> => {
  const end = await Promise.race([session.ended, stopped])
  if (end === 'stopped') return exitCodes.fine
  throw new CliError(exitCodes.failure, `the waypoint ${end}`, { next: 'its last words are above' })
}

/** Bad news, and what becomes of filters; a developer needs nothing of the rest. */
const tell = (line: string): string | undefined => {
  // Node's own words, which tools look for.
  if (/^Debugger (?:listening|attached)/.test(line)) return line
  if (/^(?:For help, see: https:|Waiting for the debugger)/.test(line)) return undefined
  const decoded = decodeLogLine(line)
  if (decoded === undefined) return undefined
  const { level, text } = decoded
  if (level === 'warn' || level === 'error') return `${level}: ${withoutOurs(text)}`
  return level === 'info' && /\bfilters?\b/i.test(text) ? text : undefined
}

/** Tells of each version that has taken over. */
class VersionWatch {
  readonly #say: (text: string) => void
  #known: ReadonlyMap<string, string> = new Map()

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  async look(admin: HostPort): Promise<void> {
    try {
      const { filters } = await askFilters(admin)
      for (const { id, version } of filters)
        if (this.#known.get(id) !== version) this.#say(`in force: ${id} ${version}`)
      this.#known = new Map(filters.map(({ id, version }) => [id, version]))
    } catch {
      // It is ending, or another version comes in a moment; the log tells of anything else.
    }
  }
}

/** A stack has the filter's own places; what called it is of no interest to its author. */
const withoutOurs = (text: string): string => {
  const [head = '', ...frames] = text.split(/ +at (?=\S+ \(|file:|#|new )/)
  const own = frames.filter((frame) => !frame.includes(`${packageRoot}/src/`) && !frame.includes('node:'))
  return [head, ...own.map((frame) => `    at ${frame}`)].join('\n')
}

interface ScriptedRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

const decodeRequest = (text: string, headers: readonly string[]): ScriptedRequest => {
  const [, method = 'GET', target] = /^(?:([A-Za-z]+) +)?(\/\S*)$/.exec(text) ?? []
  if (target === undefined)
    throw usageError(`--request ${JSON.stringify(text)} is no request`, "write '/hello' or 'POST /hello'")
  return { method: method.toUpperCase(), path: target, headers: headers.map(decodeHeader) }
}

const decodeHeader = (text: string): readonly [name: string, value: string] => {
  const colon = text.indexOf(':')
  if (colon <= 0) throw usageError(`--header ${JSON.stringify(text)} is not of the form 'NAME: VALUE'`)
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]
}

/** Sends the scripted requests one after the other. */
class Sender {
  port: number | undefined
  readonly #requests: readonly ScriptedRequest[]

  constructor(requests: readonly ScriptedRequest[]) {
    this.#requests = requests
  }

  /** Whether each of them was answered, by whomever. */
  async send(): Promise<boolean> {
    let isAnswered = true
    if (this.port === undefined) return false
    for (const { method, path: target, headers } of this.#requests) {
      try {
        const url = `http://127.0.0.1:${this.port}${target}`
        await (await fetch(url, { method, headers: [...headers].map(([name, value]) => [name, value]) })).arrayBuffer()
      } catch {
        isAnswered = false
      }
    }
    return isAnswered
  }
}
