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
    this.#runFrom(0)
  }

  /** What the hooks say from now on is not asked for any more. */
  cancel(): void {
    this.#isCancelled = true
    this.#pending = undefined
  }

  #runFrom(first: number): void {
    const hooks = this.#hooks
    for (let i = first; i < hooks.length; i++) {
      let result: HookResult
      let isPromise = false
      try {
        result = hooks[i]?.(this.#about)
        // A filter in plain JavaScript may return anything; what is no object throws here, as it should.
        isPromise = result !== undefined && 'then' in result
      } catch (error) {
        return this.#user.onThrown(error, false)
      }
      if (result === undefined) continue
      if (!isPromise || !('then' in result)) return this.#user.onReply(result as Reply)
      this.#pending = hooks[i]
      result
        .then((reply) => this.#onSettled(reply, i + 1))
        // Also what fails on from there: nobody else is waiting for this promise.
        .catch((error: unknown) => {
          this.#pending = undefined
          this.#user.onThrown(error, this.#isCancelled)
        })
      return
    }
    this.#user.onPassed()
  }

  #onSettled(reply: Reply | void, next: number): void {
    if (this.#isCancelled) {
      if (reply !== undefined) dropBody(reply.body)
      return
    }
    this.#pending = undefined
    if (reply === undefined) this.#runFrom(next)
    else this.#user.onReply(reply)
  }
}
