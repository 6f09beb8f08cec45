import type { VerifiedToken } from '../../filter/verified-token.ts'
import type { ExchangeRecord, TryRecord } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Retry } from '../../model/route.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { Counters } from '../counters.ts'
import type { Balancer } from '../balance/balancer.ts'
import type { ServiceLoads } from '../balance/limits/service-loads.ts'
import type { UpstreamRequest } from '../upstream/session.ts'
import type { ExchangeTrace } from '../tracing/exchange-trace.ts'
import type { Session } from '../session/sessions.ts'
import type { ForwardFailure } from './failure.ts'
import type { RetryBudgets } from './retry-budget.ts'
import type { SpareMemory } from './spare-memory.ts'

/** Who asked for the response; told synchronously. */
export interface ForwardUser {
  readonly onInformational: (head: H1ResponseHead) => void
  readonly onResponse: (head: H1ResponseHead) => void
  /** Returns whether the bytes were passed on; if not, `consume` follows. */
  readonly onBody: (buffer: Buffer, start: number, end: number) => boolean
  readonly onEnd: (trailers: HeaderList | undefined) => void
  readonly onFailure: (failure: ForwardFailure) => void
  /** Request bytes that were held are on their way. */
  readonly onRequestBytesPassed: (bytes: number) => void
}

/** The request as it goes upstream. */
export interface ForwardRequest extends UpstreamRequest {
  /** What an endpoint may be chosen by. */
  readonly token?: VerifiedToken | undefined
}

export interface ForwardDeps {
  readonly balancer: Balancer
  readonly clock: Clock
  readonly budgets: RetryBudgets
  readonly loads: ServiceLoads
  readonly counters: Pick<Counters, 'retries' | 'retriesRefused'>
  /** For what is kept though it was passed on. */
  readonly memory: SpareMemory
  /** From 0 to 1, for the jitter of waits. */
  readonly random: () => number
}

/** What is noted of the tries while they are made. */
export type ForwardTrace = Pick<
  ExchangeRecord,
  'attempts' | 'tries' | 'endpoint' | 'upstreamMs' | 'upstreamFailure' | 'headAtMs'
>

/** The endpoint of a try, for people. */
export const whereOf = ({ endpoint }: Pick<ForwardTrace, 'endpoint'>): string =>
  endpoint === undefined ? '' : ` of ${endpoint.address}:${endpoint.port}`

/** A try was in vain, and another follows. */
export const noteTry = (
  trace: ForwardTrace,
  why: Pick<TryRecord, 'status' | 'reason' | 'failure'>,
  durationMs: number,
): void => {
  trace.tries = [...trace.tries, { endpoint: trace.endpoint, ...why, durationMs }]
}

/** The last try was lost with its connection: others that were idle may have been closed at the same time. */
export const isAfterLoss = ({ tries }: Pick<ForwardTrace, 'tries'>): boolean => tries.at(-1)?.reason === 'reset'

/** The head of an answer has come. */
export const noteHead = (trace: ForwardTrace, sentAtMs: number, nowMs: number): void => {
  trace.headAtMs = nowMs
  trace.upstreamMs = nowMs - sentAtMs
}

/** What is to be sent, where to, and how hard to try. */
export interface ForwardPlan {
  readonly group: EndpointGroup
  readonly request: ForwardRequest
  readonly trace: ForwardTrace
  /** Where each try has its place in a trace; absent: the request goes as it is. */
  readonly tracing?: ExchangeTrace | undefined
  readonly retry: Retry | undefined
  /** Repetitions at most where `retry` is not there; absent: two. */
  readonly repeats?: number | undefined
  /** For each try, in milliseconds; `undefined` for ever. */
  readonly tryMs: number | undefined
  /** Of what the group's policy hashes, where it does and the request has it. */
  readonly hash?: number | undefined
  /** Where the request belongs, and how the client is told; absent: anywhere. */
  readonly session?: Session | undefined
  /** One try, whatever becomes of it: a copy of a request. */
  readonly isCopy?: boolean
}
