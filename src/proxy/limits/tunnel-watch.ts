import type { Deadlines } from './deadlines.ts'

/** A deadline that has passed with no exchange on the tunnel. */
export type RestExpiry = 'request-head' | 'keep-alive'
/** A deadline of an exchange that has passed, and so who is to blame: client, endpoint, client, anybody. */
export type ExchangeExpiry = 'request-body' | 'response-head' | 'response-body' | 'stream'

/** An exchange as far as deadlines go. Looked at once in a tick, so that the bytes on their way cost nothing. */
export interface WatchedExchange {
  /** Bytes from the client, and bytes given to its tunnel. */
  readonly record: {
    readonly requestBytes: number
    readonly responseBytes: number
    readonly upgrade?: string | undefined
  }
  /** The client's turn: all it has sent of the body is on its way, and the rest may come. */
  readonly awaitsBody: boolean
  readonly outgoing: {
    /** Bytes of the request that wait for the endpoint to take them. */
    readonly queuedBytes: number
    /** Since when the endpoint has had the whole request without beginning its answer, monotonic; -1: it is not so. */
    readonly awaitsHeadSinceMs: number
  }
}

/**
 * Finds out which deadline of a tunnel has passed by comparing what one tick sees with what the one before saw. So
 * nothing expires early, and late by two ticks at most.
 */
export class TunnelWatch {
  readonly #deadlines: Deadlines
  #seen: 'idle' | 'head' | 'exchange' = 'idle'
  /** Since when it has been as it is, or without a byte moving; -1 until the next tick. */
  #sinceMs = -1
  #awaitsBodySinceMs = -1
  #unreadSinceMs = -1
  #moved = 0
  #queued = 0
  #sent = 0

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines
  }

  /** A request begins: whatever was waited for has come. */
  restart(): void {
    this.#sinceMs = -1
    this.#awaitsBodySinceMs = -1
    this.#unreadSinceMs = -1
  }

  /** How long ago it was first seen that a head has begun and is not whole; 0: it was not. */
  headWaitedMs(nowMs: number): number {
    return this.#seen === 'head' && this.#sinceMs >= 0 ? nowMs - this.#sinceMs : 0
  }

  /** To be called in each tick between two requests, the head of the next one included. */
  checkRest(nowMs: number, isIdle: boolean): RestExpiry | undefined {
    const now = isIdle ? 'idle' : 'head'
    if (this.#seen !== now || this.#sinceMs < 0) {
      this.#seen = now
      this.#sinceMs = nowMs
      return undefined
    }
    const deadlineMs = isIdle ? this.#deadlines.keepAliveIdleMs : this.#deadlines.requestHeadMs
    if (!hasPassed(this.#sinceMs, nowMs, deadlineMs)) return undefined
    return isIdle ? 'keep-alive' : 'request-head'
  }

  /** To be called in each tick with a request under way; `unsentBytes` wait for the client to take them. */
  checkExchange(nowMs: number, exchange: WatchedExchange, unsentBytes: number): ExchangeExpiry | undefined {
    this.#compare(nowMs, exchange, unsentBytes)
    const { responseHeadMs, bodyIdleMs, streamIdleMs, upgradeIdleMs } = this.#deadlines
    const { awaitsHeadSinceMs } = exchange.outgoing
    if (awaitsHeadSinceMs >= 0 && hasPassed(awaitsHeadSinceMs, nowMs, responseHeadMs)) return 'response-head'
    if (hasPassed(this.#unreadSinceMs, nowMs, bodyIdleMs)) return 'response-body'
    if (hasPassed(this.#awaitsBodySinceMs, nowMs, bodyIdleMs)) return 'request-body'
    const idleMs = exchange.record.upgrade === undefined ? streamIdleMs : upgradeIdleMs
    return hasPassed(this.#sinceMs, nowMs, idleMs) ? 'stream' : undefined
  }

  #compare(nowMs: number, exchange: WatchedExchange, unsentBytes: number): void {
    const { requestBytes, responseBytes } = exchange.record
    const moved = requestBytes + responseBytes
    const queued = exchange.outgoing.queuedBytes + unsentBytes
    const sent = responseBytes - unsentBytes
    const isNew = this.#seen !== 'exchange' || this.#sinceMs < 0
    const hasMoved = isNew || moved !== this.#moved || queued !== this.#queued
    if (hasMoved) this.#sinceMs = nowMs
    if (hasMoved || !exchange.awaitsBody) this.#awaitsBodySinceMs = nowMs
    if (isNew || sent !== this.#sent || unsentBytes === 0) this.#unreadSinceMs = nowMs
    this.#seen = 'exchange'
    this.#moved = moved
    this.#queued = queued
    this.#sent = sent
  }
}

const hasPassed = (sinceMs: number, nowMs: number, deadlineMs: number): boolean =>
  deadlineMs > 0 && nowMs - sinceMs >= deadlineMs
