import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../../lib/clock.ts'
import { ignoreChannel } from '../../channel.ts'
import type { Channel, ChannelHandler } from '../../channel.ts'
import type { Flushable, Flusher } from '../../flusher.ts'
import { GatheredOutput } from '../gathered-output.ts'
import type { CipherOwner, CipherStream } from './cipher-stream.ts'

/** Bytes in the socket's buffer above which the sender is told to wait. */
const HIGH_WATER_BYTES = 256 * 1024
/** How long the channel below may stay half open after TLS has ended in both directions. */
const CLOSE_TIMEOUT_MS = 5000

/**
 * A TLS connection over another channel, as a channel. It stands after a handshake that succeeded, and ends the channel
 * below when it ends. What a peer sends and then leaves without close_notify is reported as cut.
 */
export class TlsChannel implements Channel, Flushable, CipherOwner {
  readonly #socket: TLSSocket
  readonly #cipher: CipherStream
  readonly #flusher: Flusher
  readonly #clock: Clock
  readonly #output = new GatheredOutput()
  handler: ChannelHandler = ignoreChannel
  heldBytes = 0
  #isScheduled = false
  #isFull = false
  #isEnding = false
  /** close_notify has come. */
  #isPeerDone = false
  #isDone = false

  constructor(socket: TLSSocket, cipher: CipherStream, deps: { readonly flusher: Flusher; readonly clock: Clock }) {
    this.#socket = socket
    this.#cipher = cipher
    this.#flusher = deps.flusher
    this.#clock = deps.clock
    cipher.owner = this
    socket.on('data', (chunk: Buffer) => {
      if (this.#isDone) return
      this.heldBytes += chunk.length
      this.handler.onData(chunk, 0, chunk.length)
    })
    socket.on('end', () => {
      this.#isPeerDone = true
      this.handler.onEnd()
    })
    socket.on('drain', () => {
      this.#isFull = false
      this.handler.onDrain()
    })
    socket.on('error', () => this.#lose())
    socket.on('close', () => this.#onBothDone())
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
    this.#cipher.abort()
  }

  cut(): void {
    this.#leave()
    this.#cipher.cut()
  }

  get isLasting(): boolean {
    return (
      !this.#isDone && !this.#isEnding && !this.#isPeerDone && !this.#cipher.isEnded && this.#cipher.below.isLasting
    )
  }

  get queuedBytes(): number {
    return this.#socket.writableLength + this.#cipher.below.queuedBytes
  }

  consume(bytes: number): void {
    this.heldBytes -= Math.min(bytes, this.heldBytes)
    this.#cipher.settle()
  }

  discard(bytes: number): void {
    this.heldBytes -= Math.min(bytes, this.heldBytes)
    this.#cipher.drop()
  }

  flush(): void {
    this.#isScheduled = false
    if (this.#isDone) return
    const bytes = this.#output.take()
    if (bytes !== undefined) this.#socket.write(bytes)
    if (this.#isEnding) this.#socket.end()
    else this.#isFull = this.#socket.writableLength > HIGH_WATER_BYTES
  }

  /** Without close_notify before it, the end of the channel below may be anybody's doing. */
  onCipherEnd(): void {
    if (this.#isDone) return
    if (!this.#isPeerDone) return this.#lose()
    if (!this.#cipher.isGone) return
    this.#tellClosed(true)
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isDone) return
    this.#isScheduled = true
    this.#flusher.schedule(this)
  }

  /** Both have said close_notify: the peer closes its side of the channel below, or we do it. */
  #onBothDone(): void {
    if (this.#isDone) return
    const cipher = this.#cipher
    if (!cipher.isEnded) this.#clock.after(CLOSE_TIMEOUT_MS, () => cipher.isEnded || cipher.cut())
    this.#tellClosed(true)
  }

  #lose(): void {
    if (this.#isDone) return
    this.#tellClosed(false)
    this.#cipher.abort()
  }

  #tellClosed(isClean: boolean): void {
    const { handler } = this
    this.#leave()
    handler.onClosed(isClean, false)
  }

  #leave(): void {
    this.#isDone = true
    this.handler = ignoreChannel
    this.heldBytes = 0
    this.#cipher.drop()
    this.#socket.destroy()
  }
}
