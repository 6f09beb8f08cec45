import { Duplex } from 'node:stream'
import type { Channel, ChannelHandler } from '../../channel.ts'

/** A channel that can be listened to. */
export type HandledChannel = Channel & { handler: ChannelHandler }

/** Who owns what the cipher text is about. */
export interface CipherOwner {
  /** Of the plain text that came, how much its reader has not passed on: so much window is kept from the peer. */
  readonly heldBytes: number
  /** The peer has ended its direction, or the channel is gone; what came before has been decrypted. */
  readonly onCipherEnd: () => void
}

/**
 * A channel as the stream that `node:tls` wants below it. It never says that the stream has ended: a TLS connection ends
 * with close_notify, and if that is missing what came may have been cut (RFC 9112 section 9.8). Node does not tell the
 * two apart, so its owner is asked whether the end was to be expected.
 *
 * Back-pressure goes through it by count. The channel below gets its window back for all cipher text but as much as there
 * is plain text that nobody has taken; so it is that channel's limits, and its account with the byte budget, that hold.
 * Of a record that is not whole nothing is kept back, or it might never become so.
 */
export class CipherStream implements ChannelHandler {
  readonly stream: Duplex
  readonly below: HandledChannel
  owner: CipherOwner
  /** Received, and neither consumed nor discarded below. */
  #withheldBytes = 0
  #whenSent: (() => void) | undefined
  #isEnded = false
  /** Nothing can be sent or received any more. */
  isGone = false

  constructor(below: HandledChannel, owner: CipherOwner) {
    this.below = below
    this.owner = owner
    this.stream = new Duplex({
      allowHalfOpen: true,
      // What comes is pushed as it comes: TLS always takes it, and the window bounds it.
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => this.#send([{ chunk }], done),
      writev: (chunks: readonly { readonly chunk: Buffer }[], done) => this.#send(chunks, done),
      final: (done) => {
        below.end()
        done()
      },
    })
    below.handler = this
  }

  /** The peer has ended its direction of the channel. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Plain text was passed on: the peer gets so much window that `heldBytes` stay covered. */
  settle(): void {
    const bytes = this.#withheldBytes - this.owner.heldBytes
    if (bytes <= 0 || this.isGone) return
    this.#withheldBytes -= bytes
    this.below.consume(bytes)
  }

  /** Plain text was thrown away, and no more is wanted. */
  drop(): void {
    const bytes = this.#withheldBytes - this.owner.heldBytes
    if (bytes <= 0 || this.isGone) return
    this.#withheldBytes -= bytes
    this.below.discard(bytes)
  }

  /** Ends both directions at once, visibly as an error. */
  abort(): void {
    if (this.isGone) return
    this.isGone = true
    this.below.abort()
  }

  /** Ends both directions at once, as an end. */
  cut(): void {
    if (this.isGone) return
    this.isGone = true
    this.below.cut()
  }

  onData(buffer: Buffer, start: number, end: number): void {
    // Decrypting what came for a stream that is destroyed would throw.
    if (this.stream.destroyed) return this.below.discard(end - start)
    this.#withheldBytes += end - start
    this.stream.push(buffer.subarray(start, end))
    this.settle()
  }

  onEnd(): void {
    this.#isEnded = true
    this.#tellEnd()
  }

  onClosed(): void {
    this.#isEnded = true
    this.isGone = true
    this.#tellEnd()
  }

  onDrain(): void {
    const done = this.#whenSent
    this.#whenSent = undefined
    done?.()
  }

  #send(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    if (this.isGone) return done()
    let isSent = true
    for (const { chunk } of chunks) isSent = this.below.send(chunk, 0, chunk.length)
    if (isSent) done()
    else this.#whenSent = done
  }

  /** Node tells of what it decrypted in callbacks of its own; by the next turn they have run. */
  #tellEnd(): void {
    setImmediate(() => this.owner.onCipherEnd())
  }
}
