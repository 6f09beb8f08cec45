/**
 * An API server of Kubernetes that lives in the process of a test: what a client of ours can tell from the real one is a
 * mistake here. It knows no admission webhooks, no CEL, no protobuf, no aggregation, and of Kubernetes' own kinds only
 * those that somebody here has to do with, without most of their checks.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Api, refuse } from './api.ts'
import { badRequest, Failure } from './failure.ts'
import { distinctHeaders, hangUp } from './http/both-versions.ts'
import { Faults, type Fault, type SeenRequest } from './http/faults.ts'
import { readRequest } from './http/request-info.ts'
import { Users, type KnownUser } from './http/users.ts'
import type { Json, JsonObject } from './json.ts'

export interface StandInOptions {
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string }
  readonly users: readonly KnownUser[]
  /** Whether what nobody owns any more goes. */
  readonly collectsGarbage: boolean
}

export interface StandInServer extends AsyncDisposable {
  readonly port: number
  readonly api: Api
  readonly faults: Faults
  /** What came so far, oldest first. */
  readonly requests: readonly SeenRequest[]
  /** Breaks off every connection and takes no more; what is kept stays. */
  readonly stop: () => Promise<void>
  /** Takes connections again, on the same port. */
  readonly start: () => Promise<void>
  /** Breaks off every connection. */
  readonly cut: () => void
}

const KEEP_ALIVE_MS = 90_000

export const startStandIn = async (options: StandInOptions): Promise<StandInServer> => {
  const { tls } = options
  const users = new Users(options.users)
  const api = new Api({ collectsGarbage: options.collectsGarbage, issueToken: (user) => users.issue(user) })
  const faults = new Faults()
  const requests: SeenRequest[] = []
  const handle = createHandler({ api, users, faults, requests })
  const sockets = new Set<Socket>()
  const { cert, key, clientCa: ca } = tls
  const server = createSecureServer({
    cert,
    key,
    ca,
    requestCert: true,
    rejectUnauthorized: false,
    allowHTTP1: true,
    settings,
  })
  // After five seconds, Node's default, a question may cross the end of its connection; API servers wait for minutes.
  Object.assign(server, { keepAliveTimeout: KEEP_ALIVE_MS })
  // What Node gives for HTTP/2 here, and says so, is used as for HTTP/1.1; the types want to know which it is.
  const listener = (request: unknown, response: unknown): void =>
    void handle(request as IncomingMessage, response as ServerResponse)
  server.on('request', listener)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  const port = await listen(server, 0)
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    cut()
    await closed
  }
  return {
    port,
    api,
    faults,
    requests,
    stop,
    start: async () => void (await listen(server, port)),
    cut,
    [Symbol.asyncDispose]: stop,
  }
}

/** Of the real one, as it comes. */
const settings = { maxConcurrentStreams: 100 }

const listen = async (server: Http2SecureServer, port: number): Promise<number> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

interface Handling {
  readonly api: Api
  readonly users: Users
  readonly faults: Faults
  readonly requests: SeenRequest[]
}

const unauthorized = new Failure(401, 'Unauthorized', 'Unauthorized')

const createHandler =
  ({ api, users, faults, requests }: Handling) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const info = readRequest(request.method ?? '', request.url ?? '')
      const shown = users.identify(request)
      if (shown === undefined) throw unauthorized
      const user = api.actAs(shown, distinctHeaders(request))
      const seen = { ...info, user }
      requests.push(seen)
      const fault = faults.take(seen)
      if (fault !== undefined && (await suffer(fault, response)) === 'done') return
      if (user.groups.includes('system:unauthenticated') && info.about !== undefined) throw refuse(user, info)
      const body = await readBody(request)
      const { 'content-type': contentType = '', 'user-agent': userAgent = '' } = request.headers
      const answer = api.answer({ info, user, body, contentType, userAgent }, response)
      if (answer !== undefined) send(response, answer.code, answer.body)
    } catch (error) {
      sendFailure(response, error)
    }
  }

/** Whether the request is done with. */
const suffer = async (fault: Fault, response: ServerResponse): Promise<'done' | 'goes on'> => {
  switch (fault.kind) {
    case 'silent':
      return 'done'
    case 'slow':
      await delay(fault.ms)
      return 'goes on'
    case 'cut':
      cutAfter(response, fault.afterBytes)
      return 'goes on'
    case 'status': {
      const { code, retryAfterSeconds } = fault
      const reason = code === 429 ? 'TooManyRequests' : code === 503 ? 'ServiceUnavailable' : 'InternalError'
      if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds))
      const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
      sendFailure(response, new Failure(code, reason, `as the test wants it: ${code}`, details))
      return 'done'
    }
  }
}

/** Lets so much of the answer through and then breaks off. */
const cutAfter = (response: ServerResponse, bytes: number): void => {
  let left = bytes
  const write = response.write.bind(response)
  const writePart = (chunk: unknown): boolean => {
    const data = Buffer.from(String(chunk))
    const part = data.subarray(0, left)
    left -= part.length
    const isSent = write(part)
    if (left === 0) setImmediate(() => hangUp(response))
    return isSent
  }
  response.write = writePart
  response.end = (chunk?: unknown) => {
    if (typeof chunk === 'string') writePart(chunk)
    setImmediate(() => hangUp(response))
    return response
  }
}

const readBody = async (request: IncomingMessage): Promise<Json | undefined> => {
  const chunks: Buffer[] = []
  // A request stream without encoding gives buffers.
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  if (text === '') return undefined
  try {
    // What JSON.parse gives is what Json describes.
    return JSON.parse(text) as Json
  } catch (error) {
    throw badRequest(`the body is no JSON: ${String(error)}`)
  }
}

const send = (response: ServerResponse, code: number, body: JsonObject): void => {
  response.statusCode = code
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(body))
}

const sendFailure = (response: ServerResponse, error: unknown): void => {
  if (!(error instanceof Failure)) {
    send(response, 500, new Failure(500, 'InternalError', `a mistake in the stand-in: ${String(error)}`).status)
    return
  }
  if (error.reason !== 'NowhereFound') return send(response, error.code, error.status)
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
  response.end('404 page not found\n')
}
