import { HeaderList } from '../../http/header-list.ts'
import { exchange } from '../hbone-client/exchange.ts'
import { TunnelPool, type TunnelPoolOptions } from '../hbone-client/tunnel-pool.ts'
import type { Sample } from './tally.ts'

export interface ZtunnelOptions extends TunnelPoolOptions {
  /** What the client wrote into Host. */
  readonly host: string
}

/** Stands for a client pod and the ztunnel beside it; requests go one after the other inside of each tunnel. */
export class ZtunnelStandIn {
  readonly #options: ZtunnelOptions
  readonly #tunnels: TunnelPool

  constructor(options: ZtunnelOptions) {
    this.#options = options
    this.#tunnels = new TunnelPool(options)
  }

  /** Sends one GET and waits for its whole answer; as many at a time as are called. Never rejects. */
  async send(path: string): Promise<Sample> {
    const { clock } = this.#options
    const startedMs = clock.monotonicMs()
    const session = await this.#tunnels.acquire()
    if ('message' in session) return failed(session.message, clock.monotonicMs() - startedMs)
    const result = await exchange(session, requestOf(path, this.#options.host), this.#options)
    const ms = clock.monotonicMs() - startedMs
    if (!result.ok) return failed(result.failure.message, ms)
    this.#tunnels.release(session)
    const { status, headers } = result.head
    const service = headers.getLower('x-served-by')
    const isOk = status === 200 && service !== undefined
    return { isOk, service, ms, problem: isOk ? undefined : `the answer was ${status}` }
  }

  /** Keep-alive; every second. */
  tick(): void {
    this.#tunnels.tick()
  }

  close(): void {
    this.#tunnels.close()
  }
}

const requestOf = (target: string, host: string): Parameters<typeof exchange>[1] => ({
  method: 'GET',
  target,
  host,
  headers: new HeaderList(['user-agent', 'fairway-demo', 'accept', '*/*']),
})

const failed = (problem: string, ms: number): Sample => ({ isOk: false, service: undefined, ms, problem })
