/**
 * The door of the HBONE listener: takes TCP connections, lets them into their TLS handshake as the loop has time for it,
 * and gives out those whose handshake succeeded. Who they are, and what they say, is for the owner.
 */
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { createServer as createTlsServer } from 'node:tls'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { Credentials } from '../../identity/credentials.ts'
import { explainHandshakeFailure, rotateServerContext, serverTlsOptions } from '../../identity/tls.ts'
import type { TlsSettings } from '../../identity/tls.ts'
import { groupOfServer } from '../../identity/report/tls-group.ts'
import { reasonOfFailure } from '../../identity/trust/refusal-reason.ts'
import type { Clock } from '../../lib/clock.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import { allowHeapGrowth } from '../../lib/memory/heap-growth.ts'
import { countOne, type Counters } from '../counters.ts'
import { Applicant, HandshakeAdmission } from '../limits/admission.ts'

export interface TlsGateOptions {
  readonly credentials: Credentials
  readonly tls: TlsSettings
  /** From the beginning of a handshake to its end; 0 is for ever. */
  readonly handshakeMs: number
  /** Connections at a time, handshakes included, above which new ones are closed unseen. */
  readonly maxConnections: number
  readonly clock: Clock
  readonly counters: Counters
  /** `isCurrent`: its chain was checked against the roots that are in force. */
  readonly onSecure: (socket: TLSSocket, isCurrent: boolean) => void
  readonly onWarning: (message: string, kind: 'handshake' | 'listener') => void
}

/** Connections that the kernel keeps for us while the loop is busy. It is asked for one in each turn (libuv). */
const BACKLOG = 1024
/** How long new connections are closed unseen once the queue is full, before it is looked at again. */
const DOOR_CLOSED_MS = 50
/**
 * Of a flood, what each socket leaves lives long enough to reach V8's old generation, 5 to 10 MB in a second: collecting
 * that once a second made one request in a hundred of those who have a tunnel wait 9 ms.
 */
const FLOOD_GROWTH_PERCENT = 200

/** One that is under way. */
interface Handshake {
  readonly applicant: Applicant
  readonly era: number
}

export class TlsGate {
  readonly #options: TlsGateOptions
  readonly #listener: Server
  /** Never listens: it gets the sockets that were let in. */
  readonly #tls: TlsServer
  readonly #admission: HandshakeAdmission
  /** By address and port: Node's TLS server tells of the encrypted socket only, and not of the one below. */
  readonly #handshakes = new Map<string, Handshake>()
  /** Counts rotations: a handshake is made with what was in force when it began. */
  #era = 0
  #isDoorClosed = false
  /** While a flood is on. */
  #restoreHeapGrowth: (() => void) | undefined

