/** `fairway filter dev`: a filter at work, with live reload, and each decision as it happens. */
import { isIP } from 'node:net'
import path from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import {
  decodeInteger,
  formatFlags,
  parseArguments,
  usageError,
  type FlagTable,
  type FlagValues,
} from '../arguments.ts'
import { decodeIdentity } from '../client-credentials.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeHostPort, type HostPort } from '../host-port.ts'
import { CliError, type Terminal, type Verb } from '../verb.ts'
import { createToken } from './dev/claims.ts'
import { DevOutput } from './dev/output.ts'
import type { DevService } from './dev/scene.ts'
import { decodeRequest, sendRequests, type ScriptedRequest } from './dev/sender.ts'
import type { Session } from './dev/session.ts'

const flagTable = {
  port: {
    type: 'string',
    default: '8080',
    value: 'PORT',
    help: 'of the local server; default 8080, 0 picks a free one',
  },
  backend: { type: 'string', value: 'IP:PORT', help: 'who answers behind the filter; default an echo' },
  service: {
    type: 'string',
    multiple: true,
    value: 'NAME:PORT=IP:PORT',
    help: 'a Service that the filter calls (auth:8080, auth.identity:80), and who answers for it; repeatable',
  },
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
  claims: {
    type: 'string',
    value: 'JSON',
    help: 'of a token that goes along and is verified, as with a RequestAuthentication',
  },
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
  fairway filter dev --service auth:8080=127.0.0.1:3001  with a Service that the filter calls
  fairway filter dev --from partners/importer            as somebody else
  fairway filter dev --claims '{"tenant":"acme"}'        with a token
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
  const output = new DevOutput(terminal)
  const stop = Promise.withResolvers<'stopped'>()
  const dispose = terminal.onSignal(() => stop.resolve('stopped'))
  let onInForce = (): void => {}
  output.say('setting up …')
  const { startSession } = await import('./dev/session.ts')
  const session = await startSession({
    target: path.resolve(terminal.cwd, positionals[0] ?? '.'),
    cwd: terminal.cwd,
    clock: systemClock,
    ...decodeSession(flags),
    output,
    onInForce: () => onInForce(),
  })
  const parts = { session, output, requests, stopped: stop.promise }
  try {
    output.say(`http://127.0.0.1:${session.port}/ passes the filter; Ctrl-C ends`)
    if (flags.once) return await sendOnce(parts)
    onInForce = () => void output.versions(session.admin).then(() => sendRequests(session.port, requests))
    onInForce()
    return await serve(parts)
  } finally {
    dispose()
    await session.close()
  }
}

/** The verb for the list of verbs. */
export const devVerb: Verb = { help, flags: flagTable, positionals: ['PATH'], run }

const decodeSession = (flags: FlagValues<typeof flagTable>) => ({
  port: decodeInteger('port', flags.port, { min: 0, max: 65_535 }),
  backend: flags.backend === undefined ? undefined : decodeAddress('--backend', flags.backend),
  services: flags.service.map(decodeService),
  client: decodeIdentity(flags.from),
  token: flags.claims === undefined ? undefined : createToken(flags.claims),
  inspect: flags.inspect,
  runArgs: flags['filter-egress'] === undefined ? [] : ['--filter-egress', flags['filter-egress']],
})

/** An endpoint has an address; of names this one alone is clear. */
const decodeAddress = (flag: string, text: string): HostPort => {
  const { host, port } = decodeHostPort(flag, text)
  if (host === 'localhost') return { host: '127.0.0.1', port }
  if (isIP(host) !== 0) return { host, port }
  throw usageError(`${flag} ${JSON.stringify(text)} has no IP address`, 'write 127.0.0.1:3000 or [::1]:3000')
}

const decodeService = (text: string): DevService => {
  const [, name, namespace, port, address] = /^([a-z][a-z0-9-]*)(?:\.([a-z0-9-]+))?:(\d{1,5})=(.+)$/.exec(text) ?? []
  if (name === undefined || port === undefined || address === undefined) {
    throw usageError(`--service ${JSON.stringify(text)} is no Service`, 'write auth:8080=127.0.0.1:3001')
  }
  return { name, namespace, port: Number(port), endpoint: decodeAddress('--service', address) }
}

interface Parts {
  readonly session: Session
  readonly output: DevOutput
  readonly requests: readonly ScriptedRequest[]
  readonly stopped: Promise<'stopped'>
}

const serve = async ({ session, stopped }: Parts): Promise<ExitCode> => {
  const end = await Promise.race([session.ended, stopped])
  if (end === 'stopped') return exitCodes.fine
  throw new CliError(exitCodes.failure, `the waypoint ${end}`, { next: 'its last words are above' })
}

/** For how long the line of a request that was answered is waited for. */
const LOG_MS = 2000

const sendOnce = async ({ session, output, requests, stopped }: Parts): Promise<ExitCode> => {
  const isAnswered = await sendRequests(session.port, requests)
  // The access log is a pipe away.
  const late = Promise.withResolvers<void>()
  const cancel = systemClock.after(isAnswered ? LOG_MS : 0, late.resolve)
  await Promise.race([output.told(requests.length), late.promise, stopped])
  cancel()
  return isAnswered ? exitCodes.fine : exitCodes.failure
}
