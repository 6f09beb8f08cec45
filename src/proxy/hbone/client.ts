import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { H2Connection } from '../../http/h2/connection.ts'
import { CANCEL } from '../../http/h2/constants.ts'
import { explainServerFailure } from '../../identity/explain-tls.ts'
import { judgePeer } from '../../identity/trust/peer.ts'
import type { PeerIdentity } from '../../identity/trust/peer.ts'
import { retireReasonOf } from '../../identity/trust/refusal-reason.ts'
import type { RetireReason } from '../../identity/trust/refusal-reason.ts'
import type { ChainKnowledge, Trust } from '../../identity/trust/trust.ts'
import { groupOfClient } from '../../identity/report/tls-group.ts'
import type { Clock } from '../../lib/clock.ts'
import { systemClock } from '../../lib/clock.ts'
import type { SpiffeId } from '../../model/identity.ts'
import { countOne, type Counters } from '../counters.ts'
import type { Flusher } from '../flusher.ts'
import type { ByteBudget } from '../limits/byte-budget.ts'
import { defaultDeadlines, startDeadline } from '../limits/deadlines.ts'
import type { MeshIdentity } from './mesh-identity.ts'
import type { ReviewedPeer } from './peer-review.ts'
import { Retirement } from './retirement.ts'
import type { RetirementDeadlines } from './retirement.ts'
import { HboneTransport } from './transport.ts'
import { TunnelChannel } from './tunnel.ts'
import type { OnFault } from './tunnel.ts'

/** Why no tunnel could be had. */
export interface TunnelFailure {
  /** `unprocessed`: the connection is ending or full, and another one may well do. */
  readonly kind: 'connect-failed' | 'wrong-identity' | 'refused' | 'timeout' | 'unprocessed'
  readonly message: string
}

export type TunnelResult =
  | { readonly ok: true; readonly channel: TunnelChannel }
  | { readonly ok: false; readonly failure: TunnelFailure }

export interface HboneClientOptions {
  readonly flusher: Flusher
  readonly counters: Counters
  /** What is held of what the peer sends counts there. */
  readonly budget?: ByteBudget
  /** Who we are and whom we trust. */
  readonly mesh: Pick<MeshIdentity, 'clientTls' | 'trust'>
  /** Of which those of peers that are not permitted any more count here; default `defaultDeadlines`. */
  readonly deadlines?: RetirementDeadlines
  readonly address: string
  readonly port: number
  /** The only identity that will be spoken to. */
  readonly identity: SpiffeId
  /** TCP, TLS and the peer's SETTINGS together; and again from asking for a tunnel to its answer; 0 for none. */
  readonly connectTimeoutMs: number
  /** Tunnels that the peer will probably allow, until its SETTINGS say; default 100. */
  readonly expectedTunnels?: number
  readonly clock?: Clock
  /** The connection is closed, or was never made; once. */
  readonly onGone: (connection: HboneClient) => void
  /** The peer does not answer a PING: told when the answer is late, and when the connection is given up. */
  readonly onSilent?: () => void
  /** Our own code threw while it handled what the peer sent: that tunnel or connection is given up. Default: thrown on. */
  readonly onFault?: OnFault
}

interface Waiter {
  readonly authority: string
  /** Called once; later calls do nothing. */
  readonly done: (result: TunnelResult) => void
  /** There from the CONNECT on. */
  channel: TunnelChannel | undefined
}

/** Tunnels on one connection, even if the peer allows more (ztunnel's own limit). */
export const MAX_TUNNELS = 100

/** One HBONE connection to one workload, dialled at once. Tunnels asked for meanwhile wait for the handshake. */
export class HboneClient implements ReviewedPeer {
  readonly #options: HboneClientOptions
  readonly #clock: Clock
  readonly #transport: HboneTransport
  readonly #h2: H2Connection
  readonly #cancelTimeout: () => void
  readonly #retirement: Retirement
  /** With which the peer's chain is checked in the handshake. */
  readonly #trustAtDial: Trust
  #notAfterMs = Infinity
  #state: 'connecting' | 'open' | 'closing' | 'gone' = 'connecting'
  #isRetired = false
  #maxTunnels = MAX_TUNNELS
  #waiting: Waiter[] = []

