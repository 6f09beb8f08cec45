import { connect, type TLSSocket } from 'node:tls'
import { explainBackendFailure, refuseBackend } from '../../../identity/backend-tls.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Flusher } from '../../flusher.ts'
import { startDeadline } from '../../limits/deadlines.ts'
import type { BackendTrust } from './backend-trusts.ts'
import { CipherStream, type CipherOwner, type HandledChannel } from './cipher-stream.ts'
import { TlsChannel } from './tls-channel.ts'

/** How long after a certificate was looked at handshakes may be shortened by what that one left. */
const RESUMPTION_MS = 600_000

/** What handshakes with one endpoint, under one trust, leave for the next ones. */
export interface Resumption {
  session: Buffer | undefined
  /** When the certificate was last looked at, monotonic milliseconds: a resumed handshake does not show it. */
  verifiedAtMs: number
}

export interface HandshakeOptions {
  /** The way to the endpoint; the handshake owns it from now on. */
  readonly channel: HandledChannel
  readonly trust: BackendTrust
  /** Offered by ALPN, the best first; none: the application is not asked. */
  readonly protocols: readonly string[]
  readonly resumption: Resumption
  /** For messages: `10.0.3.7:8443`. */
  readonly authority: string
  /** 0 for none. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly flusher: Flusher
  /** Nobody answered in time; `done` follows. */
  readonly onTimeout: () => void
}

/** `protocol` is what ALPN agreed on, or empty. */
export type HandshakeResult = { readonly channel: TlsChannel; readonly protocol: string } | { readonly failure: string }

/**
 * A TLS handshake with an application over a channel, begun at once. `done` is called once, and not before the
 * constructor returns: with a channel to somebody whose certificate fits the trust, or with why not, after the channel
 * below was ended. No byte of a request is sent before that.
 */
export class Handshake implements CipherOwner {
  readonly heldBytes = 0
  readonly #options: HandshakeOptions
  readonly #done: (result: HandshakeResult) => void
  readonly #cipher: CipherStream
  readonly #cancelDeadline: () => void
  #socket: TLSSocket | undefined
  /** The last one that came; it counts once the certificate was found to be good. */
  #session: Buffer | undefined
  #state: 'running' | 'succeeded' | 'failed' = 'running'

  constructor(options: HandshakeOptions, done: (result: HandshakeResult) => void) {
    this.#options = options
    this.#done = done
    this.#cipher = new CipherStream(options.channel, this)
    const { timeoutMs } = options
    this.#cancelDeadline = startDeadline(options.clock, timeoutMs, () => {
      options.onTimeout()
      this.#fail('timed out: does the application speak TLS?')
    })
    this.#start()
  }

  /** Nobody wants it any more. */
  cancel(): void {
    this.#fail('was given up')
  }

  onCipherEnd(): void {
    this.#fail('failed: the peer closed the connection')
  }

  #start(): void {
    const { trust, protocols, resumption } = this.#options
    const session = this.#isFresh ? resumption.session : undefined
    let socket: TLSSocket
    try {
      const alpn = protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }
      const offer = session === undefined ? alpn : { ...alpn, session }
      socket = connect({ ...trust.options, ...offer, socket: this.#cipher.stream })
    } catch (error) {
      queueMicrotask(() => this.#fail(`is not possible: ${String(error)}`))
      return
    }
    this.#socket = socket
    // `on`, since an error without a listener would end the process.
    socket.on('error', (error) => this.#fail(`failed: ${explainBackendFailure(error)}`))
    socket.on('close', () => this.#fail('failed: the connection was closed'))
    socket.on('session', (next) => this.#onSession(next))
    socket.once('secureConnect', () => this.#onSecure(socket))
  }

  #onSession(session: Buffer): void {
    this.#session = session
    // With TLS 1.3 it comes after the handshake.
    if (this.#state === 'succeeded' && this.#isFresh) this.#options.resumption.session = session
  }

  #onSecure(socket: TLSSocket): void {
    if (this.#state !== 'running') return
    const { trust, resumption, clock, flusher } = this.#options
    if (!socket.isSessionReused()) {
      const refusal = refuseBackend(socket.getPeerX509Certificate(), trust.tls)
      if (refusal !== undefined) return this.#fail(`is refused: ${refusal}`)
      resumption.verifiedAtMs = clock.monotonicMs()
      resumption.session = undefined
    }
    if (this.#session !== undefined) resumption.session = this.#session
    this.#state = 'succeeded'
    this.#cancelDeadline()
    const channel = new TlsChannel(socket, this.#cipher, { flusher, clock })
    this.#done({ channel, protocol: socket.alpnProtocol || '' })
  }

  #fail(why: string): void {
    if (this.#state !== 'running') return
    this.#state = 'failed'
    this.#cancelDeadline()
    const { trust, resumption, authority } = this.#options
    // It may be the session that the server could make nothing of.
    resumption.session = undefined
    this.#socket?.destroy()
    this.#cipher.abort()
    this.#done({ failure: `TLS with ${trust.tls.hostname} at ${authority} ${why}` })
  }

  get #isFresh(): boolean {
    const { resumption, clock } = this.#options
    return clock.monotonicMs() - resumption.verifiedAtMs < RESUMPTION_MS
  }
}
