/** `fairway request URL`: one HTTP request through a waypoint, as ztunnel would carry it. */
import { readFile } from 'node:fs/promises'
import { resolve as resolvePath } from 'node:path'
import { HeaderList } from '../http/header-list.ts'
import type { Credentials } from '../identity/credentials.ts'
import { clientTlsOptions } from '../identity/tls.ts'
import { systemClock } from '../lib/clock.ts'
import { parseSpiffeId } from '../model/identity.ts'
import { decodeInteger, formatFlags, parseArguments, usageError, type FlagTable } from './arguments.ts'
import { decodeIdentity, loadClientCredentials } from './client-credentials.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import type { HboneConnection } from './hbone-client/connection.ts'
import type { ClientRequest, Exchanged } from './hbone-client/exchange.ts'
import type { HboneFailure } from './hbone-client/failure.ts'
import { decodeHostPort, formatHostPort, type HostPort } from './host-port.ts'
import { createTrace, type Trace } from './request-trace.ts'
import { CliError, type Terminal, type Verb } from './verb.ts'

const flagTable = {
  request: { type: 'string', short: 'X', value: 'METHOD', help: 'method; default GET, or POST with --data' },
  header: { type: 'string', short: 'H', multiple: true, value: "'NAME: VALUE'", help: 'add a header; repeatable' },
  data: { type: 'string', short: 'd', value: 'TEXT|@FILE', help: 'body; @FILE takes it from a file' },
  from: { type: 'string', value: 'NS/SA', help: 'who asks; also TD/NS/SA; default default/fairway-request' },
  via: {
    type: 'string',
    default: '127.0.0.1:15008',
    value: 'HOST:PORT',
    help: 'the waypoint; default 127.0.0.1:15008',
  },
  certs: { type: 'string', value: 'DIR', help: 'cert-chain.pem, key.pem, root-cert.pem; default: the development CA' },
  to: { type: 'string', value: 'VIP:PORT', help: 'authority of the CONNECT; default: host and port of the URL' },
  'max-time': {
    type: 'string',
    short: 'm',
    default: '30',
    value: 'SECONDS',
    help: 'give up after this long; default 30',
  },
  verbose: { type: 'boolean', short: 'v', help: 'tell every step on stderr' },
} as const satisfies FlagTable

