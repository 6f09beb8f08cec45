import type { TryRecord } from '../../filter/record.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { Retry } from '../../model/route.ts'
import type { Counters } from '../counters.ts'
import type { UpstreamSession } from '../upstream/session.ts'
import type { LossKind } from './failure.ts'
import type { ForwardPlan } from './forward-plan.ts'

/** Repetitions where neither the route nor the mesh says anything. */
const DEFAULT_REPEATS = 2
/** Methods that change nothing, however often they arrive (RFC 9110 section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const MAX_BACKOFF_FACTOR = 10
/** A timer that is to wait for longer does not wait at all. */
const LONGEST_MS = 2 ** 31 - 1
/** At most this much is added to a wait, so that clients that failed together do not come again together. */
const JITTER = 0.5

/** What forbids one more try, if anything does; leave of the budget is taken last, and by that counts. */
export const refusalOfRepeat = (
  { attempts, isBodyLost }: { readonly attempts: number; readonly isBodyLost: boolean },
  { retry, repeats = DEFAULT_REPEATS }: Pick<ForwardPlan, 'retry' | 'repeats'>,
  takeLeave: () => boolean,
): keyof Counters['retriesRefused'] | undefined => {
  if (attempts > (retry?.attempts ?? repeats)) return 'attempts'
  if (isBodyLost) return 'body'
  return takeLeave() ? undefined : 'budget'
}

/**
 * Whether what was lost may be sent again. Without a `retry` stanza only what cannot have been processed, and methods
 * that are safe; with one every loss, whatever the method (HTTPRouteRetry: connection errors and timeouts of a try).
 */
export const mayRepeat = (kind: LossKind, method: string, retry: Retry | undefined): boolean => {
  if (retry !== undefined || kind === 'connect-failed' || kind === 'refused') return true
  return kind === 'reset' && SAFE_METHODS.has(method)
}

/** Why an answer is not what the client is to have, if there is leave for one more try. */
export const reasonToRepeat = (
  { status, keepAlive }: Pick<H1ResponseHead, 'status' | 'keepAlive'>,
  session: Pick<UpstreamSession, 'isReused'> | undefined,
  { retry, request }: { readonly retry: Retry | undefined; readonly request: { readonly method: string } },
): Pick<TryRecord, 'status' | 'reason' | 'failure'> | undefined => {
  // No answer to it: the endpoint had given the idle connection up when it came (RFC 9110 section 15.5.9).
  if (status === 408 && !keepAlive && session?.isReused === true && mayRepeat('reset', request.method, retry))
    return { status, reason: 'reset', failure: 'the upstream gave up the idle connection' }
  return retry?.codes.includes(status) === true ? { status, reason: 'status', failure: '' } : undefined
}

/** To connect once more to the only endpoint at once would be in vain. */
export const isFutile = (
  kind: LossKind,
  retry: Retry | undefined,
  { endpoints }: { readonly endpoints: readonly unknown[] },
): boolean => kind === 'connect-failed' && retry === undefined && endpoints.length < 2

/** The wait before repetition `repeat` (from 1), in milliseconds: doubling from `backoff`, never below it. */
export const backoffBefore = (repeat: number, retry: Retry | undefined, random: () => number): number => {
  if (retry === undefined) return 0
  const factor = Math.min(2 ** (repeat - 1), MAX_BACKOFF_FACTOR)
  const { backoffMs } = retry
  return Math.min(backoffMs * factor * (1 + random() * JITTER), backoffMs * MAX_BACKOFF_FACTOR, LONGEST_MS)
}
