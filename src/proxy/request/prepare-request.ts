import type { RequestView } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import { parseGrpcTimeout } from '../../http/grpc-timeout.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { cleanRequest } from '../../http/hop-by-hop.ts'
import type { GiveIds } from '../../http/tracing/request-ids.ts'

/** Takes out of a request what nobody may see of it, and gives it what it has to have. */
export const prepareRequest = (
  { headers }: RequestView,
  record: Pick<ExchangeRecord, 'requestId'>,
  giveIds: GiveIds,
): void => {
  cleanRequest(headers)
  record.requestId = giveIds(headers, record.requestId)
}

/** How long a request may take, in milliseconds: what its route gives it, or a gRPC call itself if that is less. */
export const requestTimeMs = (
  { protocol }: Pick<ExchangeRecord, 'protocol'>,
  headers: HeaderList,
  routeMs: number | undefined,
): number | undefined => {
  const callMs = protocol === 'grpc' ? parseGrpcTimeout(headers.getLower('grpc-timeout') ?? '') : undefined
  return callMs === undefined || routeMs === undefined ? (callMs ?? routeMs) : Math.min(callMs, routeMs)
}
