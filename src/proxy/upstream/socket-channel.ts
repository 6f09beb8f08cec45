import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { ignoreChannel } from '../channel.ts'
import type { Channel, ChannelHandler } from '../channel.ts'
import type { ByteBudget, Holder } from '../limits/byte-budget.ts'
import { startDeadline } from '../limits/deadlines.ts'
import type { Flushable, Flusher } from '../flusher.ts'
import { GatheredOutput } from './gathered-output.ts'

/** Bytes in the socket's buffer above which the sender is told to wait. */
const HIGH_WATER_BYTES = 256 * 1024
/** Received bytes that the owner has not passed on, above which reading stops. */
const UNCONSUMED_LIMIT_BYTES = 256 * 1024
/** The same while the process holds too much. */
const TIGHT_LIMIT_BYTES = 32 * 1024

const NOTHING = Buffer.alloc(0)

export interface SocketChannelOptions {
  readonly flusher: Flusher
  readonly budget: ByteBudget
  /** Our own code threw while it handled what the peer sent: this connection is given up. */
  readonly onFault: (error: unknown) => void
}

/** A plaintext TCP connection as a channel: writes of one turn go out as one, reading pauses while nobody consumes. */
export class SocketChannel implements Channel, Flushable, Holder {
  readonly #socket: Socket
  readonly #flusher: Flusher
  readonly #budget: ByteBudget
  readonly #onFault: (error: unknown) => void
  handler: ChannelHandler = ignoreChannel
  readonly #output = new GatheredOutput()
  #isScheduled = false
  #isFull = false
  #isEnding = false
  heldBytes = 0
  holderPlace = -1
  #isDone = false

  constructor(socket: Socket, { flusher, budget, onFault }: SocketChannelOptions) {
    this.#socket = socket
    this.#flusher = flusher
    this.#budget = budget
    this.#onFault = onFault
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      flusher.noteRead()
      if (this.#isDone) return
      this.heldBytes += chunk.length
      budget.take(chunk.length)
      try {
        this.handler.onData(chunk, 0, chunk.length)
        flusher.noteBytes(chunk.length, 1)
        if (this.heldBytes > 0) this.#onHeld()
      } catch (error) {
        this.#fail(error)
      }
    })
    socket.on('end', () => this.#guard(() => this.handler.onEnd()))
    socket.on('drain', () => {
      this.#isFull = false
      this.#guard(() => this.handler.onDrain())
    })
    socket.on('error', () => this.#close(false))
    socket.on('close', (hadError) => this.#close(!hadError))
  }

  send(buffer: Buffer, start: number, end: number): boolean {
    this.#output.add(buffer, start, end)
    this.#schedule()
    return !this.#isFull
  }

  sendText(text: string): boolean {
    this.#output.addText(text)
    this.#schedule()
    return !this.#isFull
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#schedule()
  }

  abort(): void {
    this.#leave()
    this.handler = ignoreChannel
    const { writableEnded, writableFinished } = this.#socket
    // Where our end is just being told, libuv refuses to reset, and Node would never close the descriptor.
    if (writableEnded && !writableFinished) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  cut(): void {
    this.#leave()
    this.handler = ignoreChannel
    this.#socket.destroy()
  }

  get isLasting(): boolean {
    return !this.#isDone && !this.#isEnding
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  consume(bytes: number): void {
    this.#release(bytes)
    if (this.heldBytes <= this.#limitBytes >> 1 && this.#socket.isPaused()) this.#socket.resume()
  }

  discard(bytes: number): void {
    this.#release(bytes)
  }

  /** It reads on as soon as something is consumed. */
  relax(): void {}

  shed(): void {
    const { handler } = this
    this.abort()
    this.#tellClosed(handler, false)
  }

  flush(): void {
    this.#isScheduled = false
    if (this.#isDone) return
    try {
      const bytes = this.#output.take()
      if (bytes !== undefined) this.#socket.write(bytes)
      if (this.#isEnding) this.#endBehind()
      else this.#isFull = this.#socket.writableLength > HIGH_WATER_BYTES
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Ends when all that was sent has left us: until then it can be reset, so that a part of it never looks like all. */
  #endBehind(): void {
    const socket = this.#socket
    if (socket.writableLength === 0) return void socket.end()
    socket.write(NOTHING, () => {
      if (!this.#isDone) socket.end()
    })
  }

  get #limitBytes(): number {
    return this.#budget.isOver ? TIGHT_LIMIT_BYTES : UNCONSUMED_LIMIT_BYTES
  }

  #onHeld(): void {
    if (this.heldBytes > this.#limitBytes) this.#socket.pause()
    if (this.holderPlace < 0 && !this.#isDone) this.#budget.list(this)
  }

  #release(bytes: number): void {
    const released = Math.min(bytes, this.heldBytes)
    this.heldBytes -= released
    this.#budget.give(released)
    if (this.holderPlace >= 0 && this.heldBytes === 0) this.#budget.unlist(this)
  }

  /** It is gone, and what was held of it. */
  #leave(): void {
    this.#isDone = true
    this.#release(this.heldBytes)
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isDone) return
    this.#isScheduled = true
    this.#flusher.schedule(this)
  }

  #close(isClean: boolean): void {
    if (this.#isDone) return
    this.#leave()
    const { handler } = this
    this.handler = ignoreChannel
    this.#tellClosed(handler, isClean)
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A bug of ours ends this connection, and not the process: nobody else listens on a socket. */
  #fail(error: unknown): void {
    this.#onFault(error)
    if (!this.#isDone) this.shed()
  }

  #tellClosed(handler: ChannelHandler, isClean: boolean): void {
    try {
      handler.onClosed(isClean, false)
    } catch (error) {
      this.#onFault(error)
    }
  }
}

export interface DialOptions extends SocketChannelOptions {
  readonly address: string
  readonly port: number
  /** 0 for as long as the system tries. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Nobody answered in time; `done` follows. */
  readonly onTimeout: () => void
  /** A channel that was handed out is closed in both directions. */
  readonly onGone: () => void
}

/** What the system says when it waited in vain itself. */
const DEAF_CODES: ReadonlySet<unknown> = new Set(['ETIMEDOUT', 'EHOSTUNREACH'])

/** Dials a plaintext endpoint; `done` is called once. `isDeaf`: nobody said yes or no. */
export const dialPlain = (
  options: DialOptions,
  done: (result: { readonly channel: SocketChannel } | { readonly failure: string; readonly isDeaf: boolean }) => void,
): void => {
  const { address, port, timeoutMs } = options
  const socket = connect({ host: address, port, allowHalfOpen: true })
  let isSettled = false
  const fail = (why: string, isDeaf: boolean): void => {
    if (isSettled) return
    isSettled = true
    cancel()
    socket.destroy()
    done({ failure: `TCP connect to ${address}:${port} ${why}`, isDeaf })
  }
  const cancel = startDeadline(options.clock, timeoutMs, () => {
    options.onTimeout()
    fail(`timed out after ${timeoutMs} ms: a NetworkPolicy may block the port`, true)
  })
  // Stays: an error without a listener would end the process.
  socket.on('error', (error: NodeJS.ErrnoException) => fail(`failed: ${error.message}`, DEAF_CODES.has(error.code)))
  socket.once('connect', () => {
    if (isSettled) return
    isSettled = true
    cancel()
    socket.once('close', options.onGone)
    done({ channel: new SocketChannel(socket, options) })
  })
}