  constructor(options: HboneClientOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { deadlines = defaultDeadlines, counters } = options
    this.#retirement = new Retirement({ deadlines, counters })
    this.#trustAtDial = options.mesh.trust()
    const socket = connect({
      ...options.mesh.clientTls(),
      host: options.address,
      port: options.port,
    })
    socket.setNoDelay(true)
    this.#transport = new HboneTransport(socket, options.flusher)
    this.#h2 = new H2Connection(
      {
        onOutput: () => this.#transport.wantFlush(),
        onStream: () => {
          throw new Error('a server cannot open streams')
        },
        onGoaway: () => this.#beginClose(),
        onSettings: () => this.#admit(),
        onPong: () => {},
        onStreamClosed: () => this.#onStreamClosed(),
        onFailure: () => this.#transport.close(),
      },
      { role: 'client' },
    )
    this.#cancelTimeout = startDeadline(this.#clock, options.connectTimeoutMs, () => this.#onTimeout(socket))
    // `on`, since an error without a listener would end the process.
    socket.on('error', (error) =>
      this.#fail('connect-failed', `failed: ${explainServerFailure(error, 'a trust root of the mesh')}`),
    )
    socket.once('close', () => this.#fail('connect-failed', 'was closed by the peer'))
    socket.once('secureConnect', () => this.#onSecure(socket))
  }

  /** Whether a further tunnel may be asked for here. */
  get hasRoom(): boolean {
    if (this.#isRetired) return false
    if (this.#state === 'open' && this.#h2.hasSettings) return this.#freeTunnels > this.#waiting.length
    if (this.#state !== 'connecting' && this.#state !== 'open') return false
    return this.#waiting.length < (this.#options.expectedTunnels ?? MAX_TUNNELS)
  }

  get openTunnels(): number {
    return this.#h2.openStreams + this.#waiting.length
  }

  /** Tunnels that the peer allows, as far as it has said. */
  get maxTunnels(): number {
    return this.#maxTunnels
  }

  /** Asks for a tunnel to `authority`; `done` is called once, at the latest after the connect timeout. */
  open(authority: string, done: (result: TunnelResult) => void): void {
    const { connectTimeoutMs } = this.#options
    let isDone = false
    const waiter: Waiter = {
      authority,
      done: (result) => {
        if (isDone) return
        isDone = true
        cancel()
        done(result)
      },
      channel: undefined,
    }
    const cancel = startDeadline(this.#clock, connectTimeoutMs, () => {
      // Until the CONNECT is out it is the connection that takes too long, which counts once.
      if (waiter.channel !== undefined) this.#options.counters.deadlines.connect++
      this.#waiting = this.#waiting.filter((other) => other !== waiter)
      waiter.channel?.reset(CANCEL)
      this.#refuse(waiter, 'timeout', `was not answered within ${connectTimeoutMs} ms`)
    })
    if (this.#state === 'open' && this.#h2.freeStreams > 0 && this.#h2.hasSettings) this.#connect(waiter)
    else if (this.#state === 'connecting' || this.#state === 'open') this.#waiting.push(waiter)
    else queueMicrotask(() => this.#refuse(waiter, 'unprocessed', 'found the connection ending'))
  }

  /** Called every second or so; `isAwaited` when somebody waits for what the peer will send. */
  tick(nowMs: number, isAwaited: boolean): void {
    if (this.#state === 'open' || this.#state === 'closing') this.#transport.guard(() => this.#tick(nowMs, isAwaited))
  }

  #tick(nowMs: number, isAwaited: boolean): void {
    if (this.#notAfterMs <= this.#clock.nowMs()) this.#retireFor('expired')
    if (this.#retirement.phase(nowMs) === 'over') {
      this.#retirement.noteCut()
      return this.destroy()
    }
    if (!this.#transport.tick(nowMs, isAwaited)) this.#options.onSilent?.()
  }

  /** No new tunnels beside those that wait already; closes when the last one does. */
  retire(): void {
    this.#isRetired = true
    this.#transport.guard(() => this.#endIfRetired())
  }

  destroy(): void {
    this.#transport.socket.destroy()
  }

  review(trust: Trust, chain: ChainKnowledge): void {
    const { socket } = this.#transport
    // One that is being made is judged when it is; one that is gone shows no certificate any more.
    if (this.#state === 'connecting' || this.#state === 'gone' || socket.destroyed) return
    this.#transport.guard(() => {
      const peer = judgePeer(socket, trust, chain)
      if (!peer.ok) this.#retireFor(retireReasonOf(peer.reason))
    })
  }

  #retireFor(reason: RetireReason): void {
    if (this.#retirement.begin(reason)) this.retire()
  }

  get #freeTunnels(): number {
    return Math.min(MAX_TUNNELS - this.#h2.openStreams, this.#h2.freeStreams)
  }

  #onSecure(socket: TLSSocket): void {
    if (this.#state !== 'connecting') return
    const { counters, identity } = this.#options
    const peer = this.#judge(socket)
    if (!peer.ok || peer.identity !== identity) {
      counters.upstreamIdentityMismatches++
      const found = peer.ok ? peer.identity : `somebody whom we do not trust (${peer.message})`
      return this.#fail('wrong-identity', `reached ${found} instead of ${identity}`)
    }
    this.#notAfterMs = peer.notAfterMs
    this.#state = 'open'
    countOne(counters.handshakes.outbound, groupOfClient(socket))
    counters.upstreamConnectionsTotal++
    counters.openUpstreamConnections++
    const onGone = (why: string | undefined): void => {
      counters.openUpstreamConnections--
      this.#gone(why)
    }
    this.#transport.start(this.#h2, onGone, this.#options.onFault)
  }

  #judge(socket: TLSSocket): PeerIdentity {
    const trust = this.#options.mesh.trust()
    // The roots may have changed since the handshake began.
    const isChainProven = trust.keepsRoots(this.#trustAtDial)
    try {
      return judgePeer(socket, trust, { nowMs: this.#clock.nowMs(), isChainProven })
    } catch (error) {
      // Certificates are written by others, and read by code that is not ours.
      return { ok: false, reason: 'malformed', message: `a certificate that cannot be read: ${String(error)}` }
    }
  }

  #onTimeout(socket: TLSSocket): void {
    const { connectTimeoutMs, counters } = this.#options
    counters.deadlines.connect++
    this.#fail('timeout', `timed out after ${connectTimeoutMs} ms: a NetworkPolicy may block the port`)
    if (this.#state === 'open') socket.destroy(new Error(`no SETTINGS within ${connectTimeoutMs} ms`))
  }

  /**
   * The peer's settings are here: those who waited get their streams, as many as it allows. The others go to another
   * connection: tunnels live long, so waiting for one to end could take for ever.
   */
  #admit(): void {
    this.#cancelTimeout()
    if (this.#h2.isOpen) this.#maxTunnels = Math.min(MAX_TUNNELS, this.#h2.openStreams + this.#h2.freeStreams)
    while (this.#waiting.length > 0 && this.#freeTunnels > 0) {
      const waiter = this.#waiting.shift()
      if (waiter !== undefined) this.#connect(waiter)
    }
    if (this.#maxTunnels === 0) this.#abandonWaiting('connect-failed', 'allows no tunnel at all')
    else this.#abandonWaiting('unprocessed', 'allows no more tunnels')
    this.#endIfRetired()
  }

  #connect(waiter: Waiter): void {
    const { budget, onFault } = this.#options
    const channel = new TunnelChannel(this.#h2, budget, onFault)
    waiter.channel = channel
    channel.handler = {
      onData: () => {},
      onEnd: () => {},
      onDrain: () => {},
      // Without an answer nothing was sent into it: on a connection that ends, that says nothing about the endpoint.
      onClosed: (_isClean, isRefused) => {
        this.#refuse(waiter, isRefused || !this.#h2.isOpen ? 'unprocessed' : 'refused', 'was reset')
      },
    }
    channel.onHead = (fields, isEnd) => {
      const status = fields[1] ?? ''
      if (status.startsWith('1')) return
      channel.onHead = undefined
      if (status === '200' && !isEnd) return waiter.done({ ok: true, channel })
      channel.reset(CANCEL)
      this.#refuse(waiter, 'refused', `was answered ${status}`)
    }
    channel.attach(this.#h2.open([':method', 'CONNECT', ':authority', waiter.authority], channel, false))
  }

  #refuse(waiter: Waiter, kind: TunnelFailure['kind'], why: string): void {
    const { address, port } = this.#options
    waiter.done({
      ok: false,
      failure: { kind, message: `HBONE CONNECT ${waiter.authority} at ${address}:${port} ${why}` },
    })
  }

  #onStreamClosed(): void {
    this.#endIfRetired()
    if (this.#state === 'closing' && this.#h2.openStreams === 0) this.#transport.close()
  }

  #endIfRetired(): void {
    if (!this.#isRetired || this.#state !== 'open' || this.#waiting.length > 0) return
    // From here on the tunnels know that they will not be used for anything new.
    this.#h2.shutdown()
    this.#beginClose()
  }

  #beginClose(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#abandonWaiting('unprocessed', 'is closing')
    if (this.#h2.openStreams === 0) this.#transport.close()
  }

  #fail(kind: TunnelFailure['kind'], why: string): void {
    if (this.#state !== 'connecting') return
    this.#options.counters.upstreamConnectFailures++
    this.#cancelTimeout()
    this.#state = 'gone'
    this.#transport.socket.destroy()
    this.#options.onGone(this)
    this.#abandonWaiting(kind, why)
  }

  #gone(why: string | undefined): void {
    this.#cancelTimeout()
    this.#state = 'gone'
    this.#options.onGone(this)
    // Of TLS 1.3 a server looks at our certificate when the handshake is over for us.
    const when = this.#h2.hasSettings ? '' : ' right after the handshake: does it trust our certificate?'
    this.#abandonWaiting('connect-failed', why === undefined ? `was closed by the peer${when}` : `failed: ${why}`)
  }

  #abandonWaiting(kind: TunnelFailure['kind'], why: string): void {
    if (this.#waiting.length === 0) return
    const { address, port } = this.#options
    const waiting = this.#waiting
    this.#waiting = []
    const failure: TunnelFailure = { kind, message: `HBONE connect to ${address}:${port} ${why}` }
    for (const waiter of waiting) waiter.done({ ok: false, failure })
  }
}
