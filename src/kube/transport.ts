import type { Agent, IncomingMessage } from 'node:http'
import type { RequestOptions } from 'node:https'
import { createSecureContext, rootCertificates } from 'node:tls'
import type { Clock } from '../lib/clock.ts'
import { errorCode } from '../lib/errors/error-code.ts'
import { version } from '../lib/version.ts'
import type { Impersonation, KubeConnection, KubeCredentials } from './connect/connection.ts'
import { failed, type KubeFailure, type KubeResult } from './failure.ts'

// An import would ask each module for all that it has, WebSocket among it, and Node would load a whole client for that: 5 MB.
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

/** One question as it goes out. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: { readonly type: string; readonly text: string } | undefined
  /** How long the head of the answer may take. */
  readonly headMs: number
  readonly signal?: AbortSignal | undefined
}

/** An answer of which the body is still to be read, or thrown away with `body.destroy()`. */
export interface TransportAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: IncomingMessage
}

/** Sends to one API server. */
export interface Transport {
  readonly send: (request: TransportRequest) => Promise<KubeResult<TransportAnswer>>
  /** How messages call a question: `GET https://10.96.0.1/api/v1/pods`. */
  readonly name: (request: Pick<TransportRequest, 'method' | 'path'>) => string
  readonly close: () => void
}

/**
 * Opens nothing yet: connections are made as they are needed, kept, and made anew when the credentials of TLS change. A
 * question that is refused for its credentials (401) is asked once more with fresh ones.
 */
export const createTransport = (connection: KubeConnection, env: NodeJS.ProcessEnv, clock: Clock): Transport => {
  const base = new URL(connection.server)
  const agentFor = createAgents(connection, env)
  const closing = new AbortController()
  const name: Transport['name'] = ({ method, path }) => `${method} ${connection.server}${path}`
  const attempt = async (request: TransportRequest, isRefused: boolean): Promise<KubeResult<TransportAnswer>> => {
    const asked = name(request)
    const credentials = await connection.credentials(isRefused)
    if (!credentials.ok) return failed({ asked, ...credentials.failure })
    const agent = agentFor(credentials.value)
    if (!agent.ok) return failed({ asked, ...agent.failure })
    const { authorization } = credentials.value
    const { body, headMs, signal } = request
    const signals = signal === undefined ? [closing.signal] : [closing.signal, signal]
    const options = {
      agent: agent.value,
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port === '' ? undefined : base.port,
      method: request.method,
      path: `${base.pathname.replace(/\/$/, '')}${request.path}`,
      signal: AbortSignal.any(signals),
      headers: {
        accept: 'application/json',
        'user-agent': `fairway/${version}`,
        ...(authorization === undefined ? {} : { authorization }),
        ...impersonationOf(connection.impersonate),
        ...(body === undefined
          ? {}
          : { 'content-type': body.type, 'content-length': String(Buffer.byteLength(body.text)) }),
      },
    }
    return exchange({ asked, options, body: body?.text, headMs, isPlain: base.protocol === 'http:', clock })
  }
  return {
    name,
    send: async (request) => {
      const first = await attempt(request, false)
      if (!first.ok || first.value.status !== 401) return first
      first.value.body.destroy()
      return attempt(request, true)
    },
    close: () => {
      closing.abort()
      agentFor.close()
    },
  }
}

/** Node writes a line for each group. */
const impersonationOf = (as: Impersonation | undefined): Readonly<Record<string, string | readonly string[]>> =>
  as === undefined
    ? {}
    : { 'impersonate-user': as.user, ...(as.groups.length === 0 ? {} : { 'impersonate-group': as.groups }) }

interface Exchange {
  readonly asked: string
  readonly options: RequestOptions
  readonly body: string | undefined
  readonly headMs: number
  readonly isPlain: boolean
  readonly clock: Clock
}

