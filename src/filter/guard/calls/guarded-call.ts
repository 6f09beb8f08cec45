import { isThrown, thrownMessage } from '../../../lib/errors/thrown-text.ts'
import type { HeaderList } from '../../../http/header-list.ts'
import type { FilterHealth, HealthHost } from '../filter-health.ts'
import { enterHook, PENDING, SLOT, watchedHooks } from '../hook-slots.ts'
import type { HookSlots, WatchedHook } from '../hook-slots.ts'
import { isThenable } from './judge.ts'

export interface GuardHost extends HealthHost {
  readonly slots: HookSlots
  /** An error as text, without the secrets of an exchange: of its headers, say. */
  readonly describe: (error: unknown, headers: readonly (HeaderList | undefined)[]) => string
  /** Sees to it that nobody can take memory away, which pieces of a body share with what others read. */
  readonly pin?: (memory: ArrayBufferLike) => void
}

/** What all hooks of one filter share. */
export interface Guarded {
  readonly health: FilterHealth
  readonly host: GuardHost
}

/** What is done with one call, beside calling. */
export interface CallRules {
  readonly hook: WatchedHook
  /** What is wrong with a result; the headers that the hook could change are looked at here as well. */
  readonly faultOf: (result: unknown) => string | undefined
  /** Takes back what the hook has changed, where its failure mode is `open`. */
  readonly undo?: (() => void) | undefined
  /** Its failure closes the exchange, whatever its mode: half of it is out already. */
  readonly isBound?: (() => boolean) | undefined
  /** What a good result goes on as; default: as it is. */
  readonly wrap?: (result: unknown) => unknown
  /** Told of a call that was good so far, in place of counting it: whether it has done well shows later. */
  readonly onGood?: () => void
  /** Its promise may take as long as it likes: somebody else sees to that. */
  readonly isPatient?: boolean
  /** Whose secrets errors may quote. */
  readonly headers: () => readonly (HeaderList | undefined)[]
}

type FailureOfCall = 'throw' | 'reject' | 'wait' | 'invalid'

/** Calls a hook whose filter has been admitted; throws, or rejects, with a `FilterFailure` where its failure closes. */
export const guardCall = (run: () => unknown, guarded: Guarded, rules: CallRules): unknown => {
  const { health, host } = guarded
  const { cells } = host.slots
  const outer = cells[SLOT] ?? 0
  enterHook(cells, health.slot, watchedHooks.indexOf(rules.hook))
  const startMs = host.clock.monotonicMs()
  let result: unknown
  let thrown: { readonly error: unknown } | undefined
  try {
    result = run()
  } catch (error) {
    thrown = { error }
  }
  cells[SLOT] = outer
  const tookMs = host.clock.monotonicMs() - startMs
  health.note(tookMs)
  if (thrown !== undefined) return failCall(guarded, { kind: 'throw', error: thrown.error }, rules)
  return judgeCall(result, tookMs, guarded, rules)
}

/** What comes of a result, now or later. */
export const judgeCall = (result: unknown, tookMs: number, guarded: Guarded, rules: CallRules): unknown => {
  if (isThenable(result)) return waitFor(result, guarded, rules)
  const fault = rules.faultOf(result)
  if (fault !== undefined) return failCall(guarded, { kind: 'invalid', error: new TypeError(fault) }, rules)
  if (tookMs > guarded.health.user.hookMs) countOverrun(guarded, tookMs)
  else if (rules.onGood === undefined) guarded.health.pass()
  else rules.onGood()
  return rules.wrap === undefined ? result : rules.wrap(result)
}

/** Counts a failure; throws unless its filter fails open. */
export const failCall = (
  { health, host }: Guarded,
  { kind, error }: { readonly kind: FailureOfCall; readonly error: unknown },
  { headers, undo, isBound }: CallRules,
): undefined => {
  const text = host.describe(error, headers())
  undo?.()
  return health.fail({ kind, error, text }, isBound?.() === true)
}

/** The time is gone, and nobody gains when its exchange fails as well; it counts against the filter. */
export const countOverrun = ({ health }: Guarded, tookMs: number): void => {
  const text = `a hook held the event loop for ${tookMs.toFixed(1)} ms; its budget is ${health.user.hookMs} ms`
  health.count({ kind: 'overrun', error: undefined, text })
}

const waitFor = (result: PromiseLike<unknown>, guarded: Guarded, rules: CallRules): Promise<unknown> => {
  const { health, host } = guarded
  const { waitMs, isolation } = health.user
  // How long a thread takes to start is none of the filter's time, and whoever asks it sees to that.
  const isPatient = rules.isPatient === true || isolation === 'thread'
  const { cells } = host.slots
  const pending = PENDING + health.slot
  cells[pending] = (cells[pending] ?? 0) + 1
  return new Promise((resolve, reject) => {
    let isOver = false
    const settle = (judge: () => unknown): void => {
      if (isOver) return
      isOver = true
      cells[pending] = (cells[pending] ?? 0) - 1
      cancel()
      try {
        resolve(judge())
      } catch (error) {
        reject(isThrown(error, Error) ? error : new Error(thrownMessage(error)))
      }
    }
    const fail = (kind: 'wait' | 'reject', error: unknown): void =>
      settle(() => failCall(guarded, { kind, error }, rules))
    const tooLong = (): void => fail('wait', new Error(`no answer within ${waitMs} ms`))
    const cancel = isPatient ? nothing : host.clock.after(waitMs, tooLong)
    // Of whatever makes: one that throws when it is asked is a rejected one.
    Promise.resolve(result).then(
      (settled) =>
        settle(() => {
          const fault = rules.faultOf(settled)
          if (fault !== undefined) return failCall(guarded, { kind: 'invalid', error: new TypeError(fault) }, rules)
          health.pass()
          return rules.wrap === undefined ? settled : rules.wrap(settled)
        }),
      (error: unknown) => fail('reject', error),
    )
  })
}

const nothing = (): void => {}
