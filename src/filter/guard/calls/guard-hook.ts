import type { HeaderList } from '../../../http/header-list.ts'
import type { Exchange, Filter, HookResult, Tunnel } from '../../index.ts'
import type { ExchangeRecord } from '../../record.ts'
import { countOverrun, failCall, guardCall, judgeCall } from './guarded-call.ts'
import type { CallRules, Guarded } from './guarded-call.ts'
import { enterHook, SLOT, watchedHooks } from '../hook-slots.ts'
import { mendParts, type ExchangeParts } from './exchange-parts.ts'
import { guardReply } from './guard-reply.ts'
import { faultOfHeaders, faultOfResult, faultOfTarget, isThenable } from './judge.ts'
import { restoreExchange, saveExchange } from './undo.ts'
import type { SavedExchange } from './undo.ts'

const COMPLETE = watchedHooks.indexOf('onComplete')

export type HookName = 'onRequest' | 'onResponse'

const headersOf = (exchange: Exchange, name: HookName): HeaderList | undefined =>
  name === 'onRequest' ? exchange.request.headers : exchange.response?.headers

/** Hot: of a filter that does well it costs two readings of the clock, and allocates nothing. */
export const guardHook = (
  run: (exchange: Exchange) => HookResult,
  name: HookName,
  guarded: Guarded,
): ((exchange: Exchange) => HookResult) => {
  const { health, host } = guarded
  const { cells } = host.slots
  const { monotonicMs } = host.clock
  const { slot, user } = health
  const hook = watchedHooks.indexOf(name)
  const isOpen = user.failureMode === 'open'
  return (exchange) => {
    if (!health.quarantine.isActive && !health.isAdmitted()) return health.refuseQuarantined()
    const saved = isOpen ? saveExchange(exchange) : undefined
    const { request, response } = exchange
    const { path, query, authority, headers: requestHeaders } = request
    const responseHeaders = response?.headers
    const status = response?.status
    const outer = cells[SLOT] ?? 0
    enterHook(cells, slot, hook)
    const startMs = monotonicMs()
    let result: HookResult
    try {
      result = run(exchange)
    } catch (error) {
      cells[SLOT] = outer
      health.note(monotonicMs() - startMs)
      const parts = { request, requestHeaders, response, responseHeaders, status }
      return failCall(guarded, { kind: 'throw', error }, rulesOf(exchange, { name, saved, parts }, guarded))
    }
    cells[SLOT] = outer
    const tookMs = monotonicMs() - startMs
    health.note(tookMs)
    const isElsewhere = request.path !== path || request.query !== query || request.authority !== authority
    const isReplaced = exchange.request !== request || request.headers !== requestHeaders
    const isReplacedBack =
      exchange.response !== response || response?.headers !== responseHeaders || response?.status !== status
    const fault =
      isThenable(result) || isElsewhere || isReplaced || isReplacedBack
        ? 'to be judged'
        : (faultOfResult(result) ?? faultOfHeaders(headersOf(exchange, name)))
    // What is not simply good is judged where it may cost something.
    if (fault !== undefined || tookMs > user.hookMs) {
      const parts = { request, requestHeaders, response, responseHeaders, status }
      return judgeCall(result, tookMs, guarded, rulesOf(exchange, { name, saved, parts }, guarded)) as HookResult
    }
    health.pass()
    return result === undefined ? undefined : (guardReply(result, guarded) as HookResult)
  }
}

interface RulesBy {
  readonly name: HookName
  readonly saved: SavedExchange | undefined
  readonly parts: ExchangeParts
}

const rulesOf = (exchange: Exchange, { name, saved, parts }: RulesBy, guarded: Guarded): CallRules => ({
  hook: name,
  wrap: (result) => guardReply(result, guarded),
  faultOf: (result) =>
    mendParts(exchange, parts) ??
    faultOfResult(result) ??
    faultOfHeaders(headersOf(exchange, name)) ??
    (name === 'onRequest' ? faultOfTarget(exchange.request) : undefined),
  headers: () => [parts.requestHeaders, parts.responseHeaders],
  undo: () => {
    mendParts(exchange, parts)
    // Of what the hook was given: it may have been given up meanwhile, and something else be the answer.
    if (saved !== undefined) restoreExchange(parts, saved)
  },
})

const noHeaders = (): readonly HeaderList[] => []

/** A connection that is no HTTP: a filter that fails closed refuses it. */
export const guardTunnel =
  (run: (tunnel: Tunnel) => HookResult, guarded: Guarded): ((tunnel: Tunnel) => HookResult) =>
  (tunnel) => {
    const { health } = guarded
    if (!health.isAdmitted()) return health.refuseQuarantined()
    // What `judge.ts` lets pass is a result as the contract has it.
    return guardCall(() => run(tunnel), guarded, {
      hook: 'onTunnel',
      faultOf: faultOfResult,
      headers: noHeaders,
    }) as HookResult
  }

/** What it throws is for who asked, and no failure of the filter; a loop in it is found. */
export const guardCommand = (
  run: NonNullable<Filter['onCommand']>,
  { health, host }: Guarded,
): NonNullable<Filter['onCommand']> => {
  const { cells } = host.slots
  return (command) => {
    const outer = cells[SLOT] ?? 0
    enterHook(cells, health.slot, watchedHooks.indexOf('onCommand'))
    try {
      return run(command)
    } finally {
      cells[SLOT] = outer
    }
  }
}

/** Nothing is left to be answered: what it fails of only counts. It says nothing of whether its other hooks do well again. */
export const guardComplete = (
  run: (record: ExchangeRecord, exchange: Exchange) => void,
  { health, host }: Guarded,
): ((record: ExchangeRecord, exchange: Exchange) => void) => {
  const { cells } = host.slots
  const { monotonicMs } = host.clock
  return (record, exchange) => {
    if (!health.quarantine.hears) return
    const outer = cells[SLOT] ?? 0
    enterHook(cells, health.slot, COMPLETE)
    const startMs = monotonicMs()
    try {
      run(record, exchange)
      const tookMs = monotonicMs() - startMs
      if (tookMs > health.user.hookMs) countOverrun({ health, host }, tookMs)
      else if (health.quarantine.isActive) health.pass()
    } catch (error) {
      health.count({ kind: 'throw', error, text: host.describe(error, []) })
    } finally {
      cells[SLOT] = outer
      health.note(monotonicMs() - startMs)
    }
  }
}
