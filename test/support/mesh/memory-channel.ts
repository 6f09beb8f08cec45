import { ignoreChannel } from '../../../src/proxy/channel.ts'
import type { Channel, ChannelHandler } from '../../../src/proxy/channel.ts'

/** A channel whose peer is the test: what is sent is kept, and what the peer does is called. */
export class MemoryChannel implements Channel {
  handler: ChannelHandler = ignoreChannel
  isLasting = true
  sent = ''
  /** Nothing more is taken at once: sends have to queue until `drain`. */
  isFull = false
  queuedBytes = 0
  consumed = 0
  discarded = 0
  ending: 'open' | 'end' | 'abort' | 'cut' = 'open'

  send(buffer: Buffer, start: number, end: number): boolean {
    return this.sendText(buffer.toString('latin1', start, end))
  }

  sendText(text: string): boolean {
    this.sent += text
    if (!this.isFull) return true
    this.queuedBytes += text.length
    return false
  }

  end(): void {
    if (this.ending === 'open') this.ending = 'end'
  }

  abort(): void {
    this.ending = 'abort'
    this.handler = ignoreChannel
  }

  cut(): void {
    this.ending = 'cut'
    this.handler = ignoreChannel
  }

  consume(bytes: number): void {
    this.consumed += bytes
  }

  discard(bytes: number): void {
    this.discarded += bytes
  }

  /** The peer sends. */
  receive(text: string, pieceBytes = text.length): void {
    for (let at = 0; at < text.length; at += pieceBytes) {
      const buffer = Buffer.from(text.slice(at, at + pieceBytes), 'latin1')
      this.handler.onData(buffer, 0, buffer.length)
    }
  }

  /** The peer reads on. */
  drain(): void {
    this.isFull = false
    this.queuedBytes = 0
    this.handler.onDrain()
  }
}
