import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import { failed, type KubeFailure, type KubeResult } from '../failure.ts'
import {
  explainLateHead,
  headerOf,
  idleConnectionMs,
  probeConnectionMs,
  type AnswerBody,
  type TransportAnswer,
  type WireQuestion,
} from './carrier.ts'
import { connectionReset, explainError } from './explain-error.ts'
import type { WirePlace, WireTls } from './http1.ts'

/** A connection, or why there is none; `http1`: the server is there and does not speak HTTP/2. */
export type OpenedSession =
  | { readonly kind: 'open'; readonly session: Http2Session }
  | { readonly kind: 'http1' }
  | { readonly kind: 'failed'; readonly failure: Pick<KubeFailure, 'reason' | 'message'> }

/** What may be on its way to us that nobody has read yet, in bytes: of an answer, and of all of a connection. */
const streamWindowBytes = 256 * 1024
const connectionWindowBytes = 1024 * 1024

/** How often the other side is asked for a sign of life, and how long it has for that: a watch may say nothing for minutes. */
const pingMs = 30_000
const pongMs = 15_000

/** RFC 9113, section 7. */
const REFUSED_STREAM = 7

/** A place with TLS, and where to begin. */
export interface SessionPlace extends WirePlace {
  readonly tls: WireTls
}

/** Dials, for `withinMs` at most. The signal ends it, and the connection too. */
export const openHttp2Session = (
  place: SessionPlace,
  withinMs: number,
  signal: AbortSignal,
): Promise<OpenedSession> => {
  const { promise, resolve } = Promise.withResolvers<OpenedSession>()
  const socket = dial(place, signal)
  let isLate = false
  const cancel = place.clock.after(withinMs, () => {
    isLate = true
    socket.destroy()
  })
  const settle = (opened: OpenedSession): void => {
    cancel()
    resolve(opened)
  }
  const fail = (error?: unknown): void => {
    const why = error === undefined ? connectionReset : explainError(error, signal)
    settle({ kind: 'failed', failure: isLate ? explainLateHead(withinMs) : why })
  }
  // It stays: what is wrong later on is told to streams.
  socket.on('error', fail)
  socket.once('close', () => fail())
  socket.once('secureConnect', () => {
    if (socket.alpnProtocol !== 'h2') {
      settle({ kind: 'http1' })
      socket.destroy()
      return
    }
    const session = startSession(socket, place)
    session.on('error', fail)
    // Before that nobody knows how many streams it takes.
    session.once('remoteSettings', () => settle({ kind: 'open', session: new Http2Session(session, place.clock) }))
  })
  return promise
}

