import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { ignoreChannel } from '../channel.ts'
import type { Channel, ChannelHandler } from '../channel.ts'
import type { Flushable, Flusher } from '../flusher.ts'

/** Bytes in the socket's buffer above which the sender is told to wait. */
const HIGH_WATER_BYTES = 256 * 1024
/** Received bytes that the owner has not passed on, above which reading stops. */
const UNCONSUMED_LIMIT_BYTES = 256 * 1024

/** A plaintext TCP connection as a channel: writes of one turn go out as one, reading pauses while nobody consumes. */
export class SocketChannel implements Channel, Flushable {
  readonly #socket: Socket
  readonly #flusher: Flusher
  handler: ChannelHandler = ignoreChannel
  #pending: Buffer[] = []
  #pendingText = ''
  #isScheduled = false
  #isFull = false
  #isEnding = false
  #unconsumed = 0
  #isDone = false

  constructor(socket: Socket, flusher: Flusher) {
    this.#socket = socket
    this.#flusher = flusher
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      flusher.noteRead()
      this.#unconsumed += chunk.length
      this.handler.onData(chunk, 0, chunk.length)
      if (this.#unconsumed > UNCONSUMED_LIMIT_BYTES) socket.pause()
    })
    socket.on('end', () => this.handler.onEnd())
    socket.on('drain', () => {
      this.#isFull = false
      this.handler.onDrain()
    })
    socket.on('error', () => this.#close(false))
    socket.on('close', (hadError) => this.#close(!hadError))
  }

  send(buffer: Buffer, start: number, end: number): boolean {
    this.#settleText()
    this.#pending.push(buffer.subarray(start, end))
    this.#schedule()
    return !this.#isFull
  }

  sendText(text: string): boolean {
    this.#pendingText += text
    this.#schedule()
    return !this.#isFull
  }

  end(): void {
    this.#isEnding = true
    this.#schedule()
  }

  abort(): void {
    this.#isDone = true
    this.handler = ignoreChannel
    this.#socket.resetAndDestroy()
  }

  consume(bytes: number): void {
    this.#unconsumed -= bytes
    if (this.#unconsumed <= UNCONSUMED_LIMIT_BYTES >> 1 && this.#socket.isPaused()) this.#socket.resume()
  }

  flush(): void {
    this.#isScheduled = false
    if (this.#isDone) return
    this.#settleText()
    const pending = this.#pending
    this.#pending = []
    const first = pending[0]
    if (first !== undefined) this.#socket.write(pending.length === 1 ? first : Buffer.concat(pending))
    if (this.#isEnding) this.#socket.end()
    else this.#isFull = this.#socket.writableLength > HIGH_WATER_BYTES
  }

  #settleText(): void {
    if (this.#pendingText === '') return
    this.#pending.push(Buffer.from(this.#pendingText, 'latin1'))
    this.#pendingText = ''
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isDone) return
    this.#isScheduled = true
    this.#flusher.schedule(this)
  }

  #close(isClean: boolean): void {
    if (this.#isDone) return
    this.#isDone = true
    const { handler } = this
    this.handler = ignoreChannel
    handler.onClosed(isClean)
  }
}

/** Dials a plaintext endpoint; `done` is called once. */
export const dialPlain = (
  target: { readonly address: string; readonly port: number; readonly timeoutMs: number; readonly flusher: Flusher },
  done: (result: { readonly channel: SocketChannel } | { readonly failure: string }) => void,
): void => {
  const { address, port, timeoutMs, flusher } = target
  const socket = connect({ host: address, port, allowHalfOpen: true })
  const fail = (why: string): void => {
    clearTimeout(timer)
    socket.removeAllListeners()
    socket.on('error', () => {})
    socket.destroy()
    done({ failure: `TCP connect to ${address}:${port} ${why}` })
  }
  const timer = setTimeout(() => fail(`timed out after ${timeoutMs} ms`), timeoutMs)
  timer.unref()
  socket.once('error', (error) => fail(`failed: ${error.message}`))
  socket.once('connect', () => {
    clearTimeout(timer)
    socket.removeAllListeners()
    done({ channel: new SocketChannel(socket, flusher) })
  })
}
