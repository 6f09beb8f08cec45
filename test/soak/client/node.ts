import { dialHbone, openTunnel } from '../../bench/pipes/hbone-connection.ts'
import type { DialOptions } from '../../bench/pipes/hbone-connection.ts'
import type { LoadPlan } from '../../bench/load/plan.ts'
import { closeAll } from '../../bench/load/sockets.ts'
import type { TurnFlush } from '../../bench/load/turn-flush.ts'
import { newConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { Tunnel } from './tunnel.ts'
import type { Workload } from './workload.ts'

const REDIAL_MS = 50

/** What nodes count together. */
export interface NodeCounts {
  dialled: number
  dialledInVain: number
  moves: number
  /** Until when dialling may be in vain, by `performance.now()`: a worker has just been killed. */
  excusedUntilMs: number
}

export interface NodeDeps {
  readonly workload: Workload
  /** Where to, as of now. */
  readonly dial: () => DialOptions
  readonly plan: LoadPlan
  readonly flush: TurnFlush
  readonly counts: NodeCounts
}

/**
 * A ztunnel with some applications behind it: keeps as many tunnels open as its workload has on a connection, moves to a
 * new connection when it is asked to, and dials again when one is lost.
 */
export class Node {
  readonly #deps: NodeDeps
  readonly #connections = new Set<Connection>()
  /** New tunnels go here, as soon as it is open. */
  #current: Connection | undefined
  #tunnels = 0
  #isClosing = false

  constructor(deps: NodeDeps) {
    this.#deps = deps
  }

  get connections(): Iterable<Connection> {
    return this.#connections
  }

  /** Open, or being opened. */
  get tunnels(): number {
    return this.#tunnels
  }

  /** Opens what is missing. */
  fill(): void {
    if (this.#isClosing) return
    const { workload } = this.#deps
    const current = (this.#current ??= this.#dial())
    while (current.isOpen && this.#tunnels < workload.plan.tunnels) this.#openTunnel(current)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    // What was still being opened ends by us, and not by the waypoint.
    for (const connection of this.#connections) connection.isDoomed = true
    await closeAll([...this.#connections].flatMap(({ hbone }) => hbone?.socket ?? []))
  }

  #dial(): Connection {
    const { dial, flush, counts } = this.#deps
    const connection = newConnection()
    counts.dialled++
    this.#connections.add(connection)
    connection.hbone = dialHbone(dial(), flush, {
      onReady: () => {
        connection.isOpen = connection.wasOpen = true
        this.fill()
      },
      onGoaway: () => this.#leave(connection),
      onClose: (why) => this.#onClose(connection, why),
    })
    return connection
  }

  #leave(connection: Connection): void {
    if (!connection.isOpen) return
    connection.isOpen = false
    this.#deps.counts.moves++
    if (this.#current === connection) this.#current = undefined
    this.#closeIfEmpty(connection)
  }

  #onClose(connection: Connection, why: string): void {
    const { workload, counts } = this.#deps
    connection.closedFor = why
    connection.isOpen = false
    this.#connections.delete(connection)
    if (this.#current === connection) this.#current = undefined
    if (this.#isClosing) return
    if (!connection.wasOpen) {
      counts.dialledInVain++
      if (!connection.isDoomed && performance.now() > counts.excusedUntilMs) {
        workload.failBeside(`a connection could not be opened: ${why}`)
      }
    }
    setTimeout(() => this.fill(), REDIAL_MS)
  }

  #openTunnel(connection: Connection): void {
    const { workload, plan, flush, counts } = this.#deps
    const h2 = connection.hbone?.h2
    if (h2 === undefined) return
    this.#tunnels++
    connection.tunnels++
    const onRetired = (): void => {
      this.#tunnels--
      // Not at once: whoever is told to go elsewhere hears of the connection next.
      setImmediate(() => this.fill())
    }
    const onGone = (): void => {
      connection.tunnels--
      this.#closeIfEmpty(connection)
    }
    const onRefused = (why: string, mayRepeat: boolean): void => {
      onRetired()
      onGone()
      if (mayRepeat) counts.moves++
      else if (!connection.isDoomed && !this.#isClosing) workload.failBeside(connection.closedFor ?? why)
    }
    const tunnel = new Tunnel({ workload, connection, plan, flush, onRetired, onGone })
    openTunnel(h2, { authority: workload.plan.authority, onRefused }, tunnel.use)
  }

  /** One that takes no new tunnels is of no use without any. */
  #closeIfEmpty(connection: Connection): void {
    if (!connection.isOpen && connection.wasOpen && connection.tunnels === 0) connection.hbone?.socket.end()
  }
}
