import { createClient } from '../../bench/load/clients/client.ts'
import type { Lane, LaneOwner } from '../../bench/load/lane.ts'
import type { LoadPlan } from '../../bench/load/plan.ts'
import type { TurnFlush } from '../../bench/load/turn-flush.ts'
import type { Pipe, PipeUser } from '../../bench/pipes/pipe.ts'
import type { Connection } from './connection.ts'
import type { Seat } from './seat.ts'
import type { Workload } from './workload.ts'

export interface TunnelDeps {
  readonly workload: Workload
  readonly connection: Connection
  readonly plan: LoadPlan
  readonly flush: TurnFlush
  /** It takes no further requests: another one is wanted in its place. Once. */
  readonly onRetired: () => void
  /** It is gone. Once. */
  readonly onGone: () => void
}

/** One tunnel and what goes through it, as an application uses it that heeds what servers say. */
export class Tunnel implements LaneOwner {
  readonly #deps: TunnelDeps
  readonly #busy = new Map<Lane, Seat>()
  readonly #seats = new Map<Lane, Seat>()
  #pipe: Pipe | undefined
  #isRetired = false
  #isGone = false

  constructor(deps: TunnelDeps) {
    this.#deps = deps
  }

  /** Takes the pipe of the tunnel once it is open. */
  readonly use: PipeUser = (pipe) => {
    this.#pipe = pipe
    const { plan, flush } = this.#deps
    let handler: ReturnType<PipeUser> | undefined
    createClient(plan, { owner: this, flush })({ open: (use) => void (handler = use(pipe)) })
    if (handler === undefined) throw new Error('a client takes the pipe that it is given')
    return handler
  }

  readonly onOpen = (lane: Lane): void => {
    const { workload, connection } = this.#deps
    const seat: Seat = {
      lane,
      connection,
      isUsable: () => !this.#isRetired,
      send: () => {
        this.#busy.set(lane, seat)
        lane.send()
      },
      giveUp: () => {
        this.#pipe?.destroy()
        this.onLost('it was given up')
      },
    }
    this.#seats.set(lane, seat)
    workload.offer(seat)
  }

  readonly onAnswer = (lane: Lane, status: number, bodyBytes: number): void => {
    const { workload } = this.#deps
    const seat = this.#seats.get(lane)
    if (seat === undefined) return
    this.#busy.delete(lane)
    workload.answer(seat, status, bodyBytes)
    if (workload.plan.isFresh === true) this.onRetired()
    this.#free(seat)
  }

  readonly onFailed = (lane: Lane, why: string, mayRepeat: boolean): void => {
    const seat = this.#busy.get(lane)
    if (seat === undefined) return
    this.#busy.delete(lane)
    const { workload, connection } = this.#deps
    if (mayRepeat) workload.repeat(seat)
    else workload.lose(seat, why, connection.isDoomed)
    this.#free(seat)
  }

  readonly onBytes = (): void => {}

  readonly onRetired = (): void => {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#deps.onRetired()
    // In a later turn: the answer that says so is not counted yet.
    setImmediate(() => this.#endWhenIdle())
  }

  readonly onLost = (why: string): void => {
    if (this.#isGone) return
    this.#isGone = true
    const { workload, connection } = this.#deps
    // A WebSocket that is refused, say.
    if (this.#seats.size === 0 && !connection.isDoomed) workload.failBeside(connection.closedFor ?? why)
    for (const seat of this.#busy.values()) workload.lose(seat, connection.closedFor ?? why, connection.isDoomed)
    this.#busy.clear()
    this.onRetired()
    this.#deps.onGone()
  }

  #free(seat: Seat): void {
    if (this.#isRetired) this.#endWhenIdle()
    else this.#deps.workload.offer(seat)
  }

  #endWhenIdle(): void {
    if (this.#busy.size === 0 && !this.#isGone) this.#pipe?.end()
  }
}
