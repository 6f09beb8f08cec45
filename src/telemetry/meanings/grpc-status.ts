import type { ExchangeRecord } from '../../filter/record.ts'

/** gRPC's UNKNOWN, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and so on, by the HTTP status of an answer that has none of its own. */
const byHttpStatus: Readonly<Record<number, string>> = {
  400: '13',
  401: '16',
  403: '7',
  404: '12',
  429: '14',
  502: '14',
  503: '14',
  504: '14',
}

/**
 * What a gRPC call came to as it is told of: as the answer says, else by its HTTP status, as Envoy has it (`Grpc::Common::getGrpcStatus`).
 * So an answer that breaks off counts as 2. `''`: it was no gRPC, or there was no answer at all.
 */
export const toldGrpcStatus = ({
  protocol,
  grpcStatus,
  status,
}: Pick<ExchangeRecord, 'protocol' | 'grpcStatus' | 'status'>): string => {
  if (protocol !== 'grpc') return ''
  if (grpcStatus !== '' || status === 0) return grpcStatus
  return byHttpStatus[status] ?? '2'
}
