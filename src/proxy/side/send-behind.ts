/**
 * Requests that filters send on by themselves: copies of those that they look at, which go on where the filter stands.
 * Each is an exchange like any other, on the same snapshot, and without a client.
 */
import { CallError } from '../../filter/env/calls.ts'
import type { Exchange, ForwardedAnswer, ForwardOptions, ForwardRest } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import type { FilterSpec } from '../../model/filter-spec.ts'
import { HttpExchange } from '../exchange.ts'
import type { ExchangeDeps } from '../request/exchange-parts.ts'
import { beginRecord } from '../request/record.ts'
import { findRest } from '../request/rest-of-way.ts'
import { ExchangeTrace } from '../tracing/exchange-trace.ts'
import { SideAnswer } from './side-answer.ts'

/** What `env.forward` has for an answer that nobody gives a time. */
export const DEFAULT_MS = 15_000
const MAX_MS = 60_000
/** Of one filter in one process. */
const MAX_OPEN = 1000
const CLOSED = 'the filter is closed'

/** On whose behalf it is sent. */
export interface SideCaller {
  readonly spec: FilterSpec
  /** Aborted when the filter is closed. */
  readonly signal: AbortSignal
  readonly open: Set<SideAnswer>
}

/** `env.forward` of one filter. */
export const createForwardRest = (caller: SideCaller, deps: () => ExchangeDeps): ForwardRest => {
  const end = (): void => caller.open.forEach((answer) => answer.cut(new CallError('ECLOSED', CLOSED)))
  caller.signal.addEventListener('abort', end, { once: true })
  return (exchange, options = {}) => sendBehind(exchange, options, { caller, deps: deps() })
}

/** All of it is done before it returns: soon the exchange may be over, and another snapshot be in force. */
const sendBehind = async (
  exchange: Exchange,
  options: ForwardOptions,
  { caller, deps }: { readonly caller: SideCaller; readonly deps: ExchangeDeps },
): Promise<ForwardedAnswer> => {
  const { timeoutMs = DEFAULT_MS } = options
  if (!(timeoutMs > 0 && timeoutMs <= MAX_MS)) {
    throw new CallError('EINVAL', `timeoutMs: ${timeoutMs}: above 0, and at most ${MAX_MS}`)
  }
  if (caller.signal.aborted) throw new CallError('ECLOSED', CLOSED)
  if (caller.open.size >= MAX_OPEN) throw new CallError('EOVERFLOW', `the filter has ${MAX_OPEN} requests under way`)
  if (!(exchange instanceof HttpExchange)) throw new CallError('EINVAL', 'what is sent on is no exchange of a hook')
  const hasAnswer = exchange.isOver || exchange.response !== undefined
  const rest = hasAnswer ? undefined : findRest(exchange, caller.spec)
  if (rest === undefined) throw new CallError('ECLOSED', 'the exchange has an answer, or has not come to this filter')
  const { request } = exchange
  if (request.hasBody === true || request.upgrade !== undefined) {
    throw new CallError('EINVAL', 'a request with a body, or that switches protocols, cannot be sent twice')
  }
  const headers = new HeaderList([...request.headers.fields])
  const { trace } = exchange.record
  if (trace instanceof ExchangeTrace) trace.tell(headers)
  const head: H1RequestHead = { ...exchange.head, headers, bodyLength: 0, upgrade: undefined, expectsContinue: false }
  const record = beginRecord(
    head,
    {
      ...exchange.record,
      generation: exchange.snapshot.generation,
      telemetry: exchange.record.telemetry,
      called: exchange.record.called,
    },
    deps.clock,
  )
  record.requestId = exchange.record.requestId
  const cancel = deps.clock.after(timeoutMs, () =>
    answer.cut(new CallError('ETIMEDOUT', `no whole answer within ${timeoutMs} ms`)),
  )
  const answer = new SideAnswer(record, () => {
    cancel()
    caller.open.delete(answer)
  })
  const context = { downstream: answer, lease: exchange.lease.share(), frontend: exchange.frontend, record }
  // It is no request of a client's: nobody is told of it as of one.
  const side = new HttpExchange(head, context, { ...deps, sink: () => {} })
  deps.counters.activeExchanges++
  caller.open.add(answer)
  answer.follow(side)
  const { authority, path, query, token } = request
  Object.assign(side.request, { authority, path, query, token })
  side.match = exchange.match
  try {
    options.change?.(side.request)
    side.startBehind(rest)
  } catch (error) {
    answer.cut(error instanceof Error ? error : new Error(String(error)))
  }
  const got = await answer.answer
  // The client waits for it with the filter: what has become of its request is this.
  if (exchange.waitsFor !== undefined) noteUpstream(exchange.record, record)
  return got
}

const noteUpstream = (
  record: ExchangeRecord,
  { route, rule, endpoint, backend, attempts, tries, upstreamMs, upstreamFailure }: ExchangeRecord,
): void => {
  record.route ??= route
  record.rule ??= rule
  Object.assign(record, { endpoint, backend, attempts, tries, upstreamMs, upstreamFailure })
}
