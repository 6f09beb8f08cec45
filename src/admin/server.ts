/** What the servers beside the data path have in common: small limits, no bodies, and failures that say what to do. */
import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { limitConnections } from '../lib/connections/limit-connections.ts'
import { errorCode } from '../lib/errors/error-code.ts'
import { joinHostPort } from '../lib/ip.ts'
import { chooseFormat, type MetricsFormat } from '../telemetry/exposition/metrics-format.ts'
import { hideSecrets } from '../lib/secrets/hide-secrets.ts'
import { StartupError } from '../lib/startup-error.ts'
import { json, type Answer } from './answer.ts'
import { sendText } from './send-text.ts'

// An import would ask the module for all that it has, WebSocket among it, and Node would load a whole client for that: 5 MB.
const http = process.getBuiltinModule('node:http')

/** Something that a server answers. */
export interface Endpoint {
  /** Who may be asked by GET may be asked by HEAD. */
  readonly method: 'GET' | 'POST'
  /** Exactly this one. */
  readonly path: string
  readonly answer: (question: Question) => Answer | Promise<Answer>
}

export interface Question {
  readonly parameters: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

export interface ServerOptions {
  readonly endpoints: readonly Endpoint[]
  /** Why a request is not looked at at all: it is answered with 403. Default: every request is. */
  readonly refuse?: (method: string, headers: IncomingHttpHeaders) => string | undefined
  /** Of every answer. */
  readonly headers?: Answer['headers']
  /** Where to find what there is, for whoever asks for something else. */
  readonly hint?: string
}

/** `/healthz/ready` for the kubelet; `notReady` says why no traffic should be sent here. */
export const createReadyServer = (deps: { readonly notReady: () => string | undefined }): Server => {
  const answer = (): Answer => {
    const reason = deps.notReady()
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    return { status: reason === undefined ? 200 : 503, headers, body: `${reason ?? 'ready'}\n` }
  }
  return createServer({ endpoints: [{ method: 'GET', path: '/healthz/ready', answer }] })
}

/** `/stats/prometheus`, in the format that whoever asks takes. */
export const createMetricsServer = (
  textIn: (format: MetricsFormat) => Answer['body'] | Promise<Answer['body']>,
): Server => {
  const answer: Endpoint['answer'] = async ({ headers }) => {
    const format = chooseFormat(headers.accept)
    const body = await textIn(format)
    return { status: 200, headers: { 'content-type': format.contentType, vary: 'accept' }, body }
  }
  return createServer({ endpoints: [{ method: 'GET', path: '/stats/prometheus', answer }] })
}

const BODY_BYTES = 1024
const MAX_CONNECTIONS = 64
/** Prometheus comes every minute at the latest. */
const KEEP_ALIVE_MS = 72_000

/** A connection on which no byte moves for so long is closed: what it does not read is in memory. */
const SILENCE_MS = 60_000

/** Makes a server. Small limits: nobody has reason to send much here, or to hold many connections open. */
export const createServer = (options: ServerOptions): Server => {
  const server = http.createServer({ requestTimeout: 10_000, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // Sent before the answer to another: Node would have us answer thousands of one connection at a time, each of which may be
    // a page of metrics. Clients have given that up long ago.
    if (response.socket === null) request.socket.destroy()
    else void respond(options, request, response)
  })
  server.timeout = SILENCE_MS
  limitConnections(server, MAX_CONNECTIONS)
  return server
}

const respond = async (options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  for (const [name, value] of Object.entries(options.headers ?? {})) response.setHeader(name, value)
  try {
    await send(response, await answerTo(options, request))
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy()
    else await send(response, json({ error: messageOf(error) }, 500))
  }
}

const messageOf = (error: unknown): string => hideSecrets(error instanceof Error ? error.message : String(error))

const answerTo = async ({ endpoints, refuse, hint }: ServerOptions, request: IncomingMessage): Promise<Answer> => {
  const { method = '', url = '', headers } = request
  const refusal = refuse?.(method, headers)
  if (refusal !== undefined) return json({ error: refusal }, 403)
  // No endpoint takes a body; whatever tools send with a POST is read and dropped.
  if (!(await dropBody(request))) return { ...json({ error: tooLarge }, 413), isLast: true }
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const there = endpoints.filter((endpoint) => endpoint.path === path)
  const wanted = method === 'HEAD' ? 'GET' : method
  const endpoint = there.find((each) => each.method === wanted)
  if (endpoint !== undefined) {
    return endpoint.answer({ parameters: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)), headers })
  }
  if (there.length === 0) return json({ error: `nothing at ${path}${hint === undefined ? '' : `: ${hint}`}` }, 404)
  const allow = there.map((each) => each.method).join(', ')
  return json({ error: `${path} takes ${allow} only` }, 405, { allow })
}

const tooLarge = `nothing here takes a body, and none of more than ${BODY_BYTES} bytes is read`

/** Whether it was small. */
const dropBody = async (request: IncomingMessage): Promise<boolean> => {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES) return false
  let sizeBytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    // Nobody has set an encoding.
    sizeBytes += (chunk as Buffer).length
    if (sizeBytes > BODY_BYTES) return false
  }
  return true
}

const send = async (response: ServerResponse, { status, headers, body, isLast = false }: Answer): Promise<void> => {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (isLast) response.setHeader('connection', 'close')
  if (typeof body === 'string') {
    response.setHeader('content-length', Buffer.byteLength(body))
    response.end(body)
    return
  }
  if (response.req.method !== 'HEAD') await sendText(response, body)
  if (!response.destroyed) response.end()
}

/** Where a server listens, and what for. */
export interface Listening {
  readonly host: string
  readonly port: number
  readonly role: 'admin' | 'metrics' | 'ready'
}

/** Listens; the result is `ADDRESS:PORT` as bound, IPv6 in brackets. Throws `StartupError` (`ELISTEN`) when it cannot. */
export const listen = async (server: Server, { host, port, role }: Listening): Promise<string> => {
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (error) {
    const code = errorCode(error) ?? ''
    const where = joinHostPort(host, port)
    throw new StartupError('ELISTEN', `cannot listen on ${where} (${role}): ${explainListen(code, role)}`, error)
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`no TCP address for ${role}`)
  return joinHostPort(address.address, address.port)
}

/** Ends a server at once, with requests under way; one that does not listen is closed already. */
export const closeServer = async (server: Server): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}

const explainListen = (code: string, role: string): string => {
  const flag = `--${role}-port`
  switch (code) {
    case 'EADDRINUSE':
      return `another program has the port (another fairway?): end it, or choose a port with ${flag} (0 picks a free one)`
    case 'EACCES':
      return `ports below 1024 need a privilege: choose another with ${flag}`
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'this machine does not have the address: choose one with --bind (0.0.0.0 where there is no IPv6)'
    default:
      return code
  }
}
