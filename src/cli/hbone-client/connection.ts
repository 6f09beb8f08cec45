/**
 * The client side of HBONE for people and tests: what ztunnel does with a waypoint, with every step told. It stands on
 * the proxy's own transport and tunnels, and differs from its client in talking to whoever the trust roots vouch for.
 */
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { H2Connection } from '../../http/h2/connection.ts'
import { CANCEL } from '../../http/h2/constants.ts'
import { findField } from '../../http/h2/fields.ts'
import { readPeerIdentity } from '../../identity/trust/peer.ts'
import type { Clock } from '../../lib/clock.ts'
import type { SpiffeId } from '../../model/identity.ts'
import { Flusher } from '../../proxy/flusher.ts'
import { HboneTransport } from '../../proxy/hbone/transport.ts'
import { TunnelChannel } from '../../proxy/hbone/tunnel.ts'
import { H1Session } from '../../proxy/upstream/h1/h1-session.ts'
import type { UpstreamSession } from '../../proxy/upstream/session.ts'
import { explainClose, explainConnectError, type HboneFailure } from './failure.ts'

export interface DialOptions {
  /** IP address or name, without brackets. */
  readonly host: string
  readonly port: number
  /** From `clientTlsOptions`: our certificate and whom we trust. */
  readonly tls: ConnectionOptions
  readonly clock: Clock
  /** For TCP, TLS and the peer's SETTINGS together. */
  readonly timeoutMs: number
}

/** What was agreed with the peer. Times in milliseconds. */
export interface ConnectionFacts {
  readonly address: string
  readonly port: number
  /** The peer's identity, from its certificate. */
  readonly peer: SpiffeId
  readonly peerNotAfterMs: number
  /** `TLSv1.3` */
  readonly protocol: string
  readonly cipher: string
  /** Key exchange group, where OpenSSL tells it: `X25519`. */
  readonly group: string | undefined
  readonly tcpMs: number
  readonly tlsMs: number
}

export type Dialled =
  | { readonly ok: true; readonly connection: HboneConnection }
  | { readonly ok: false; readonly failure: HboneFailure }

export type Opened =
  | { readonly ok: true; readonly session: UpstreamSession; readonly connectMs: number }
  | { readonly ok: false; readonly failure: HboneFailure }

