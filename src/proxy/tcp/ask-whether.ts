import type { TunnelHook } from '../../filter/chain.ts'
import { FilterFailure } from '../../filter/guard/failure.ts'
import { HookRun } from '../../filter/hook-run.ts'
import type { Tunnel } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Counters } from '../counters.ts'
import type { SnapshotLease } from '../leases.ts'
import { startDeadline } from '../limits/deadlines.ts'
import { replyToFilter } from '../response/local-reply.ts'
import type { AskedConnection, ConnectionAuthorizer } from '../security/ext-authz/connection-authorizer.ts'
import { refusedByFilter, refusedByProvider, type ConnectionEnd } from './tcp-record.ts'

export interface AskDeps {
  readonly clock: Clock
  readonly counters: Pick<Counters, 'filterErrors'>
  readonly onError: (message: string, error: unknown) => void
  /** Asks providers about connections. */
  readonly connections: Pick<ConnectionAuthorizer, 'check'>
  /** Keeps the filters of the snapshot of now, while they are asked. */
  readonly takeLease: () => SnapshotLease | undefined
  /** `connectMs` is how long filters may take. */
  readonly deadlines: { readonly connectMs: number }
}

/** A connection that begins, and who has a say in it. */
export interface Questioned {
  readonly record: ExchangeRecord
  /** For the providers of CUSTOM policies. */
  readonly asked: AskedConnection | undefined
  /** Of the filters of its Service. */
  readonly hooks: readonly TunnelHook[]
}

type OnAnswer = (refusal: ConnectionEnd | undefined) => void

/**
 * Asks others whether a connection may be carried: providers, then filters, the first that refuses decides. One that
 * fails, or says nothing in time, refuses. `onAnswer` is called once, maybe at once, unless the result cancels it.
 */
export const askWhether = ({ record, asked, hooks }: Questioned, deps: AskDeps, onAnswer: OnAnswer): (() => void) => {
  const lease = hooks.length === 0 ? undefined : deps.takeLease()
  let isOver = false
  let cancel = (): void => {}
  const leave = (): boolean => {
    if (isOver) return false
    isOver = true
    lease?.end()
    return true
  }
  const answer: OnAnswer = (refusal) => {
    if (leave()) onAnswer(refusal)
  }
  const ask = (): void => {
    cancel = askFilters(hooks, record, { deps, answer })
  }
  if (asked === undefined) ask()
  else {
    cancel = deps.connections.check(asked, (refusal) => {
      if (refusal === undefined) return ask()
      record.authorization = refusal.rule.decision
      answer(refusedByProvider(refusal.details))
    })
  }
  return () => {
    if (leave()) cancel()
  }
}

const askFilters = (
  hooks: readonly TunnelHook[],
  { source, destination, sni }: ExchangeRecord,
  { deps, answer }: { readonly deps: AskDeps; readonly answer: OnAnswer },
): (() => void) => {
  const { clock, counters, onError, deadlines } = deps
  const { connectMs } = deadlines
  let cancelTimer = (): void => {}
  const settle: OnAnswer = (refusal) => {
    cancelTimer()
    answer(refusal)
  }
  const run = new HookRun<Tunnel>(
    hooks,
    { source, destination, sni },
    {
      onPassed: () => settle(undefined),
      onReply: ({ reason, body }) => settle(refusedByFilter(reason, typeof body === 'string' ? body.trim() : '')),
      onThrown: (error, isLate) => {
        // Of a user's filter its guard has told.
        if (!(error instanceof FilterFailure))
          onError(isLate ? 'a filter failed late' : 'a filter failed on a connection', error)
        if (!isLate) settle(refusedByFilter(replyToFilter(error).details))
      },
    },
  )
  run.start()
  if (run.waitsFor === undefined) return () => {}
  cancelTimer = startDeadline(clock, connectMs, () => {
    const kind = run.waitsFor ?? ''
    run.cancel()
    counters.filterErrors++
    answer(refusedByFilter(`filter_timeout{${kind}}`, `filter ${kind} did not answer within ${connectMs} ms`))
  })
  return () => {
    cancelTimer()
    run.cancel()
  }
}