const help = `fairway request: one HTTP request through a waypoint, the curl of HBONE

Examples
  fairway request http://10.96.0.10/                       to a waypoint on 127.0.0.1:15008
  fairway request http://api.shop/cart --to 10.96.0.10:80  another Host than the address that is called
  fairway request http://10.96.0.10/ --from shop/web -v    as service account web of namespace shop, explained
  fairway request http://10.96.0.10/ -X POST -d '{"n":1}' -H 'content-type: application/json'
  fairway request http://10.96.0.10/ --via 10.0.3.7:15008 --certs /var/run/secrets/certs

Usage
  fairway request URL [flags]

It opens mutual TLS to the waypoint, asks with CONNECT for the address that is called, and sends the request inside.
The body of the answer goes to stdout. Exit code 0 when an HTTP answer came, whatever its status; 1 when none did,
78 when the certificates cannot be used.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const call = await decodeCall(args, terminal)
  const credentials = await loadClientCredentials({ ...call, cwd: terminal.cwd, clock: systemClock })
  const trace = createTrace(terminal, call.isVerbose)
  trace.begin(call.via, credentials)
  const { dialHbone } = await import('./hbone-client/connection.ts')
  const dialled = await dialHbone({
    ...call.via,
    tls: clientTlsOptions(credentials),
    clock: systemClock,
    timeoutMs: call.timeoutMs,
  })
  if (!dialled.ok) return report(dialled.failure)
  const { connection } = dialled
  trace.connected(connection.facts)
  try {
    const outcome = await perform(connection, call, { credentials, terminal, trace })
    if (!outcome.ok) return report(outcome.failure)
    trace.done(outcome)
    return exitCodes.fine
  } finally {
    connection.close()
  }
}

/** The verb `request`. */
export const requestVerb: Verb = { help, flags: flagTable, positionals: ['URL'], run }

interface Call {
  readonly request: ClientRequest
  readonly to: HostPort
  readonly via: HostPort
  readonly certs: string | undefined
  readonly identity: ReturnType<typeof decodeIdentity> | undefined
  readonly timeoutMs: number
  readonly isVerbose: boolean
}

const decodeCall = async (args: readonly string[], terminal: Terminal): Promise<Call> => {
  const { flags, positionals } = parseArguments(args, flagTable, 1)
  const [urlText] = positionals
  if (urlText === undefined) throw usageError('the URL is missing', 'fairway request http://10.96.0.10/')
  const url = decodeUrl(urlText)
  const body = flags.data === undefined ? undefined : await readBody(flags.data, terminal.cwd)
  const headers = decodeHeaders(flags.header)
  const host = headers.getLower('host') ?? url.host
  headers.removeLower('host')
  const method = flags.request ?? (body === undefined ? 'GET' : 'POST')
  const request = { method, target: `${url.pathname}${url.search}`, host, headers }
  return {
    request: body === undefined ? request : { ...request, body },
    to: decodeHostPort('--to', flags.to ?? url.host, 80),
    via: decodeHostPort('--via', flags.via, 15_008),
    certs: flags.certs,
    identity: flags.from === undefined ? undefined : decodeIdentity(flags.from),
    timeoutMs: decodeInteger('max-time', flags['max-time'], { min: 1, max: 86_400 }) * 1000,
    isVerbose: flags.verbose,
  }
}

/** The URL names what is called inside the tunnel, which is plain HTTP: the mesh encrypts around it. */
const decodeUrl = (text: string): URL => {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  if (url?.protocol === 'https:') {
    throw usageError(`${text}: https inside the tunnel is not supported`, 'use http://; HBONE itself is encrypted')
  }
  if (url === null || url.protocol !== 'http:') throw usageError(`${JSON.stringify(text)} is not an http URL`)
  if (url.username !== '' || url.password !== '') {
    throw usageError('the URL holds a user name or password', "send them as a header: -H 'authorization: …'")
  }
  return url
}

const decodeHeaders = (texts: readonly string[]): HeaderList => {
  const headers = new HeaderList(['user-agent', 'fairway-request', 'accept', '*/*'])
  const isGiven = new Set<string>()
  for (const text of texts) {
    const colon = text.indexOf(':')
    const name = text.slice(0, colon).trim().toLowerCase()
    if (colon <= 0) throw usageError(`--header ${JSON.stringify(text)} is not of the form 'NAME: VALUE'`)
    // What is given replaces our defaults, and stands beside what was given before.
    if (isGiven.has(name)) headers.add(name, text.slice(colon + 1).trim())
    else headers.setLower(name, text.slice(colon + 1).trim())
    isGiven.add(name)
  }
  return headers
}

const readBody = async (data: string, cwd: string): Promise<Buffer> => {
  if (!data.startsWith('@')) return Buffer.from(data)
  const path = resolvePath(cwd, data.slice(1))
  try {
    return await readFile(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(exitCodes.badInput, `cannot read the body from ${path}: ${why}`, { cause: error })
  }
}

interface Parties {
  readonly credentials: Credentials
  readonly terminal: Terminal
  readonly trace: Trace
}

const perform = async (connection: HboneConnection, call: Call, parties: Parties): Promise<Exchanged> => {
  const { credentials, terminal, trace } = parties
  const { request, to, timeoutMs } = call
  const authority = formatHostPort(to)
  const opened = await connection.openTunnel(authority, { fields: tunnelFields(credentials), timeoutMs })
  if (!opened.ok) return opened
  trace.tunnelled(authority, opened.connectMs)
  trace.sent(request)
  let hasBody = false
  const { exchange } = await import('./hbone-client/exchange.ts')
  return exchange(opened.session, request, {
    clock: systemClock,
    timeoutMs,
    onHead: (head) => trace.received(head),
    onBody: (piece) => {
      // The piece is gone after the call, and the stream may keep it for longer.
      terminal.out.write(Buffer.from(piece))
      hasBody = true
      return terminal.out.whenDrained()
    },
  }).finally(() => {
    if (hasBody && terminal.out.isTty && call.isVerbose) terminal.out.write('\n')
  })
}

/** What ztunnel tells of its client, with ourselves as the workload (waypoint contract 1.4). */
const tunnelFields = (credentials: Credentials): readonly string[] => {
  const namespace = parseSpiffeId(credentials.identity)?.namespace ?? ''
  return ['baggage', `k8s.namespace.name=${namespace},k8s.pod.name=fairway-request,service.name=fairway-request`]
}

const report = (failure: HboneFailure): never => {
  throw new CliError(exitCodes.failure, failure.message, { next: failure.next })
}
