/**
 * Keeps the code of users from hurting more than its own exchanges: each call of a hook is timed, its errors and its
 * results are judged, and a filter that fails too often is not called for a while. Built-in filters are not guarded.
 */
import { isFieldValue } from '../../http/h1/chars.ts'
import { isFieldName } from '../../http/h1/field-names.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { FilterSpec, UserFilter } from '../../model/filter-spec.ts'
import type { Exchange, Filter, FilterDefinition, HookResult, Reply } from '../index.ts'
import type { ExchangeRecord } from '../record.ts'
import { FilterHealth } from './filter-health.ts'
import type { HealthHost } from './filter-health.ts'
import { findUnwritable } from './find-unwritable.ts'
import type { HookSlots } from './hook-slots.ts'
import { CALLS, SLOT } from './hook-slots.ts'
import type { FilterReading, LastFailure } from './reading.ts'
import { restoreExchange, saveExchange } from './undo.ts'
import type { SavedExchange } from './undo.ts'

export interface GuardHost extends HealthHost {
  readonly slots: HookSlots
  /** An error as text, without the secrets of an exchange: of its headers, say. */
  readonly describe: (error: unknown, headers: readonly (HeaderList | undefined)[]) => string
}

/** What other processes have found out about a version of a filter. */
export interface QuarantineNotice {
  readonly id: string
  readonly version: string
  readonly failure: LastFailure
  /** Milliseconds since the epoch. */
  readonly untilMs: number
}

export interface FilterGuards {
  /** The filter with a guard before each of its hooks; one without `user` in its spec is nobody's but ours. */
  readonly guard: (filter: Filter, spec: FilterSpec, definition: Pick<FilterDefinition, 'kind'>) => Filter
  readonly read: () => readonly FilterReading[]
  /** The filters that are guarded, by their slots. */
  readonly healths: () => Iterable<FilterHealth>
  /** Takes note of what was found out elsewhere, of filters that are there and of those that come. */
  readonly hold: (notices: readonly QuarantineNotice[]) => void
}

/** What all hooks of one filter share. */
interface Guarded {
  readonly health: FilterHealth
  readonly host: GuardHost
}

const noHeaders: readonly (HeaderList | undefined)[] = []

/** Makes the guards of a process. */
export const createFilterGuards = (host: GuardHost): FilterGuards => {
  const healths = new Map<string, FilterHealth>()
  const notices = new Map<string, QuarantineNotice>()
  let slots = 0

  const healthOf = (user: UserFilter, kind: string): FilterHealth => {
    const key = keyOf(user)
    const known = healths.get(key)
    if (known !== undefined) return known
    const health = new FilterHealth({ user, kind, slot: ++slots }, host)
    const notice = notices.get(key)
    if (notice !== undefined) health.hold(notice.failure, notice.untilMs)
    healths.set(key, health)
    return health
  }

  const guard: FilterGuards['guard'] = (filter, spec, definition) => {
    if (spec.user === undefined) return filter
    const health = healthOf(spec.user, definition.kind)
    health.uses++
    const guarded = { health, host }
    const onClose = (): void => {
      health.uses--
      // What is quarantined stays so when it is detached and attached again.
      if (health.uses === 0 && health.quarantine.isActive) healths.delete(keyOf(health.user))
    }
    return guardHooks(filter, guarded, onClose)
  }

  return {
    guard,
    read: () => Array.from(inUse(healths), (health) => health.read()),
    healths: () => inUse(healths),
    hold: (found) => {
      for (const notice of found) {
        notices.set(keyOf(notice), notice)
        healths.get(keyOf(notice))?.hold(notice.failure, notice.untilMs)
      }
    },
  }
}

const keyOf = ({ id, version }: Pick<UserFilter, 'id' | 'version'>): string => `${id} ${version}`

const inUse = (healths: ReadonlyMap<string, FilterHealth>): readonly FilterHealth[] =>
  [...healths.values()].filter(({ uses }) => uses > 0)

const guardHooks = (filter: Filter, guarded: Guarded, onClose: () => void): Filter => ({
  ...(filter.onRequest === undefined
    ? {}
    : { onRequest: guardHook(filter.onRequest.bind(filter), guarded, requestHeaders) }),
  ...(filter.onResponse === undefined
    ? {}
    : { onResponse: guardHook(filter.onResponse.bind(filter), guarded, responseHeaders) }),
  ...(filter.onComplete === undefined ? {} : { onComplete: guardComplete(filter.onComplete.bind(filter), guarded) }),
  close: () => {
    onClose()
    filter.close?.()
  },
})

type ChosenHeaders = (exchange: Exchange) => HeaderList | undefined
const requestHeaders: ChosenHeaders = ({ request }) => request.headers
const responseHeaders: ChosenHeaders = ({ response }) => response?.headers

