import type { ConnectionLease } from '../../balance/limits/connection-lease.ts'
import { overflow } from '../../balance/limits/overflow.ts'
import type { ServiceLoad } from '../../balance/limits/service-load.ts'
import type { AcquireFailure } from '../dialler.ts'
import type { UpstreamSession } from '../session.ts'
import { H2Client } from './h2-client.ts'
import type { H2ClientDeps, H2ClientKeeper, StreamWaiter } from './h2-client.ts'

/** Connections tried for one request while each turns out to be full or ending. */
const MAX_DIALS = 3
/** Streams that a peer is taken to allow before one has said: what most servers do. */
const EXPECTED_STREAMS = 100

/** How long an endpoint is taken for one that knows HTTP/1.1 alone: another version of it may be there soon. */
const HTTP1_ONLY_MS = 60_000

/** The HTTP/2 connections to one endpoint: as few as the peer's limits allow. */
export class H2Clients {
  readonly #clients: H2Client[] = []
  /** Of those that count somewhere. */
  readonly #leases = new WeakMap<H2Client, ConnectionLease>()
  readonly #deps: H2ClientDeps
  readonly #keeper: H2ClientKeeper
  #expectedStreams = EXPECTED_STREAMS
  /** At the last handshake TLS did not agree on h2, or what answered our preface was HTTP/1.1. */
  isHttp1Only = false
  #http1SinceMs = 0

  constructor(
    keeper: Pick<H2ClientKeeper, 'dial' | 'authority' | 'isTls' | 'onSilent' | 'onOtherProtocol' | 'onHttp1'>,
    deps: H2ClientDeps,
  ) {
    this.#deps = deps
    const expected = (): number => this.#expectedStreams
    this.#keeper = {
      ...keeper,
      get expectedStreams() {
        return expected()
      },
      onOpen: (maxStreams) => {
        this.#expectedStreams = Math.max(1, maxStreams)
        this.isHttp1Only = false
      },
      onUnserved: (waiters) => {
        for (const waiter of waiters) this.#place(waiter)
      },
      onOtherProtocol: (channel, waiters) => {
        this.isHttp1Only = true
        keeper.onOtherProtocol(channel, waiters)
      },
      onHttp1: (waiters) => {
        this.isHttp1Only = true
        this.#http1SinceMs = deps.clock.monotonicMs()
        keeper.onHttp1(waiters)
      },
      onGone: (gone) => {
        const at = this.#clients.indexOf(gone)
        if (at >= 0) this.#clients.splice(at, 1)
        this.#leases.get(gone)?.release()
      },
    }
  }

  get isEmpty(): boolean {
    return this.#clients.length === 0
  }

  /** A session on a connection that has room. */
  take(): UpstreamSession | undefined {
    for (const client of this.#clients) {
      const session = client.take()
      if (session !== undefined) return session
    }
    return undefined
  }

  /** A session on a connection that is being made, or will be; `done` is called once, never before this returns. */
  open(done: StreamWaiter['done'], load?: ServiceLoad): void {
    this.#wait({ done, dialsLeft: MAX_DIALS, load })
  }

  /** Makes a connection, of which no request has the use, and ends it: `done` is told why that failed, if it did. */
  probe(done: (failure: AcquireFailure | undefined) => void): void {
    const client = this.#add()
    client.wait({
      done: (acquired) => {
        if (!acquired.ok) return done(acquired.failure)
        // HTTP/1.1 was agreed on.
        if (acquired.session.version === 1) acquired.session.abandon()
        done(undefined)
      },
      dialsLeft: 0,
      load: undefined,
    })
    client.retire()
  }

  /** Whether there is a connection, or one is being made, for one request more. */
  get hasRoom(): boolean {
    return this.#clients.some((client) => client.hasRoom || client.takesWaiters)
  }

  /** Whether asking for HTTP/2 is in vain for the time being. */
  get refusesPreface(): boolean {
    return this.isHttp1Only && !this.#keeper.isTls
  }

  tick(nowMs: number): void {
    if (this.refusesPreface && nowMs - this.#http1SinceMs > HTTP1_ONLY_MS) this.isHttp1Only = false
    for (const client of [...this.#clients]) client.tick(nowMs)
  }

  /** No further streams on what there is. */
  retire(): void {
    for (const client of [...this.#clients]) client.retire()
  }

  destroy(): void {
    for (const client of [...this.#clients]) client.destroy()
  }

  #place(waiter: StreamWaiter): void {
    const session = this.take()
    if (session !== undefined) return waiter.done({ ok: true, session })
    if (--waiter.dialsLeft > 0) return this.#wait(waiter)
    const message = `HTTP/2 with ${this.#keeper.authority} allows no more streams`
    // It is busy, not out of reach.
    waiter.done({ ok: false, failure: { kind: 'unprocessed', message } })
  }

  #wait(waiter: StreamWaiter): void {
    // Whatever TLS agrees on without h2 is not shared.
    let client = this.isHttp1Only ? undefined : this.#clients.find((other) => other.takesWaiters)
    if (client === undefined) {
      const lease = waiter.load?.connect()
      if (waiter.load !== undefined && lease === undefined) {
        return queueMicrotask(() => waiter.done({ ok: false, failure: overflow }))
      }
      client = this.#add()
      if (lease !== undefined) {
        lease.holder = client
        this.#leases.set(client, lease)
      }
    }
    client.wait(waiter)
  }

  #add(): H2Client {
    const client = new H2Client(this.#keeper, this.#deps)
    this.#clients.push(client)
    return client
  }
}