  constructor(options: TlsGateOptions) {
    const { clock, counters, onWarning, credentials, tls, handshakeMs, maxConnections } = options
    this.#options = options
    this.#admission = new HandshakeAdmission({
      clock,
      idleMs: () => performance.eventLoopUtilization().idle,
      isUsed: () => counters.openTunnels > 0,
      onShed: ({ address }) => {
        counters.handshakesShed++
        onWarning(
          `HBONE connection from ${address} refused: more handshakes come than the CPU has time for`,
          'handshake',
        )
      },
      onCrowd: (isCrowded) => {
        this.#restoreHeapGrowth?.()
        this.#restoreHeapGrowth = isCrowded ? allowHeapGrowth(FLOOD_GROWTH_PERCENT) : undefined
      },
    })
    // Not reading before it is let in: the first bytes wait in the kernel.
    this.#listener = createServer({ pauseOnConnect: true }, (socket) => this.#onConnection(socket))
    this.#listener.maxConnections = maxConnections
    this.#listener.on('drop', () => {
      if (this.#isDoorClosed) return void counters.handshakesShed++
      counters.connectionsDropped++
      return onWarning(`HBONE connections refused: ${maxConnections} are open, and no more may be`, 'listener')
    })
    this.#tls = createTlsServer(serverTlsOptions(credentials, { ...tls, handshakeMs }))
    this.#tls.on('secureConnection', (socket) => this.#onSecure(socket))
    this.#tls.on('tlsClientError', (error, socket) => this.#onFailure(error, socket))
  }

  /** Starts to listen; rejects with Node's error (`EADDRINUSE`, …). With `reusePort` several processes may share it. */
  listen(options: { readonly host: string; readonly port: number; readonly reusePort: boolean }): Promise<number> {
    const listener = this.#listener
    return new Promise((resolve, reject) => {
      listener.once('error', reject)
      listener.listen({ ...options, backlog: BACKLOG }, () => {
        listener.off('error', reject)
        listener.on('error', (error) => this.#options.onWarning(`HBONE listener: ${error.message}`, 'listener'))
        const address = listener.address()
        resolve(typeof address === 'object' && address !== null ? address.port : options.port)
      })
    })
  }

  /** New handshakes use these from now on. */
  rotate(credentials: Credentials): void {
    rotateServerContext(this.#tls, credentials, this.#options.tls)
    this.#era++
  }

  /** Listens no more; handshakes that wait or are under way go on. */
  stopListening(): void {
    this.#listener.close()
  }

  /** Ends everything that is not done with its handshake. */
  destroy(): void {
    this.#listener.close()
    this.#admission.close()
  }

  #onConnection(socket: Socket): void {
    // Until TLS listens for it: an error without a listener would end the process.
    socket.on('error', () => socket.destroy())
    const { remoteAddress, remotePort } = socket
    // It is gone already.
    if (remoteAddress === undefined) return void socket.destroy()
    const key = `${remoteAddress} ${remotePort}`
    const applicant = new Applicant(remoteAddress.replace(/^::ffff:/, ''), {
      admit: () => {
        this.#handshakes.set(key, { applicant, era: this.#era })
        this.#tls.emit('connection', socket)
      },
      // A reset, so that neither side keeps anything of it.
      refuse: () => socket.resetAndDestroy(),
    })
    socket.once('close', () => this.#leave(key, applicant))
    this.#admission.offer(applicant)
    this.#count()
    if (this.#admission.isFull) this.#closeDoor()
  }

  /** Does not even make sockets of those that come while the queue is full. */
  #closeDoor(): void {
    this.#isDoorClosed = true
    this.#listener.maxConnections = 0
    this.#options.clock.after(DOOR_CLOSED_MS, () => {
      if (this.#admission.isFull) return this.#closeDoor()
      this.#isDoorClosed = false
      this.#listener.maxConnections = this.#options.maxConnections
    })
  }

  #onSecure(socket: TLSSocket): void {
    const key = `${socket.remoteAddress} ${socket.remotePort}`
    const handshake = this.#handshakes.get(key)
    if (handshake !== undefined) this.#leave(key, handshake.applicant)
    countOne(this.#options.counters.handshakes.inbound, groupOfServer(this.#options.tls.groups))
    this.#options.onSecure(socket, handshake?.era === this.#era)
  }

  #onFailure(error: Error, socket: TLSSocket): void {
    const { counters, onWarning } = this.#options
    counters.tlsHandshakeFailures++
    counters.handshakeRefusals[reasonOfFailure(error, socket.authorizationError)]++
    if (errorCode(error) === 'ERR_TLS_HANDSHAKE_TIMEOUT') counters.deadlines.handshake++
    const peer = socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'a peer that is gone'
    onWarning(`HBONE handshake failed: ${explainHandshakeFailure(error, socket)}, with ${peer}`, 'handshake')
    // Node tells of a deadline, and leaves the socket open.
    socket.destroy()
  }

  #leave(key: string, applicant: Applicant): void {
    if (this.#handshakes.get(key)?.applicant === applicant) this.#handshakes.delete(key)
    this.#admission.leave(applicant)
    this.#count()
  }

  #count(): void {
    const { waiting, handshakes } = this.#admission
    this.#options.counters.openHandshakes = waiting + handshakes
  }
}
