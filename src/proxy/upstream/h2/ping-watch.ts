import { PING_IDLE_MS, PING_TIMEOUT_MS } from '../../hbone/transport.ts'

/**
 * Servers of gRPC count a PING that comes within five minutes of the one before, unless they have sent HEADERS or DATA
 * since, and end the connection with `too_many_pings` at the third (gRFC A8 and A9; `pingStrikes` of grpc-go,
 * `KeepAliveEnforcer` of grpc-java, where the first one counts on a young connection): so two, and then a pause.
 */
const EARLY_PINGS = 2
const PAUSE_MS = 310_000

/** When an endpoint that says nothing on a connection is asked whether it is there, and when it has had its time. */
export class PingWatch {
  /** Since when nothing was heard, or no PING was answered; monotonic, 0: it is not so. */
  #silentSinceMs = 0
  #askedMs = 0
  #lastPingMs = 0
  /** Since the endpoint last sent a part of an answer. */
  #pings = 0
  /** Somebody has begun to wait since the last PING. */
  #isAwaited = false

  /** Anything came. */
  noteHeard(): void {
    this.#silentSinceMs = 0
    this.#askedMs = 0
  }

  /** A part of an answer came: the endpoint has forgotten how many PINGs there were. */
  noteAnswer(): void {
    this.#pings = 0
  }

  noteRequest(): void {
    this.#isAwaited = true
  }

  /** What is due: a PING, or to give the connection up. Called every second or so while there are streams. */
  tick(nowMs: number): 'ping' | 'lost' | undefined {
    if (this.#silentSinceMs === 0) this.#silentSinceMs = nowMs
    if (this.#askedMs > 0) return nowMs - this.#askedMs > PING_TIMEOUT_MS ? 'lost' : undefined
    if (nowMs - this.#silentSinceMs <= PING_IDLE_MS || !this.#mayPing(nowMs)) return undefined
    this.#askedMs = nowMs
    this.#lastPingMs = nowMs
    this.#pings++
    this.#isAwaited = false
    return 'ping'
  }

  #mayPing(nowMs: number): boolean {
    if (this.#pings === 0 || nowMs - this.#lastPingMs > PAUSE_MS) return true
    return this.#isAwaited && this.#pings < EARLY_PINGS
  }
}
