import type { H2Connection } from '../../../src/http/h2/connection.ts'
import type { ChannelHandler } from '../../../src/proxy/channel.ts'
import { Flusher } from '../../../src/proxy/flusher.ts'
import type { HboneClient } from '../../../src/proxy/hbone/client.ts'
import type { TunnelChannel } from '../../../src/proxy/hbone/tunnel.ts'
import { InnerTransport } from '../../../src/proxy/inner-h2/inner-transport.ts'
import { TurnBudget } from '../../../src/proxy/limits/turn-budget.ts'

/** Opens a tunnel with HTTP/2 inside, or tells why there is none. */
export const openInner = (client: HboneClient, authority: string): Promise<InnerClient> =>
  new Promise((resolve, reject) => {
    client.open(authority, (result) => {
      if (result.ok) resolve(new InnerClient(result.channel))
      else reject(new Error(result.failure.message))
    })
  })

/** An HTTP/2 client in one tunnel, on the codec alone, so that a test can do anything with it. */
export class InnerClient implements ChannelHandler {
  readonly channel: TunnelChannel
  readonly #transport: InnerTransport
  /** What the waypoint broke, if we gave the connection up for it. */
  failure = ''
  isOver = false

  constructor(channel: TunnelChannel) {
    this.channel = channel
    this.#transport = new InnerTransport(
      channel,
      {
        onStream: () => {
          throw new Error('a server cannot open streams')
        },
        onGoaway: () => {},
        onSettings: () => {},
        onPong: () => {},
        onStreamClosed: () => {},
        onFailure: (_code, message) => {
          this.failure = message
          this.#transport.close()
        },
      },
      {
        role: 'client',
        flusher: new Flusher(),
        turns: new TurnBudget(),
        onFault: (error) => {
          this.failure = String(error)
        },
      },
    )
    channel.handler = this
    this.#transport.start()
  }

  get h2(): H2Connection {
    return this.#transport.h2
  }

  /** Ends our direction behind all that was said. */
  end(): void {
    this.#transport.close()
  }

  /** Resets the tunnel, as an error or, with `isClean`, as what reads as an end. */
  reset(isClean: boolean): void {
    this.isOver = true
    if (isClean) this.channel.cut()
    else this.channel.abort()
    this.#transport.abandon()
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#transport.read(buffer, start, end)
  }

  onEnd(): void {
    this.#transport.finishReading(() => {
      this.end()
      this.onClosed()
    })
  }

  onClosed(): void {
    this.isOver = true
    this.#transport.finishReading(() => this.#transport.abandon())
  }

  onDrain(): void {
    this.#transport.onDrain()
  }
}