/** Hot: of a filter that does well it costs two readings of the clock, and allocates nothing. */
const guardHook = (
  run: (exchange: Exchange) => HookResult,
  guarded: Guarded,
  headersOf: ChosenHeaders,
): ((exchange: Exchange) => HookResult) => {
  const { health, host } = guarded
  const { cells } = host.slots
  const { monotonicMs } = host.clock
  const { slot, user } = health
  const isOpen = user.failureMode === 'open'
  return (exchange) => {
    if (!health.quarantine.isActive && !health.isAdmitted()) return health.refuseQuarantined()
    const saved = isOpen ? saveExchange(exchange) : undefined
    const outer = cells[SLOT] ?? 0
    cells[SLOT] = slot
    cells[CALLS] = (cells[CALLS] ?? 0) + 1
    const startMs = monotonicMs()
    let result: HookResult
    try {
      result = run(exchange)
    } catch (error) {
      cells[SLOT] = outer
      health.note(monotonicMs() - startMs)
      return fail(guarded, { kind: 'throw', error, exchange, saved })
    }
    cells[SLOT] = outer
    const tookMs = monotonicMs() - startMs
    health.note(tookMs)
    if (isThenable(result)) {
      return waitFor(result, guarded, { exchange, saved, headersOf })
    }
    const fault = faultOf(result, headersOf(exchange))
    if (fault !== undefined) return fail(guarded, { kind: 'invalid', error: new TypeError(fault), exchange, saved })
    if (tookMs > user.hookMs) countOverrun(guarded, tookMs)
    else health.pass()
    return result
  }
}

/** A filter in plain JavaScript may return anything. */
const isThenable = (result: unknown): result is Promise<void | Reply> =>
  typeof result === 'object' && result !== null && 'then' in result

/** The time is gone, and nobody gains when its exchange fails as well; it counts against the filter. */
const countOverrun = ({ health }: Guarded, tookMs: number): void => {
  const text = `a hook held the event loop for ${tookMs.toFixed(1)} ms; its budget is ${health.user.hookMs} ms`
  health.count({ kind: 'overrun', error: undefined, text })
}

interface Waiting {
  readonly exchange: Exchange
  readonly saved: SavedExchange | undefined
  readonly headersOf: ChosenHeaders
}

const waitFor = (
  result: PromiseLike<void | Reply>,
  guarded: Guarded,
  { exchange, saved, headersOf }: Waiting,
): Promise<void | Reply> => {
  const { health, host } = guarded
  const { waitMs } = health.user
  return new Promise((resolve, reject) => {
    let isOver = false
    const settle = (judge: () => void | Reply): void => {
      if (isOver) return
      isOver = true
      cancel()
      try {
        resolve(judge())
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const cancel = host.clock.after(waitMs, () => {
      const error = new Error(`no answer within ${waitMs} ms`)
      settle(() => fail(guarded, { kind: 'wait', error, exchange, saved }))
    })
    result.then(
      (reply) =>
        settle(() => {
          const fault = faultOf(reply, headersOf(exchange))
          if (fault !== undefined)
            return fail(guarded, { kind: 'invalid', error: new TypeError(fault), exchange, saved })
          health.pass()
          return reply
        }),
      (error: unknown) => settle(() => fail(guarded, { kind: 'reject', error, exchange, saved })),
    )
  })
}

interface Failed {
  readonly kind: 'throw' | 'reject' | 'wait' | 'invalid'
  readonly error: unknown
  readonly exchange: Exchange
  readonly saved: SavedExchange | undefined
}

const fail = ({ health, host }: Guarded, { kind, error, exchange, saved }: Failed): undefined => {
  const text = host.describe(error, [exchange.request.headers, exchange.response?.headers])
  if (saved !== undefined) restoreExchange(exchange, saved)
  return health.fail({ kind, error, text })
}

/** What a result, or the headers that a hook has left, cannot be. */
const faultOf = (result: unknown, headers: HeaderList | undefined): string | undefined => {
  if (result !== undefined) return faultOfReply(result)
  const unwritable = headers === undefined ? undefined : findUnwritable(headers)
  return unwritable === undefined ? undefined : `${unwritable} cannot be written into an HTTP message`
}

const faultOfReply = (result: unknown): string | undefined => {
  // As the contract has it; the filter may be plain JavaScript.
  const reply = result as Partial<Record<keyof Reply, unknown>> | null
  if (typeof reply !== 'object' || reply === null || reply.kind !== 'reply') {
    return 'a hook returned what is no reply: return nothing, or what env.reply() makes'
  }
  const { status, headers, body } = reply
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    return `a reply has status ${String(status)}: wanted an integer from 200 to 599`
  }
  if (typeof body !== 'string') return 'a reply has a body that is no string'
  if (!Array.isArray(headers)) return 'a reply has headers that are no list of pairs'
  for (const pair of headers as readonly unknown[]) {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') {
      return 'a reply has headers that are no list of pairs of texts'
    }
    if (!isFieldName(pair[0].toLowerCase())) return `a reply has the header name ${JSON.stringify(pair[0])}`
    if (!isFieldValue(pair[1])) return `a reply has a value of header ${pair[0]} that cannot be written`
  }
  return undefined
}

/** Nothing is left to be answered: what it fails of only counts. */
const guardComplete = (
  run: (record: ExchangeRecord) => void,
  { health, host }: Guarded,
): ((record: ExchangeRecord) => void) => {
  const { cells } = host.slots
  const { monotonicMs } = host.clock
  return (record) => {
    if (!health.isAdmitted()) return
    const outer = cells[SLOT] ?? 0
    cells[SLOT] = health.slot
    cells[CALLS] = (cells[CALLS] ?? 0) + 1
    const startMs = monotonicMs()
    try {
      run(record)
      const tookMs = monotonicMs() - startMs
      if (tookMs > health.user.hookMs) countOverrun({ health, host }, tookMs)
      else health.pass()
    } catch (error) {
      health.count({ kind: 'throw', error, text: host.describe(error, noHeaders) })
    } finally {
      cells[SLOT] = outer
      health.note(monotonicMs() - startMs)
    }
  }
}
