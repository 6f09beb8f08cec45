import { isGrpcContentType } from '../../../http/is-grpc.ts'
import type { HeaderList } from '../../../http/header-list.ts'
import type { H1ResponseHead } from '../../../http/h1/message.ts'
import type { Clock } from '../../../lib/clock.ts'
import { countsErrors } from './endpoint-health.ts'
import type { EndpointHealth, Happening, Watcher } from './endpoint-health.ts'
import { httpStatusOf } from './grpc-status.ts'
import type { HealthRegistry } from './health-registry.ts'
import { pushbackMs, retryAfterMs } from './retry-after.ts'

/** What was tried: an endpoint for somebody, since when. */
export interface Trying {
  readonly health: EndpointHealth
  /** For whose rules. */
  readonly watcher: Watcher
  readonly startedMs: number
}

/** Failures of connections that say nothing of the endpoint: one that is full or ending, and a limit of ours. */
const BLAMELESS: ReadonlySet<string> = new Set(['unprocessed', 'overflow'])

/** This system has no file descriptor, port or memory for a connection: nobody has been asked anything. */
const OUR_OWN = /\b(?:EMFILE|ENFILE|EADDRNOTAVAIL|ENOBUFS|ENOMEM)\b/

/** What comes of requests and connections, told to the health of the endpoints. */
export class Outcomes {
  readonly #registry: HealthRegistry
  readonly #clock: Pick<Clock, 'nowMs'>

  constructor(registry: HealthRegistry, clock: Pick<Clock, 'nowMs'>) {
    this.#registry = registry
    this.#clock = clock
  }

  /** It was connected to: it is there now, whenever that was begun. */
  onConnected(trying: Trying): void {
    if (this.#registry.isEnded) return
    const at = this.#happening(trying)
    trying.health.noteReached({ ...at, startedMs: at.nowMs })
  }

  /** It could not be connected to; `failure` is the same object for all who waited for one connection. */
  onUnreachable(trying: Trying, failure: { readonly kind: string; readonly message: string }): void {
    if (this.#registry.isEnded || BLAMELESS.has(failure.kind)) return
    if (failure.kind === 'connect-failed' && OUR_OWN.test(failure.message)) return
    trying.health.noteUnreachable(failure, this.#happening(trying))
  }

  /** An answer has begun; false when its verdict is still to come: gRPC's status, with `onTrailers`. */
  onHead(trying: Trying, { status, headers }: H1ResponseHead): boolean {
    if (this.#registry.isEnded) return true
    const at = this.#happening(trying)
    trying.health.noteReached(at)
    if (status === 200 && isGrpcContentType(headers.getLower('content-type'))) {
      const grpcStatus = headers.getLower('grpc-status')
      if (grpcStatus === undefined) return false
      this.#noteCall(trying, grpcStatus, headers)
      return true
    }
    const restMs = status === 429 || status === 503 ? retryAfterMs(headers, this.#clock.nowMs()) : 0
    if (restMs > 0) this.#rest(trying, restMs)
    this.#noteStatus(trying.health, status, { what: `answered ${status}`, at })
    return true
  }

  /** The end of an answer whose head did not say everything. */
  onTrailers(trying: Trying, trailers: HeaderList | undefined): void {
    if (this.#registry.isEnded) return
    const grpcStatus = trailers?.getLower('grpc-status')
    // An answer of gRPC without one is as UNKNOWN.
    this.#noteCall(trying, grpcStatus ?? '2', trailers)
  }

  /** A try came to no answer, though there was a connection. */
  onLost(trying: Trying, kind: 'reset' | 'timeout' | 'protocol', message: string): void {
    if (this.#registry.isEnded) return
    const at = this.#happening(trying)
    this.#noteStatus(trying.health, kind === 'timeout' ? 504 : 502, { what: message, at })
  }

  #noteCall(trying: Trying, grpcStatus: string, fields: HeaderList | undefined): void {
    const status = httpStatusOf(grpcStatus)
    const restMs = fields === undefined || status === 200 ? 0 : pushbackMs(fields)
    if (restMs > 0) this.#rest(trying, restMs)
    const at = this.#happening(trying)
    this.#noteStatus(trying.health, status, { what: `answered with grpc-status ${grpcStatus.slice(0, 20)}`, at })
  }

  #noteStatus(
    health: EndpointHealth,
    status: number,
    { what, at }: { readonly what: string; readonly at: Happening },
  ): void {
    const { rules } = at.watcher
    const isGateway = status >= 502 && status <= 504
    const isError = status >= 500
    if (rules.successRatio !== undefined) health.noteAnswer(!isError, at)
    if (isError && countsErrors(rules, isGateway)) return health.noteError({ isGateway, detail: what }, at)
    // Where errors do not count they say nothing, least of all that it is well: other Services' rules may look at them.
    if (!isError || rules.consecutiveGatewayErrors > 0) health.noteGood(at)
  }

  /** One that is alone gets everything all the same. */
  #rest({ health, watcher }: Trying, restMs: number): void {
    if (watcher.size < 2) return
    this.#registry.counters.rests++
    health.rest(this.#registry.nowMs + restMs)
  }

  #happening({ watcher, startedMs }: Trying): Happening {
    return { watcher, startedMs, nowMs: this.#registry.nowMs }
  }
}
