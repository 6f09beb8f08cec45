import type { HookResult, Reply } from './index.ts'
import { dropBody } from './reply.ts'

/** Something that looks at an exchange, or a connection, and may answer it; a filter's hook is one. */
export interface ExchangeHook<E> {
  (about: E): HookResult
  readonly kind?: string | undefined
}

/** What becomes of a run of hooks; one of the first two is called, or `onThrown`, once. */
export interface HookRunUser {
  /** Every hook let the exchange go on. */
  readonly onPassed: () => void
  readonly onReply: (reply: Reply) => void
  /** A hook threw or rejected; with `isLate` the run had been cancelled, and the exchange has gone another way. */
  readonly onThrown: (error: unknown, isLate: boolean) => void
}

/** What has ended a round of hooks, or halted it. */
type HookStop =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'thrown'; readonly error: unknown }
  /** The hook at this place gives its result later. */
  | { readonly kind: 'promise'; readonly promise: Promise<Reply | void>; readonly at: number }

/**
 * Calls hooks one after the other, from the one at `first` on, as long as they say nothing; `undefined` when all have been
 * called. Most say nothing, and at once: nothing is made for those.
 */
const callHooks = <E>(hooks: readonly ExchangeHook<E>[], about: E, first: number): HookStop | undefined => {
  for (let at = first; at < hooks.length; at++) {
    try {
      const result: HookResult = hooks[at]?.(about)
      if (result === undefined) continue
      // A filter in plain JavaScript may return anything; what is no object throws here, as it should.
      return 'then' in result ? { kind: 'promise', promise: result, at } : { kind: 'reply', reply: result }
    } catch (error) {
      return { kind: 'thrown', error }
    }
  }
  return undefined
}

/** Calls hooks one after the other, without a promise unless one of them returns one: only then does the exchange wait. */
export class HookRun<E> {
  readonly #hooks: readonly ExchangeHook<E>[]
  readonly #about: E
  readonly #user: HookRunUser
  #pending: ExchangeHook<E> | undefined
  #isCancelled = false

  constructor(hooks: readonly ExchangeHook<E>[], about: E, user: HookRunUser) {
    this.#hooks = hooks
    this.#about = about
    this.#user = user
  }

  /** The kind of the filter whose promise is waited for, the empty string for one without; `undefined` when none is. */
  get waitsFor(): string | undefined {
    return this.#pending === undefined ? undefined : (this.#pending.kind ?? '')
  }

  /** Calls the hooks; once. May have called the user before it returns. */
  start(): void {
    this.goOn(callHooks(this.#hooks, this.#about, 0))
  }

  /** In place of `start` when they have been called already, and this was their stop. */
  goOn(stop: HookStop | undefined): void {
    if (stop === undefined) return this.#user.onPassed()
    switch (stop.kind) {
      case 'reply':
        return this.#user.onReply(stop.reply)
      case 'thrown':
        return this.#user.onThrown(stop.error, false)
      case 'promise':
        this.#await(stop.promise, stop.at)
    }
  }

  /** What the hooks say from now on is not asked for any more. */
  cancel(): void {
    this.#isCancelled = true
    this.#pending = undefined
  }

  #await(promise: Promise<Reply | void>, at: number): void {
    this.#pending = this.#hooks[at]
    promise
      .then((reply) => this.#onSettled(reply, at + 1))
      // Also what fails on from there: nobody else is waiting for this promise.
      .catch((error: unknown) => {
        this.#pending = undefined
        this.#user.onThrown(error, this.#isCancelled)
      })
  }

  #onSettled(reply: Reply | void, next: number): void {
    if (this.#isCancelled) {
      if (reply !== undefined) dropBody(reply.body)
      return
    }
    this.#pending = undefined
    if (reply === undefined) this.goOn(callHooks(this.#hooks, this.#about, next))
    else this.#user.onReply(reply)
  }
}

/** Hooks that were called, of which one did not just let the exchange go on. */
interface Halt<E> {
  readonly hooks: readonly ExchangeHook<E>[]
  readonly about: E
  readonly stop: HookStop
  readonly isCancelled: boolean
}

/** The runs of one exchange, one after the other; there is nothing of those in which all hooks say nothing at once. */
export class HookRuns<E> {
  #run: HookRun<E> | undefined
  #cancels = 0

  /** As a run says it. */
  get waitsFor(): string | undefined {
    return this.#run?.waitsFor
  }

  /** Calls the hooks; `undefined`: all have let the exchange go on. What else there is goes to `goOn`, at once. */
  call(hooks: readonly ExchangeHook<E>[], about: E): Halt<E> | undefined {
    const cancels = this.#cancels
    const stop = callHooks(hooks, about, 0)
    // One of them may have brought that about by what it did.
    return stop === undefined ? undefined : { hooks, about, stop, isCancelled: cancels !== this.#cancels }
  }

  goOn({ hooks, about, stop, isCancelled }: Halt<E>, user: HookRunUser): void {
    this.#run = new HookRun(hooks, about, user)
    if (isCancelled) this.#run.cancel()
    this.#run.goOn(stop)
  }

  /** What the hooks say that were called up to now is not asked for any more. */
  cancel(): void {
    this.#cancels++
    this.#run?.cancel()
  }
}
