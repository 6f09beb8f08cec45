import type { Dispatcher } from 'undici'
import { CallError } from '../../filter/env/calls.ts'
import type { Clock } from '../../lib/clock.ts'

/** What a call may take. */
export interface CallLimits {
  /** From the call to the last byte of its answer. */
  readonly timeoutMs: number
  /** Of the answer's body. */
  readonly maxBytes: number
}

/** How a call ended: the status of its answer, or why there is none, or not a whole one. */
export type CallOutcome = { readonly status: number } | { readonly error: Error }

interface Guarding {
  readonly clock: Clock
  /** How the callee is called in messages. */
  readonly callee: string
  readonly limits: CallLimits
  /** What is to be run when the filter is closed. */
  readonly open: Set<() => void>
  /** Says in our words what others say in theirs. */
  readonly explain?: (error: Error) => Error
  /** Called once. */
  readonly onOver: (outcome: CallOutcome) => void
}

/** Passes on what becomes of a call, and ends it when it takes too long, answers too much, or its filter is closed. */
export class GuardedHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #guarding: Guarding
  #controller: HandlersController | undefined
  readonly #cancelTimer: () => void
  /** It was ended before it set out: whoever keeps it in a queue is told when its turn comes. */
  #cut: Error | undefined
  #status = 0
  #bytes = 0
  #isOver = false
  readonly #onClosed: () => void

  constructor(handler: Dispatcher.DispatchHandler, guarding: Guarding) {
    this.#handler = handler
    this.#guarding = guarding
    const { callee, clock, limits, open } = guarding
    const { timeoutMs } = limits
    this.#onClosed = () => this.#end(new CallError('ECLOSED', `${callee}: the filter was closed meanwhile`))
    // From here on, and not when it sets out: there may be no connection for longer than that.
    this.#cancelTimer = clock.after(timeoutMs, () =>
      this.#end(new CallError('ETIMEDOUT', `${callee}: no whole answer within ${timeoutMs} ms`)),
    )
    open.add(this.#onClosed)
  }

  onRequestStart(call: Dispatcher.DispatchController, context: unknown): void {
    if (this.#cut !== undefined) return call.abort(this.#cut)
    this.#controller = new HandlersController(call)
    this.#handler.onRequestStart?.(this.#controller, context)
  }

  onRequestUpgrade(call: Dispatcher.DispatchController): void {
    call.abort(new CallError('EPROTOCOL', `${this.#guarding.callee}: an answer of status 101`))
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  onResponseStart(...[call, status, headers, message]: Parameters<Handler['onResponseStart']>): void {
    this.#status = status
    const length = headers['content-length']
    if (typeof length === 'string' && Number(length) > this.#guarding.limits.maxBytes) return this.#refuseLength(call)
    this.#handler.onResponseStart?.(this.#of(call), status, headers, message)
  }

  onResponseData(call: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#guarding.limits.maxBytes) return this.#refuseLength(call)
    this.#handler.onResponseData?.(this.#of(call), chunk)
  }

  onResponseEnd(...[call, trailers]: Parameters<Handler['onResponseEnd']>): void {
    this.#finish({ status: this.#status })
    this.#handler.onResponseEnd?.(this.#of(call), trailers)
  }

  onResponseError(call: Dispatcher.DispatchController, cause: Error): void {
    const { explain, open } = this.#guarding
    if (this.#cut !== undefined) return void open.delete(this.#onClosed)
    const isOurs = cause instanceof CallError || this.#controller?.aborted === true || explain === undefined
    const error = isOurs ? cause : explain(cause)
    this.#finish({ error })
    const tell = (): void => tellError(this.#handler, this.#of(call), error)
    // Right behind the head `fetch` would miss it, and never end: it looks at that in a turn of its own.
    if (this.#status === 0) tell()
    else setImmediate(tell)
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.()
  }

  #end(reason: Error): void {
    if (this.#controller !== undefined) return this.#controller.call.abort(reason)
    if (this.#cut !== undefined) return
    this.#cut = reason
    this.#cancelTimer()
    // It counts as under way for as long as it is kept.
    this.#guarding.onOver({ error: reason })
    tellError(this.#handler, refusedFor(reason), reason)
  }

  #of(call: Dispatcher.DispatchController): HandlersController {
    this.#controller ??= new HandlersController(call)
    return this.#controller
  }

  #refuseLength(call: Dispatcher.DispatchController): void {
    const { callee, limits } = this.#guarding
    call.abort(new CallError('ETOOLARGE', `${callee}: an answer of more than ${limits.maxBytes} bytes: see maxBytes`))
  }

  #finish(outcome: CallOutcome): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimer()
    this.#guarding.open.delete(this.#onClosed)
    this.#guarding.onOver(outcome)
  }
}

/** What a call that never set out is held by. */
export const refusedFor = (reason: Error): Dispatcher.DispatchController => ({
  aborted: true,
  reason,
  paused: false,
  rawHeaders: null,
  rawTrailers: null,
  abort: () => {},
  pause: () => {},
  resume: () => {},
})

/** Tells a handler that it ends there. What it throws at that is its own: nobody is left to be told. */
export const tellError = (
  handler: Dispatcher.DispatchHandler,
  controller: Dispatcher.DispatchController,
  error: Error,
): void => {
  try {
    handler.onResponseError?.(controller, error)
  } catch {
    // Not even by ending the process.
  }
}

type Handler = Required<Dispatcher.DispatchHandler>

/** What the handler holds its call by: `aborted` says that it was the handler itself who ended it, and nobody else. */
class HandlersController implements Dispatcher.DispatchController {
  readonly call: Dispatcher.DispatchController
  aborted = false
  reason: Error | null = null

  constructor(call: Dispatcher.DispatchController) {
    this.call = call
  }

  get paused(): boolean {
    return this.call.paused
  }

  get rawHeaders() {
    return this.call.rawHeaders ?? null
  }

  get rawTrailers() {
    return this.call.rawTrailers ?? null
  }

  abort(reason: Error): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    this.call.abort(reason)
  }

  pause(): void {
    this.call.pause()
  }

  resume(): void {
    this.call.resume()
  }
}
