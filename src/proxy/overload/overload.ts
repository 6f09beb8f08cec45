/**
 * What a process may take on, in numbers: requests under way, tunnels, bytes and memory. When it is too much, those who
 * have most give way first. Time is another matter: who waits for it, and for how long, is in `FairQueue`.
 */
import type { Counters } from '../counters.ts'
import type { Pressure } from './memory-guard.ts'
import type { OverloadReason } from './overload-reason.ts'
import type { SourceLoad } from './source-load.ts'
import { Sources } from './sources.ts'

/** What an operator may set; for each process, and plain data. */
export interface OverloadLimits {
  /** Requests under way; default 0: any number. */
  readonly maxRequests?: number
  /** 0 is any number; default: what an eighth of the memory holds, and at most 100,000. */
  readonly maxTunnels?: number
  /** How long requests may wait while more come than there is time for; default 5 ms, 0 is for ever. */
  readonly waitMs?: number
}

export interface OverloadOptions extends OverloadLimits {
  readonly counters: Counters
  /** What this process may use. */
  readonly memoryBytes: number
}

const MAX_DEFAULT_TUNNELS = 100_000
/** A tunnel with its parser and what it may hold for a moment. */
const TUNNEL_BYTES = 3 * 1024
const SHARE_OF_MEMORY = 8

/** Up to this share of a limit everybody gets what he asks for; the rest is for clients with less than their share. */
const OPEN_RATIO = 0.75
/** Whatever becomes of memory: an operator has to be able to see what is going on, and memory may never get better. */
const MIN_REQUESTS = 32
const MIN_TUNNELS = 64
/** What is left of the number of requests and tunnels in each second in which memory is short. */
const BRAKE_RATIO = 0.5

export class Overload {
  readonly sources: Sources
  readonly #counters: Counters
  readonly #maxRequests: number
  readonly #maxTunnels: number
  /** Lower than the limits while memory is short. */
  #requestLimit: number
  #tunnelLimit: number
  /** Below these nobody is asked whose it is. */
  #freeRequests: number
  #freeTunnels: number
  #brake: 'bytes' | 'heap' | undefined

  constructor({ counters, maxRequests = 0, maxTunnels, memoryBytes, waitMs }: OverloadOptions) {
    const tunnels = maxTunnels ?? Math.min(MAX_DEFAULT_TUNNELS, memoryBytes / SHARE_OF_MEMORY / TUNNEL_BYTES)
    this.sources = new Sources(waitMs)
    this.#counters = counters
    this.#maxRequests = maxRequests || Infinity
    this.#maxTunnels = Math.floor(tunnels) || Infinity
    this.#requestLimit = this.#maxRequests
    this.#tunnelLimit = this.#maxTunnels
    this.#freeRequests = this.#requestLimit * OPEN_RATIO
    this.#freeTunnels = this.#tunnelLimit * OPEN_RATIO
  }

  /** Why this client may not begin a request now; `undefined` when it may. */
  refusalOfRequest(load: SourceLoad): OverloadReason | undefined {
    const { activeExchanges } = this.#counters
    if (activeExchanges < this.#freeRequests) return undefined
    if (activeExchanges >= this.#requestLimit) return this.#brake ?? 'requests'
    return this.#hasShare(load.requests, this.#requestLimit, hasRequests) ? undefined : 'source'
  }

  /** Why this client may not open a tunnel now; the tunnel counts already. */
  refusalOfTunnel(load: SourceLoad): OverloadReason | undefined {
    const { openTunnels } = this.#counters
    if (openTunnels <= this.#freeTunnels) return undefined
    if (openTunnels > this.#tunnelLimit) return this.#brake ?? 'tunnels'
    return this.#hasShare(load.tunnels - 1, this.#tunnelLimit, hasTunnels) ? undefined : 'source'
  }

  /** Says how memory is, about once a second: requests and tunnels may become fewer, and more again when it is over. */
  setPressure(pressure: Pressure, brake: 'bytes' | 'heap' = 'heap'): void {
    if (pressure === 'none') {
      this.#brake = undefined
      return this.#setLimits(this.#maxRequests, this.#maxTunnels)
    }
    this.#brake = brake
    const { activeExchanges, openTunnels } = this.#counters
    const requests = Math.min(this.#requestLimit, Math.max(MIN_REQUESTS, Math.floor(activeExchanges * BRAKE_RATIO)))
    this.#setLimits(requests, Math.min(this.#tunnelLimit, Math.max(MIN_TUNNELS, openTunnels)))
  }

  /** The client with most open, of those that have something: who gives way first. */
  greediest(): SourceLoad | undefined {
    let found: SourceLoad | undefined
    for (const load of this.sources.all()) {
      if (found === undefined || weightOf(load) > weightOf(found)) found = load
    }
    return found
  }

  #setLimits(requests: number, tunnels: number): void {
    this.#requestLimit = requests
    this.#tunnelLimit = tunnels
    this.#freeRequests = requests * OPEN_RATIO
    this.#freeTunnels = tunnels * OPEN_RATIO
  }

  /** Whether it has less than what everybody would have, and one newcomer, if all had the same. */
  #hasShare(own: number, limit: number, hasSome: (load: SourceLoad) => boolean): boolean {
    let clients = 1
    for (const load of this.sources.all()) if (hasSome(load)) clients++
    return own < limit / clients
  }
}

const hasRequests = ({ requests }: SourceLoad): boolean => requests > 0
const hasTunnels = ({ tunnels }: SourceLoad): boolean => tunnels > 0

/** What it has open, in pieces of about the same memory: a request in flight and its buffers, a tunnel, a connection. */
const weightOf = ({ requests, tunnels, connections, queue }: SourceLoad): number =>
  requests * 8 + (tunnels + queue.length) * 2.5 + connections * 80
