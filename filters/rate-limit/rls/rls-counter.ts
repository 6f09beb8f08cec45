import type { FilterEnv } from 'fairway/filter'
import { passed, type Decision, type Demand, type Standing } from '../counting/limit.ts'
import type { Counter } from '../remote/remote-limiter.ts'
import type { RlsConfig } from './rls-config.ts'
import type { RlsAnswer } from './rls-messages.ts'

const METHOD = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit'
/** A flag and the length. */
const PREFIX_BYTES = 5
const MAX_ANSWER_BYTES = 64 * 1024
/** What a service that does not say how long to wait is taken to mean. */
const WAIT_MS = 1000

/** Has limits counted by a service of the mesh, over the waypoint's own connections. */
export class RlsCounter implements Counter {
  readonly #config: RlsConfig
  readonly #env: FilterEnv
  readonly #tellsAll: boolean
  /** Loaded with the first limit that wants it. */
  readonly #messages = import('./rls-messages.ts')

  constructor(config: RlsConfig, env: FilterEnv, { tellsAll }: { readonly tellsAll: boolean }) {
    this.#config = config
    this.#env = env
    this.#tellsAll = tellsAll
  }

  async decide(demands: readonly Demand[]): Promise<Decision> {
    const { isOver, statuses } = await this.#ask(demands)
    // A service may say no without saying to which.
    if (statuses.length !== demands.length) return isOver ? { isAllowed: false, standings: [] } : passed
    const standings = demands.map(({ limit }, i): Standing => {
      const { isOver: isRefused = false, remaining = 0, resetMs = 0, requests } = statuses[i] ?? {}
      const told = requests === undefined ? limit : { ...limit, requests }
      return { limit: told, waitMs: isRefused ? Math.max(WAIT_MS, resetMs) : 0, remaining, resetMs }
    })
    const refusals = standings.filter(({ waitMs }) => waitMs > 0)
    const isAllowed = !isOver || (refusals.length > 0 && refusals.every(({ limit }) => limit.isShadow))
    return isAllowed && refusals.length === 0 && !this.#tellsAll ? passed : { isAllowed, standings }
  }

  async charge(demands: readonly Demand[]): Promise<void> {
    await this.#ask(demands)
  }

  close(): void {}

  async #ask(demands: readonly Demand[]): Promise<RlsAnswer> {
    const { service, domain, timeout } = this.#config
    const { decodeResponse, encodeRequest } = await this.#messages
    const descriptors = demands.map(({ limit, cost, entries = [] }) => ({
      entries: [['generic_key', limit.name] as const, ...entries],
      hits: cost,
    }))
    const { statusCode, headers, body, trailers } = await this.#env.dispatcher.request({
      origin: `http://${service}`,
      path: METHOD,
      method: 'POST',
      headers: { 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': `${timeout}m` },
      body: frame(encodeRequest(domain, descriptors)),
      headersTimeout: timeout,
      bodyTimeout: timeout,
    })
    const bytes = Buffer.from(await body.arrayBuffer())
    const status = headers['grpc-status'] ?? trailers['grpc-status']
    if (statusCode !== 200 || status !== '0') {
      const message = headers['grpc-message'] ?? trailers['grpc-message'] ?? ''
      throw new Error(`HTTP ${statusCode}, gRPC ${String(status ?? 'without a status')} ${String(message)}`.trim())
    }
    return decodeResponse(unframe(bytes))
  }
}

const frame = (message: Uint8Array): Buffer => {
  const framed = Buffer.alloc(PREFIX_BYTES + message.length)
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, PREFIX_BYTES)
  return framed
}

const unframe = (bytes: Buffer): Buffer => {
  const isWhole =
    bytes.length >= PREFIX_BYTES && bytes[0] === 0 && bytes.readUInt32BE(1) === bytes.length - PREFIX_BYTES
  if (!isWhole || bytes.length > MAX_ANSWER_BYTES) throw new Error('what it answered is not one plain gRPC message')
  return bytes.subarray(PREFIX_BYTES)
}
