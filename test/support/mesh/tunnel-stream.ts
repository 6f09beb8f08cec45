import { once } from 'node:events'
import { Duplex } from 'node:stream'
import type { ChannelHandler } from '../../../src/proxy/channel.ts'
import type { HboneClient } from '../../../src/proxy/hbone/client.ts'
import type { TunnelChannel } from '../../../src/proxy/hbone/tunnel.ts'

/** Opens a tunnel as a stream of bytes, or tells why there is none. */
export const openStream = (client: HboneClient, authority: string): Promise<TunnelStream> =>
  new Promise((resolve, reject) => {
    client.open(authority, (result) => {
      if (result.ok) resolve(new TunnelStream(result.channel))
      else reject(new Error(result.failure.message))
    })
  })

/** The client's end of a tunnel as a Node stream; what is not read is not acknowledged. */
export class TunnelStream extends Duplex implements ChannelHandler {
  readonly channel: TunnelChannel
  /** How the other direction ended. */
  ending: 'open' | 'end' | 'reset-clean' | 'reset-error' = 'open'
  received = 0
  #unread = 0
  #whenDrained: (() => void) | undefined

  constructor(channel: TunnelChannel) {
    super({ allowHalfOpen: true })
    this.channel = channel
    channel.handler = this
    this.on('error', () => {})
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const bytes = end - start
    this.received += bytes
    if (this.push(Buffer.from(buffer.subarray(start, end)))) this.channel.consume(bytes)
    else this.#unread += bytes
  }

  onEnd(): void {
    this.ending = 'end'
    this.push(null)
  }

  onClosed(isClean: boolean): void {
    this.ending = isClean ? 'reset-clean' : 'reset-error'
    if (isClean) this.push(null)
    else this.destroy(new Error('the tunnel was reset'))
    this.onDrain()
  }

  onDrain(): void {
    const done = this.#whenDrained
    this.#whenDrained = undefined
    done?.()
  }

  override _read(): void {
    const bytes = this.#unread
    this.#unread = 0
    if (bytes > 0) this.channel.consume(bytes)
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.channel.send(chunk, 0, chunk.length)) done()
    else this.#whenDrained = done
  }

  override _final(done: () => void): void {
    this.channel.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error)
  }
}

/** Waits for so many bytes. */
export const readBytes = async (stream: TunnelStream, bytes: number): Promise<string> => {
  let seen = ''
  while (seen.length < bytes) {
    const chunk: unknown = stream.read()
    if (Buffer.isBuffer(chunk)) seen += chunk.toString('latin1')
    else await once(stream, 'readable')
  }
  return seen
}

/** Everything up to the end; the other direction stays as it is. */
export const readRest = async (stream: TunnelStream): Promise<string> => {
  let seen = ''
  stream.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')))
  await once(stream, 'end')
  return seen
}