/** Dials a waypoint; the result is there when it has shown that it accepts us, which is when its SETTINGS arrive. */
export const dialHbone = (options: DialOptions): Promise<Dialled> =>
  new Promise((resolve) => {
    const { host, port, clock } = options
    const startedMs = clock.monotonicMs()
    const socket = connect({ ...options.tls, host, port })
    socket.setNoDelay(true)
    let tcpAtMs: number | undefined
    let isSettled = false
    const settle = (result: Dialled): void => {
      if (isSettled) return
      isSettled = true
      cancel()
      if (!result.ok) socket.destroy()
      resolve(result)
    }
    const fail = (failure: HboneFailure): void => settle({ ok: false, failure })
    const cancel = clock.after(options.timeoutMs, () =>
      fail(explainConnectError({ host, port }, 'ETIMEDOUT', 'no answer')),
    )
    // Before the socket's own listener, which spends milliseconds on the keys of the handshake.
    socket.prependOnceListener('connect', () => {
      tcpAtMs = clock.monotonicMs()
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail(explainConnectError({ host, port }, error.code ?? '', error.message)),
    )
    socket.once('close', () => fail(explainClose({ host, port })))
    socket.once('secureConnect', () => {
      const times = { startedMs, tcpAtMs: tcpAtMs ?? startedMs, tlsAtMs: clock.monotonicMs() }
      const facts = readFacts(socket, { host, port }, times)
      if ('message' in facts) return fail(facts)
      const connection = new HboneConnection(socket, facts, clock)
      connection.onReady = () => settle({ ok: true, connection })
      connection.start()
    })
  })

/** One HBONE connection; `dialHbone` makes it. */
export class HboneConnection {
  readonly facts: ConnectionFacts
  onReady: () => void = () => {}
  readonly #clock: Clock
  readonly #transport: HboneTransport
  readonly #h2: H2Connection
  #isGone = false

  constructor(socket: TLSSocket, facts: ConnectionFacts, clock: Clock) {
    this.facts = facts
    this.#clock = clock
    this.#transport = new HboneTransport(socket, new Flusher())
    this.#h2 = new H2Connection(
      {
        onOutput: () => this.#transport.wantFlush(),
        onStream: () => {
          throw new Error('a server cannot open streams')
        },
        onGoaway: () => {},
        onSettings: () => this.onReady(),
        onPong: () => {},
        onStreamClosed: () => {},
        onFailure: () => this.#transport.close(),
      },
      { role: 'client' },
    )
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Whether another tunnel can be opened; false when the peer takes no more, drains or is gone. */
  get isOpen(): boolean {
    return !this.#isGone && this.#h2.freeStreams > 0
  }

  start(): void {
    this.#transport.start(this.#h2, () => {
      this.#isGone = true
    })
  }

  /** Opens a tunnel with CONNECT; `fields` go along as they are: `['baggage', '…', 'forwarded', '…']`. */
  openTunnel(
    authority: string,
    options: { readonly fields?: readonly string[]; readonly timeoutMs: number },
  ): Promise<Opened> {
    const { promise, resolve } = Promise.withResolvers<Opened>()
    const startedMs = this.#clock.monotonicMs()
    const refuse = (message: string, next?: string): void => {
      cancel()
      resolve({ ok: false, failure: { stage: 'connect', message: `CONNECT ${authority} ${message}`, next } })
    }
    const cancel = this.#clock.after(options.timeoutMs, () => {
      refuse(`was not answered within ${options.timeoutMs} ms`)
      channel.reset(CANCEL)
    })
    const channel = new TunnelChannel(this.#h2)
    if (!this.isOpen) {
      refuse('could not be sent: the connection is closed or takes no more tunnels')
      return promise
    }
    channel.handler = {
      onData: () => {},
      onEnd: () => {},
      onDrain: () => {},
      onClosed: () => refuse('was reset before it was answered', 'the log of the waypoint says why'),
    }
    channel.onHead = (fields, isEnd) => {
      const status = findField(fields, ':status') ?? ''
      if (status.startsWith('1')) return
      channel.onHead = undefined
      if (status !== '200' || isEnd) {
        channel.reset(CANCEL)
        return refuse(`was answered ${status}`, connectAdvice[status])
      }
      cancel()
      const session = new H1Session(channel, { onIdle: () => {}, onGone: () => {} })
      channel.handler = session
      resolve({ ok: true, session, connectMs: this.#clock.monotonicMs() - startedMs })
    }
    const fields = [':method', 'CONNECT', ':authority', authority, ...(options.fields ?? [])]
    channel.attach(this.#h2.open(fields, channel, false))
    return promise
  }

  /** Keep-alive; call it every second on a connection that lives long. */
  tick(): void {
    this.#transport.tick(this.#clock.monotonicMs())
  }

  /** Ends the connection and every tunnel in it. */
  close(): void {
    this.#transport.socket.destroy()
  }
}

/** What to do about an answer other than 200 (waypoint contract 1.6). */
const connectAdvice: Readonly<Record<string, string>> = {
  '400': 'the authority must be IP:port or host:port as the waypoint knows it: give it with --to',
  '401': 'a policy refuses this identity: use another one with --from',
  '404':
    'no Service or workload with this address and port is bound to the waypoint: give its VIP and port with --to, and check the label istio.io/use-waypoint',
  '405': 'whoever answers there does not take CONNECT: is it a waypoint?',
  '503': 'the destination is not there or takes no connection',
}

interface Times {
  readonly startedMs: number
  readonly tcpAtMs: number
  readonly tlsAtMs: number
}

const readFacts = (
  socket: TLSSocket,
  { host, port }: { readonly host: string; readonly port: number },
  times: Times,
): ConnectionFacts | HboneFailure => {
  const peer = readPeerIdentity(socket)
  if (!peer.ok) {
    const next = 'a waypoint presents a certificate with exactly one SPIFFE name: is this address one?'
    return { stage: 'identity', message: `${host}:${port} is no workload of the mesh: ${peer.message}`, next }
  }
  const key = socket.getEphemeralKeyInfo()
  const group = key !== null && 'name' in key ? key.name : undefined
  return {
    address: socket.remoteAddress ?? host,
    port,
    peer: peer.identity,
    peerNotAfterMs: peer.notAfterMs,
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    group,
    tcpMs: times.tcpAtMs - times.startedMs,
    tlsMs: times.tlsAtMs - times.tcpAtMs,
  }
}
