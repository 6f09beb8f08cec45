import type { Exchange, Filter, Reply } from '../filter/index.ts'

type Hook = NonNullable<Filter['onRequest']>

/** What becomes of a run of hooks; exactly one of them is called, once. */
export interface HookRunUser {
  /** Every hook let the exchange go on. */
  readonly onPassed: () => void
  readonly onReply: (reply: Reply) => void
  /** A hook threw or rejected. */
  readonly onThrown: (error: unknown) => void
}

/** Calls hooks one after the other, without a promise unless one of them returns one: only then does the exchange wait. */
export const runHooks = (hooks: readonly Hook[], exchange: Exchange, user: HookRunUser): void => {
  runFrom(hooks, 0, { exchange, user })
}

const runFrom = (
  hooks: readonly Hook[],
  first: number,
  run: { readonly exchange: Exchange; readonly user: HookRunUser },
): void => {
  const { exchange, user } = run
  for (let i = first; i < hooks.length; i++) {
    let result: ReturnType<Hook> | undefined
    let isPromise = false
    try {
      result = hooks[i]?.(exchange)
      // A filter in plain JavaScript may return anything; what is no object throws here, as it should.
      isPromise = result !== undefined && 'then' in result
    } catch (error) {
      return user.onThrown(error)
    }
    if (result === undefined) continue
    if (!isPromise || !('then' in result)) return user.onReply(result as Reply)
    result
      .then((reply) => (reply === undefined ? runFrom(hooks, i + 1, run) : user.onReply(reply)))
      // Also what fails on from there: nobody else is waiting for this promise.
      .catch((error: unknown) => user.onThrown(error))
    return
  }
  user.onPassed()
}
