import { Fifo } from '../../../src/proxy/limits/fifo.ts'
import type { Lane, LaneOwner } from '../load/lane.ts'
import type { PartyLoad } from './plan.ts'
import type { Tally } from './tally.ts'

/** Where answers are counted at the moment: the party's group, and the window that is under way. */
export interface Tallies {
  readonly group: Tally
  readonly window: Tally
}

/** The lanes of one client identity, used in turn. A request that finds none free is not sent. */
export class Party implements LaneOwner {
  readonly #bodyBytes: number
  readonly #free = new Fifo<Lane>()
  readonly #onOpened: () => void
  readonly #onFailure: (why: string) => void
  #load: PartyLoad = { kind: 'rate', perSecond: 0 }
  #nextDueMs = 0
  #inFlight = 0
  tallies: Tallies | undefined

  constructor(bodyBytes: number, owner: { readonly onOpened: () => void; readonly onFailure: (why: string) => void }) {
    this.#bodyBytes = bodyBytes
    this.#onOpened = owner.onOpened
    this.#onFailure = owner.onFailure
  }

  /** From now on; `share` (0 to 1) is where in its interval it begins, so that parties are not in step. */
  take(load: PartyLoad, nowMs: number, share: number): void {
    this.#load = load
    if (load.kind === 'rate') this.#nextDueMs = nowMs + (share * 1000) / load.perSecond
    else this.#fill(nowMs)
  }

  /** Sends what is due by now. */
  send(nowMs: number): void {
    const load = this.#load
    const tallies = this.tallies
    if (load.kind !== 'rate' || load.perSecond === 0 || tallies === undefined) return
    const intervalMs = 1000 / load.perSecond
    const due = Math.floor((nowMs - this.#nextDueMs) / intervalMs) + 1
    if (due <= 0) return
    let sent = 0
    for (; sent < due; sent++) {
      const lane = this.#free.shift()
      if (lane === undefined) break
      this.#sendOn(lane, this.#nextDueMs + sent * intervalMs)
    }
    this.#nextDueMs += due * intervalMs
    for (const tally of [tallies.group, tallies.window]) {
      tally.due += due
      tally.unsent += due - sent
    }
  }

  onOpen(lane: Lane): void {
    this.#free.push(lane)
    this.#onOpened()
  }

  onAnswer(lane: Lane, status: number, bodyBytes: number): void {
    this.#inFlight--
    this.#free.push(lane)
    const nowMs = performance.now()
    const tallies = this.tallies
    if (tallies !== undefined) {
      const isAccepted = status === 200 && bodyBytes === this.#bodyBytes
      const tookMs = nowMs - lane.dueAt
      for (const tally of [tallies.group, tallies.window]) {
        if (isAccepted || status === 503) tally.onAnswer(isAccepted, tookMs)
        else tally.failed++
      }
    }
    if (this.#load.kind === 'in-flight') this.#fill(nowMs)
  }

  onBytes(): void {}

  onLost(why: string): void {
    this.#onFailure(why)
  }

  #fill(nowMs: number): void {
    const load = this.#load
    while (load.kind === 'in-flight' && this.#inFlight < load.requests) {
      const lane = this.#free.shift()
      if (lane === undefined) return
      if (this.tallies !== undefined) {
        this.tallies.group.due++
        this.tallies.window.due++
      }
      this.#sendOn(lane, nowMs)
    }
  }

  #sendOn(lane: Lane, dueAt: number): void {
    this.#inFlight++
    lane.dueAt = dueAt
    lane.send()
  }
}
