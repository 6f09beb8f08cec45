import type { TLSSocket } from 'node:tls'
import { explainTlsError } from '../../identity/explain-tls.ts'
import { rethrow } from '../../lib/errors/rethrow.ts'
import { H2Connection } from '../../http/h2/connection.ts'
import { CONNECT_ERROR } from '../../http/h2/constants.ts'
import type { Flushable, Flusher } from '../flusher.ts'
import { readDirectly } from '../read-directly.ts'

/** Bytes in a socket's own buffer above which bodies wait in their streams instead. */
const SOCKET_LIMIT_BYTES = 256 * 1024
/** Above this the peer provokes answers and reads none of them: bodies alone never get there. */
const UNREAD_LIMIT_BYTES = 4 * 1024 * 1024
/** Writes from this size on are worth a callback to have their memory back. */
const RECYCLED_BYTES = 16 * 1024
/** Frames of one connection after which the others have their turn: some milliseconds of work at most. */
const FRAMES_PER_TURN = 512
/** Reads likewise: a TLS record each, of 16 KB or of a byte. What full ones hold goes out in one write. */
const READS_PER_TURN = 16
/** PING after this long without a byte from the peer; gone when the answer takes twice as long (as ztunnel does). */
export const PING_IDLE_MS = 10_000
export const PING_TIMEOUT_MS = 20_000
/** The same while somebody waits for the peer: whether it is there is then worth a PING. */
const AWAITED_PING_IDLE_MS = 1000
/** An answer that takes so long comes late enough to send nothing more that way, and not to give up what was sent. */
const PING_LATE_MS = 2000
/** A tick that comes so long after the one before: this process was held up, and may not have read the answer yet. */
const LATE_TICK_MS = 2000
/** A peer that reads nothing keeps a closing socket no longer. */
const CLOSE_TIMEOUT_MS = 1000
/**
 * No time yet. A whole number would do until the first time that is none: then V8 makes all transports anew, and the code
 * for them, which at 1,000 requests a second is a second of compiling.
 */
const NEVER = Number.NEGATIVE_INFINITY

/** Binds one TLS socket to one HTTP/2 connection: reads in, batched writes out, keep-alive, end. */
export class HboneTransport implements Flushable {
  readonly socket: TLSSocket
  readonly #flusher: Flusher
  #connection: H2Connection | undefined
  #onFault = rethrow
  #isClosing = false
  #lastHeardMs = NEVER
  #pingSentMs = NEVER
  #tickedMs = NEVER
  /** Its answer is. */
  #isLate = false
  /** The flusher's turn in which frames and reads are counted. */
  #turn = -1
  #readsLeft = 0

  constructor(socket: TLSSocket, flusher: Flusher) {
    this.socket = socket
    this.#flusher = flusher
  }