const dial = ({ hostname, port, tls }: SessionPlace, signal: AbortSignal): TLSSocket => {
  const { secureContext, serverName, isInsecure } = tls
  const name = serverName ?? (isIP(hostname) === 0 ? hostname : undefined)
  const socket = connect({
    host: hostname,
    port,
    secureContext,
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: !isInsecure,
    ...(name === undefined ? {} : { servername: name }),
  })
  socket.setKeepAlive(true, probeConnectionMs)
  const end = (): void => void socket.destroy()
  signal.addEventListener('abort', end, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', end))
  return socket
}

const startSession = (socket: TLSSocket, { hostname, port }: SessionPlace): ClientHttp2Session => {
  // Loaded when there is a server that speaks it.
  const http2 = process.getBuiltinModule('node:http2')
  const authority = `https://${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`
  const settings = { enablePush: false, initialWindowSize: streamWindowBytes }
  const session = http2.connect(authority, { createConnection: () => socket, settings })
  session.once('connect', () => session.setLocalWindowSize(connectionWindowBytes))
  return session
}

/** A connection with many questions under way. It does not keep the process alive while there are none, and goes after a while. */
export class Http2Session {
  readonly #session: ClientHttp2Session
  readonly #clock: Clock
  #streams = 0
  #cancelIdle = (): void => {}
  #cancelPing = (): void => {}

  constructor(session: ClientHttp2Session, clock: Clock) {
    this.#session = session
    this.#clock = clock
    session.once('close', () => {
      this.#cancelIdle()
      this.#cancelPing()
    })
    this.#rest()
    this.#pingLater()
  }

  /** Whether it takes another question now. */
  get hasRoom(): boolean {
    // What the server does not say is without limit; and none at all would have us dial for ever.
    const most = Math.max(1, this.#session.remoteSettings.maxConcurrentStreams ?? Infinity)
    return !this.isClosed && this.#streams < most
  }

  /** Whether it takes no question any more. */
  get isClosed(): boolean {
    return this.#session.closed || this.#session.destroyed
  }

  /** Sends at once. `refused`: the server has not looked at it, so that it can be sent again. */
  send(question: WireQuestion): Promise<KubeResult<TransportAnswer> | 'refused'> {
    const { asked, headMs, signal } = question
    const { promise, resolve } = Promise.withResolvers<KubeResult<TransportAnswer> | 'refused'>()
    const stream = this.#open(question)
    let isLate = false
    const cancel = this.#clock.after(headMs, () => {
      isLate = true
      stream.destroy()
    })
    const end = (error?: unknown): void => {
      cancel()
      const why = error === undefined ? connectionReset : explainError(error, signal)
      const isRefused = stream.rstCode === REFUSED_STREAM && !signal.aborted
      resolve(isRefused ? 'refused' : failed({ asked, ...(isLate ? explainLateHead(headMs) : why) }))
    }
    // Later on it is told to whoever reads the body; nobody may.
    stream.on('error', end)
    stream.once('close', () => end())
    stream.once('response', (headers) => {
      cancel()
      resolve({ ok: true, value: answerOf(stream, headers) })
    })
    return promise
  }

  /** What is under way comes to its end. */
  retire(): void {
    this.#session.close()
  }

  destroy(): void {
    this.#session.destroy()
  }

  #open({ method, path, headers, body, signal }: WireQuestion): ClientHttp2Stream {
    const head = { ...headers, ':method': method, ':path': path }
    const stream = this.#session.request(head, { endStream: body === undefined, signal })
    this.#streams++
    this.#cancelIdle()
    this.#session.ref()
    stream.once('close', () => {
      this.#streams--
      if (this.#streams === 0) this.#rest()
    })
    if (body !== undefined) stream.end(body)
    return stream
  }

  #rest(): void {
    if (this.#session.destroyed) return
    this.#session.unref()
    this.#cancelIdle()
    this.#cancelIdle = this.#clock.after(idleConnectionMs, () => this.retire())
  }

  #pingLater(): void {
    this.#cancelPing = this.#clock.after(pingMs, () => {
      if (!this.#session.destroyed) this.#ping()
    })
  }

  #ping(): void {
    const message = `the connection was silent: no answer to a ping after ${pongMs} ms`
    this.#cancelPing = this.#clock.after(pongMs, () => this.#session.destroy(new Error(message)))
    this.#session.ping((error) => {
      this.#cancelPing()
      if (error === null) this.#pingLater()
    })
  }
}

const answerOf = (
  stream: ClientHttp2Stream,
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
): TransportAnswer => ({
  status: headers[':status'] ?? 0,
  header: headerOf(headers),
  body: createBody(stream),
})

const createBody = (stream: ClientHttp2Stream): AnswerBody => ({
  [Symbol.asyncIterator]: () => readBody(stream),
  destroy: () => void stream.destroy(),
})

/** When a connection breaks its streams just end, and Node says by their code that they were not at their end. */
async function* readBody(stream: ClientHttp2Stream): AsyncGenerator<Buffer> {
  // Nobody has set an encoding.
  for await (const chunk of stream) yield chunk as Buffer
  if (stream.rstCode !== 0 || stream.aborted) throw new Error(connectionReset.message)
}
