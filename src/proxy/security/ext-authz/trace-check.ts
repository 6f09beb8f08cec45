import type { CheckOutcome, TraceRecord } from '../../../filter/record.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { ExternalAuthorization } from '../../../model/security/external-authorization.ts'
import type { CallAnswer, CallRequest } from '../../side/provider-call.ts'
import { ExchangeTrace } from '../../tracing/exchange-trace.ts'
import type { Verdict } from './protocol/verdict.ts'

/** A question that is about to be put. */
interface Asked {
  /** Its fields are told of the trace. */
  readonly request: CallRequest
  readonly settings: Pick<ExternalAuthorization, 'protocol' | 'service'>
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/** What came of it. */
interface Answered extends Pick<CheckOutcome, 'endpoint'> {
  readonly answer: CallAnswer
  readonly verdict: Verdict
}

/**
 * Begins the span of a question below that of the exchange which it is about; the result ends it. `undefined`: nobody will
 * be told of it.
 */
export const traceCheck = (
  trace: TraceRecord,
  { request, settings: { protocol, service }, clock }: Asked,
): ((answered: Answered) => void) | undefined => {
  if (!(trace instanceof ExchangeTrace)) return undefined
  const { method, headers } = request
  const startedAtMs = clock.monotonicMs()
  const end = trace.beginCheck(headers, { startedAtMs, service, method, protocol })
  return (
    end &&
    (({ answer, verdict, endpoint }) =>
      end({
        durationMs: clock.monotonicMs() - startedAtMs,
        verdict: verdict.kind,
        endpoint,
        status: answer.kind === 'answer' ? answer.status : 0,
        grpcStatus: protocol === 'grpc' ? grpcStatusOf(answer) : '',
        isLate: answer.kind === 'failed' && answer.isLate,
        failure: verdict.kind === 'error' ? verdict.message : '',
      }))
  )
}

const grpcStatusOf = (answer: CallAnswer): string => {
  if (answer.kind === 'failed') return ''
  return answer.trailers?.getLower('grpc-status') ?? answer.headers.getLower('grpc-status') ?? ''
}
