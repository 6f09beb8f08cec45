import type { HeaderList } from '../../../http/header-list.ts'
import type { Exchange, Served, Serving } from '../../index.ts'
import { enterHook, PENDING, SLOT, watchedHooks } from '../hook-slots.ts'
import { failCall, guardCall, type CallRules, type Guarded } from './guarded-call.ts'
import { faultOfHeaders } from './judge.ts'

const SERVE = watchedHooks.indexOf('serve')

type Serve = (exchange: Exchange, serving: Serving) => Served | void

/**
 * Guards a filter that answers requests itself, until it has begun its answer: what it does with a request that is in its
 * hands goes on behind promises and streams, where nobody can look. One that fails open leaves the request, if it still can.
 */
export const guardServe =
  (run: Serve, guarded: Guarded): Serve =>
  (exchange, serving) => {
    const { health } = guarded
    if (!health.isAdmitted()) return health.refuseQuarantined()
    const between = new GuardedServing(exchange, serving, guarded)
    try {
      const served = guardCall(() => run(exchange, between), guarded, between.rules)
      // What `faultOfServed` lets pass.
      return between.begin(served as Served | undefined)
    } catch (error) {
      between.close()
      throw error
    }
  }

const faultOfServed = (served: unknown): string | undefined =>
  served === undefined || (typeof served === 'object' && served !== null && 'onOver' in served)
    ? undefined
    : 'serve returned neither what takes a request nor nothing'

/** Stands between the waypoint and a filter, for one request. */
class GuardedServing implements Serving, Served {
  readonly rules: CallRules
  readonly #serving: Serving
  readonly #guarded: Guarded
  #served: Served | undefined
  #cancelTimer: (() => void) | undefined
  /** It goes on to somebody else because the filter has failed. */
  #isTakenAway = false
  /** Being asked was no failure. */
  #isGood = false
  /** It is counted, as good or as a failure. */
  #isJudged = false
  /** What was asked for, or said, cannot be taken back. */
  #isBound = false
  /** It waits for the rest of the request's body. */
  #isFed = false
  /** Nothing is waited for any more. */
  #isClosed = false

  constructor(exchange: Exchange, serving: Serving, guarded: Guarded) {
    this.#serving = serving
    this.#guarded = guarded
    this.rules = {
      hook: 'serve',
      faultOf: faultOfServed,
      onGood: () => {
        this.#isGood = true
        this.#pass()
      },
      isBound: () => this.#isBound,
      headers: () => [exchange.request.headers, exchange.response?.headers],
    }
    this.#count(1)
  }

  /** The filter has been asked, and has said this. */
  begin(served: Served | undefined): Served | undefined {
    if (served === undefined) return this.close()
    this.#served = served
    if (this.#isTakenAway) this.#tellOver()
    else if (!this.#isFed) this.#startTimer()
    return this
  }

  /** Nothing of it is waited for any more. */
  close(): undefined {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pass()
    this.#cancelTimer?.()
    this.#count(-1)
  }

  get bodyBytes(): number | undefined {
    return this.#serving.bodyBytes
  }

  readBody(): void {
    this.#isBound = true
    this.#feed()
    this.#pass()
    this.#serving.readBody()
  }

  resume(): void {
    this.#feed()
    this.#serving.resume()
  }

  respond(status: number, headers: HeaderList, bodyBytes: number | undefined): void {
    const fault = faultOfHeaders(headers)
    if (fault !== undefined) return this.#fail('invalid', new TypeError(fault))
    this.#isBound = true
    this.close()
    this.#serving.respond(status, headers, bodyBytes)
  }

  write(bytes: Buffer): boolean {
    return this.#serving.write(bytes)
  }

  end(trailers?: HeaderList): void {
    this.#serving.end(trailers)
  }

  fail(error: unknown): void {
    this.#fail('reject', error)
  }

  leave(): boolean {
    if (!this.#serving.leave()) return false
    this.close()
    return true
  }

  onBody(bytes: Buffer): boolean {
    const isTaken = this.#call((served) => served.onBody(bytes)) ?? true
    if (!isTaken) this.#startTimer()
    return isTaken
  }

  onBodyEnd(trailers: HeaderList | undefined): void {
    this.#startTimer()
    this.#call((served) => served.onBodyEnd(trailers))
  }

  onDrain(): void {
    this.#call((served) => served.onDrain())
  }

  onOver(isWhole: boolean): void {
    this.close()
    this.#call((served) => served.onOver(isWhole))
  }

  /** It is the client's turn: whoever sends a body slowly has no one else blamed. */
  #feed(): void {
    this.#isFed = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** It is the filter's turn. */
  #startTimer(): void {
    this.#isFed = false
    if (this.#isClosed || this.#cancelTimer !== undefined) return
    const { health, host } = this.#guarded
    const { waitMs } = health.user
    const expire = (): void => this.#fail('wait', new Error(`no answer was begun within ${waitMs} ms`))
    this.#cancelTimer = host.clock.after(waitMs, expire)
  }

  /** Counts it as good, once it is known to be. */
  #pass(): void {
    // Who asks for the body has done something; how long that takes is the client's choice, and may keep nobody else away.
    const isKnown = this.#isClosed || this.#isBound
    if (!this.#isGood || !isKnown || this.#isJudged) return
    this.#isJudged = true
    this.#guarded.health.pass()
  }

  #tellOver(): void {
    this.#call((served) => served.onOver(false))
  }

  /** What is told to the filter may run code of it at once. */
  #call<Result>(run: (served: Served) => Result): Result | undefined {
    const { health, host } = this.#guarded
    const { cells } = host.slots
    const outer = cells[SLOT] ?? 0
    enterHook(cells, health.slot, SERVE)
    try {
      return this.#served === undefined ? undefined : run(this.#served)
    } catch (error) {
      this.#fail('throw', error)
      return undefined
    } finally {
      cells[SLOT] = outer
    }
  }

  #fail(kind: 'throw' | 'reject' | 'wait' | 'invalid', error: unknown): void {
    this.#isJudged = true
    try {
      failCall(this.#guarded, { kind, error }, this.rules)
      this.#isTakenAway = this.leave()
      // What it does for it all the same nobody would stop.
      if (this.#isTakenAway) this.#tellOver()
    } catch (failure) {
      this.close()
      this.#serving.fail(failure)
    }
  }

  /** Who loops behind an `await` is looked for among those that something is waited for of. */
  #count(by: 1 | -1): void {
    const { health, host } = this.#guarded
    const { cells } = host.slots
    const pending = PENDING + health.slot
    cells[pending] = (cells[pending] ?? 0) + by
  }
}