const exchange = ({ asked, options, body, headMs, isPlain, clock }: Exchange): Promise<KubeResult<TransportAnswer>> => {
  const { promise, resolve } = Promise.withResolvers<KubeResult<TransportAnswer>>()
  const request = isPlain ? http.request(options) : https.request(options)
  let isLate = false
  const cancel = clock.after(headMs, () => {
    isLate = true
    request.destroy()
  })
  request.on('error', (error) => {
    cancel()
    const late = { reason: 'Timeout', message: `no answer after ${headMs} ms` }
    resolve(failed({ asked, ...(isLate ? late : explainError(error, options.signal)) }))
  })
  request.on('response', (answer) => {
    cancel()
    // What is wrong with it is told to whoever reads it; nobody may.
    answer.on('error', () => {})
    const header = (field: string): string | undefined => {
      const value = answer.headers[field]
      return Array.isArray(value) ? value[0] : value
    }
    resolve({ ok: true, value: { status: answer.statusCode ?? 0, header, body: answer } })
  })
  request.end(body)
  return promise
}

/** What Node and the system say of a connection, as a failure. */
export const explainError = (error: unknown, signal?: AbortSignal): Pick<KubeFailure, 'reason' | 'message'> => {
  if (signal?.aborted === true) return { reason: 'Aborted', message: 'it was called off' }
  const code = errorCode(error) ?? ''
  const told = error instanceof Error && error.message !== '' ? error.message : code
  // With several addresses each has an error of its own.
  const inner = error instanceof AggregateError ? error.errors.map(String).join('; ') : told
  // Behind the semicolon is advice on flags of Node.
  if (isOfTrust(code)) return { reason: 'Untrusted', message: inner.split(';')[0] ?? inner }
  return { reason: 'Unreachable', message: unreachable[code] ?? inner }
}

const isOfTrust = (code: string): boolean =>
  /^(?:UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused: is the API server up?',
  ENOTFOUND: 'there is no such host',
  ECONNRESET: 'the connection was reset',
  ETIMEDOUT: 'the connection timed out: a firewall or NetworkPolicy may block it',
}

interface Agents {
  (credentials: KubeCredentials): KubeResultOf<Agent>
  readonly close: () => void
}

type KubeResultOf<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Pick<KubeFailure, 'reason' | 'message'> }

/** How long a connection that nobody uses is kept, in milliseconds. */
const idleMs = 30_000
/** After so long without a word the system asks whether the other side is still there. */
const probeMs = 15_000

const createAgents = ({ serverName, isInsecure, proxyUrl, server }: KubeConnection, env: NodeJS.ProcessEnv): Agents => {
  let agent: Agent | undefined
  let made: KubeCredentials | undefined
  const proxyEnv = proxyUrl === undefined ? proxiesOf(env) : { HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl }
  const shared = {
    keepAlive: true,
    keepAliveMsecs: probeMs,
    timeout: idleMs,
    ...(Object.keys(proxyEnv).length === 0 ? {} : { proxyEnv }),
  }
  const make = ({ ca, certificate, key }: KubeCredentials): Agent =>
    server.startsWith('http:')
      ? new http.Agent(shared)
      : new https.Agent({
          ...shared,
          // One for all connections: each would make its own, with the roots and all.
          secureContext: createSecureContext({
            minVersion: 'TLSv1.2',
            ca: ca ?? [...rootCertificates],
            ...(certificate === undefined ? {} : { cert: certificate }),
            ...(key === undefined ? {} : { key }),
          }),
          ALPNProtocols: ['http/1.1'],
          // A resumed session is not checked against the server's name.
          maxCachedSessions: 0,
          rejectUnauthorized: !isInsecure,
          ...(serverName === undefined ? {} : { servername: serverName }),
        })
  const agentFor = (credentials: KubeCredentials): KubeResultOf<Agent> => {
    const isSame =
      made?.ca === credentials.ca && made?.certificate === credentials.certificate && made?.key === credentials.key
    if (agent !== undefined && isSame) return { ok: true, value: agent }
    try {
      const next = make(credentials)
      // What is under way there comes to its end.
      agent = next
      made = credentials
      return { ok: true, value: next }
    } catch (error) {
      const message = `the certificate, key or CA cannot be used: ${error instanceof Error ? error.message : String(error)}`
      return { ok: false, failure: { reason: 'Credentials', message } }
    }
  }
  return Object.assign(agentFor, { close: () => agent?.destroy() })
}

/** As client-go does it. */
const proxiesOf = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> => {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']
  const found = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]))
  return found.some(([name]) => /https?_proxy/i.test(name)) ? Object.fromEntries(found) : {}
}
