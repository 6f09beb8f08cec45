import type { RequestView } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import { parseGrpcTimeout } from '../../http/grpc-timeout.ts'
import { cleanRequest } from '../../http/hop-by-hop.ts'
import type { GiveIds } from '../../http/tracing/request-ids.ts'
import type { Clock } from '../../lib/clock.ts'

/** Takes out of a request what nobody may see of it, and gives it what it has to have. */
export const prepareRequest = (
  { headers }: RequestView,
  record: Pick<ExchangeRecord, 'requestId'>,
  giveIds: GiveIds,
): void => {
  cleanRequest(headers)
  record.requestId = giveIds(headers, record.requestId)
}

/**
 * How long a request may still take, in milliseconds: what its route gives it, or a gRPC call itself if that is less,
 * counted from its first byte, whatever it has waited for until now; `Infinity`: as long as it likes.
 */
export const timeLeftMs = (
  { record, request }: { readonly record: ExchangeRecord; readonly request: Pick<RequestView, 'headers'> },
  routeMs: number | undefined,
  clock: Pick<Clock, 'monotonicMs'>,
): number => {
  const isCall = record.protocol === 'grpc'
  const callMs = isCall ? parseGrpcTimeout(request.headers.getLower('grpc-timeout') ?? '') : undefined
  if (callMs === undefined && routeMs === undefined) return Infinity
  const requestMs = Math.min(callMs ?? Infinity, routeMs ?? Infinity)
  return Math.max(0, requestMs - (clock.monotonicMs() - record.startedAtMs))
}
