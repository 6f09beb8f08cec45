import type { Histogram } from '../../bench/load/histogram.ts'
import { Fifo } from '../../../src/proxy/limits/fifo.ts'
import type { WorkloadCounts, WorkloadPlan } from './plan.ts'
import type { Seat } from './seat.ts'

/** A request without an answer for so long is a failure: whoever asked has given up. */
const ANSWER_DEADLINE_MS = 20_000

/** The rate grows from a tenth to all of it meanwhile: nobody sends everything to a process that has just been started. */
export const RAMP_MS = 15_000

/** Where all workloads write down what they saw. */
export interface Ledger {
  readonly window: Histogram
  readonly total: Histogram
  readonly fail: (workload: string, why: string) => void
}

/** The requests of one Service: sent on a schedule that waits for nobody, each counted by what became of it. */
export class Workload {
  readonly plan: WorkloadPlan
  readonly #ledger: Ledger
  readonly #free = new Fifo<Seat>()
  /** And when their requests were sent. */
  readonly #busy = new Map<Seat, number>()
  /** When requests were due that have to be sent anew. */
  readonly #again: number[] = []
  #startedMs = 0
  #nextDueMs = Number.POSITIVE_INFINITY
  #sent = 0
  #answered = 0
  #failed = 0
  #cut = 0
  #repeated = 0

  constructor(plan: WorkloadPlan, ledger: Ledger) {
    this.plan = plan
    this.#ledger = ledger
  }

  get inFlight(): number {
    return this.#busy.size + this.#again.length
  }

  counts(): WorkloadCounts {
    const { name } = this.plan
    const [sent, answered, failed, cut, repeated] = [
      this.#sent,
      this.#answered,
      this.#failed,
      this.#cut,
      this.#repeated,
    ]
    return { name, sent, answered, failed, cut, repeated }
  }

  /** The schedule begins; `share` (0 to 1) of an interval later, so that workloads are not in step. */
  start(nowMs: number, share: number): void {
    this.#startedMs = nowMs
    this.#nextDueMs = nowMs + (share * 1000) / this.plan.ratePerSecond
  }

  stop(): void {
    this.#nextDueMs = Number.POSITIVE_INFINITY
  }

  /** Sends what is due by now, as far as tunnels are free; the rest waits, and its time counts. */
  send(nowMs: number): void {
    while (this.#again.length > 0) {
      const seat = this.#takeFree()
      if (seat === undefined) return
      this.#sendOn(seat, this.#again.shift() ?? nowMs, nowMs)
    }
    const ramp = Math.min(1, Math.max(0.1, (nowMs - this.#startedMs) / RAMP_MS))
    const intervalMs = 1000 / this.plan.ratePerSecond / ramp
    for (; this.#nextDueMs <= nowMs; this.#nextDueMs += intervalMs) {
      const seat = this.#takeFree()
      if (seat === undefined) return
      this.#sent++
      this.#sendOn(seat, this.#nextDueMs, nowMs)
    }
  }

  /** A tunnel can take a request. */
  offer(seat: Seat): void {
    this.#free.push(seat)
  }

  answer(seat: Seat, status: number, bodyBytes: number): void {
    if (!this.#busy.delete(seat)) return this.#fail(`an answer with status ${status} that nobody asked for`)
    const { plan } = this
    const tookMicros = (performance.now() - seat.lane.dueAt) * 1000
    this.#ledger.window.record(tookMicros)
    this.#ledger.total.record(tookMicros)
    seat.connection.answered++
    if (status === plan.status && (plan.bodyBytes === undefined || plan.bodyBytes === bodyBytes)) this.#answered++
    else this.#fail(`status ${status} with ${bodyBytes} bytes`)
  }

  /** No answer will come. */
  lose(seat: Seat, why: string, isCut: boolean): void {
    if (!this.#busy.delete(seat)) return
    if (isCut) this.#cut++
    else this.#fail(why)
  }

  /** The server has not taken the request. */
  repeat(seat: Seat): void {
    if (!this.#busy.delete(seat)) return
    this.#repeated++
    this.#again.push(seat.lane.dueAt)
  }

  /** What goes wrong beside a request: a tunnel that is refused, say. */
  failBeside(why: string): void {
    this.#fail(why)
  }

  /** Gives up on requests that have waited too long. */
  sweep(nowMs: number): void {
    for (const [seat, sentMs] of this.#busy) {
      if (nowMs - sentMs < ANSWER_DEADLINE_MS) continue
      this.lose(seat, `no answer in ${ANSWER_DEADLINE_MS} ms`, false)
      seat.giveUp()
    }
  }

  #fail(why: string): void {
    this.#failed++
    this.#ledger.fail(this.plan.name, why)
  }

  #takeFree(): Seat | undefined {
    for (;;) {
      const seat = this.#free.shift()
      if (seat === undefined || seat.isUsable()) return seat
    }
  }

  #sendOn(seat: Seat, dueAt: number, nowMs: number): void {
    this.#busy.set(seat, nowMs)
    seat.lane.dueAt = dueAt
    seat.send()
  }
}
