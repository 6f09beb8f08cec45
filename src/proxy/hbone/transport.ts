import type { TLSSocket } from 'node:tls'
import type { H2Connection } from '../../http/h2/connection.ts'
import { CONNECT_ERROR } from '../../http/h2/constants.ts'
import type { Flushable, Flusher } from '../flusher.ts'

/** Bytes in a socket's own buffer above which bodies wait in their streams instead. */
const SOCKET_LIMIT_BYTES = 256 * 1024
/** PING after this long without a byte from the peer; gone when the answer takes twice as long (as ztunnel does). */
export const PING_IDLE_MS = 10_000
export const PING_TIMEOUT_MS = 20_000

/** Binds one TLS socket to one HTTP/2 connection: reads in, batched writes out, keep-alive, end. */
export class HboneTransport implements Flushable {
  readonly socket: TLSSocket
  readonly #flusher: Flusher
  #connection: H2Connection | undefined
  #isClosing = false
  #lastHeardMs = 0
  #pingSentMs = 0

  constructor(socket: TLSSocket, flusher: Flusher) {
    this.socket = socket
    this.#flusher = flusher
  }

  /** Begins to carry the connection; `onGone` is called once when the socket is closed, however that came. */
  start(connection: H2Connection, onGone: () => void): void {
    this.#connection = connection
    const { socket } = this
    socket.on('data', (chunk: Buffer) => {
      this.#flusher.noteRead()
      this.#lastHeardMs = 0
      this.#pingSentMs = 0
      connection.feed(chunk)
    })
    socket.on('drain', () => connection.setBlocked(false))
    // An HBONE transport is never half open: its streams are.
    socket.on('end', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      connection.abort(CONNECT_ERROR)
      onGone()
    })
    connection.start()
  }

  /** The connection has output. */
  wantFlush(): void {
    this.#flusher.schedule(this)
  }

  flush(): void {
    const connection = this.#connection
    const { socket } = this
    if (connection === undefined || connection.outputBytes === 0) return
    const bytes = connection.take()
    if (socket.destroyed) return
    socket.write(bytes)
    if (this.#isClosing) socket.end()
    else connection.setBlocked(socket.writableLength > SOCKET_LIMIT_BYTES)
  }

  /** Writes what is still to be said (a GOAWAY, say) and closes. */
  close(): void {
    this.#isClosing = true
    if (this.#connection === undefined || this.#connection.outputBytes === 0) this.socket.end()
    else this.#flusher.schedule(this)
    // A peer that reads nothing does not keep the socket.
    setTimeout(() => this.socket.destroy(), 1000).unref()
  }

  /** Keep-alive, called every second or so with the monotonic time. */
  tick(nowMs: number): void {
    const connection = this.#connection
    if (connection === undefined) return
    connection.forgive()
    if (this.#lastHeardMs === 0) this.#lastHeardMs = nowMs
    if (this.#pingSentMs > 0 && nowMs - this.#pingSentMs > PING_TIMEOUT_MS) this.socket.destroy()
    else if (this.#pingSentMs === 0 && nowMs - this.#lastHeardMs > PING_IDLE_MS) {
      this.#pingSentMs = nowMs
      connection.ping()
    }
  }
}