  /**
   * Begins to carry the connection. `onGone` is called once when the socket is closed, however that came, with the
   * socket's error if there was one; `onFault` when our own code threw: the connection is given up, the others go on.
   */
  start(connection: H2Connection, onGone: (why: string | undefined) => void, onFault = rethrow): void {
    this.#connection = connection
    this.#onFault = onFault
    const { socket } = this
    let why: string | undefined
    readDirectly(socket, (chunk) => {
      this.#flusher.noteRead()
      this.#lastHeardMs = NEVER
      this.#pingSentMs = NEVER
      try {
        if (this.#flusher.turn !== this.#turn) this.#beginTurn(connection)
        const before = connection.framesLeft
        const taken = connection.feed(chunk)
        this.#flusher.noteBytes(chunk.length, before - connection.framesLeft)
        if (--this.#readsLeft > 0 && taken === chunk.length) return
        if (!socket.destroyed) this.#rest(connection, chunk.subarray(taken))
      } catch (error) {
        this.#fail(error)
      }
    })
    socket.on('drain', () => this.#setBlocked(false))
    // An HBONE transport is never half open: its streams are.
    socket.on('end', () => socket.destroy())
    socket.on('error', (error) => {
      why ??= explainTlsError(error)
      socket.destroy()
    })
    socket.on('close', () => {
      try {
        connection.abort(CONNECT_ERROR)
      } catch (error) {
        onFault(error)
      }
      onGone(why)
    })
    connection.start()
  }

  /** The connection has output. */
  wantFlush(): void {
    this.#flusher.schedule(this)
  }

  flush(): void {
    const connection = this.#connection
    if (connection === undefined || connection.outputBytes === 0) return
    try {
      this.#write(connection.take())
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Writes what is still to be said (a GOAWAY, say) and closes. */
  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    if (this.#connection === undefined || this.#connection.outputBytes === 0) this.socket.end()
    else this.#flusher.schedule(this)
    setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT_MS).unref()
  }

  /**
   * Keep-alive, called every second or so with the monotonic time; with `isAwaited` silence is looked into sooner. False:
   * the answer to a PING is late, which is told once, or will not be waited for any more.
   */
  tick(nowMs: number, isAwaited = false): boolean {
    try {
      return this.#connection === undefined || this.#tick(this.#connection, nowMs, isAwaited)
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  #tick(connection: H2Connection, nowMs: number, isAwaited: boolean): boolean {
    connection.forgive()
    const wasHeldUp = nowMs - this.#tickedMs > LATE_TICK_MS
    this.#tickedMs = nowMs
    if (this.#lastHeardMs === NEVER) this.#lastHeardMs = nowMs
    if (this.#pingSentMs > 0) {
      if (wasHeldUp) return true
      const waitedMs = nowMs - this.#pingSentMs
      const wasLate = this.#isLate
      this.#isLate = waitedMs > PING_LATE_MS
      if (waitedMs <= PING_TIMEOUT_MS) return wasLate || !this.#isLate
      this.socket.destroy()
      return false
    }
    if (nowMs - this.#lastHeardMs <= (isAwaited ? AWAITED_PING_IDLE_MS : PING_IDLE_MS)) return true
    this.#pingSentMs = nowMs
    this.#isLate = false
    connection.ping()
    return true
  }

  /** Runs what belongs to this connection: if it throws, the connection is given up. */
  guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#fail(error)
    }
  }

  /**
   * Reads no more in this turn. Node goes on as long as there is something, up to 2 MB at once: of small frames that is
   * a hundred milliseconds and more in which nobody else is heard.
   */
  #rest(connection: H2Connection, rest: Buffer): void {
    const { socket } = this
    socket.pause()
    if (rest.length > 0) socket.unshift(rest)
    setImmediate(() => {
      this.#beginTurn(connection)
      socket.resume()
    })
  }

  #beginTurn(connection: H2Connection): void {
    this.#turn = this.#flusher.turn
    this.#readsLeft = READS_PER_TURN
    connection.pauseAfter(FRAMES_PER_TURN)
  }

  #write(bytes: Buffer): void {
    const { socket } = this
    if (socket.destroyed || socket.writableEnded) return
    if (bytes.length < RECYCLED_BYTES) socket.write(bytes)
    else socket.write(bytes, (error) => giveBack(bytes, error))
    const unread = socket.writableLength
    if (this.#isClosing) socket.end()
    else if (unread > UNREAD_LIMIT_BYTES) socket.destroy()
    else this.#setBlocked(unread > SOCKET_LIMIT_BYTES)
  }

  /** Bodies that waited move on, and their owners with them. */
  #setBlocked(isBlocked: boolean): void {
    try {
      this.#connection?.setBlocked(isBlocked)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.socket.destroy()
    this.#onFault(error)
  }
}

/** After an error nobody knows how far the socket got. */
const giveBack = (bytes: Buffer, error: Error | null | undefined): void => {
  if (error === null || error === undefined) H2Connection.giveBack(bytes)
}
