import type { ExchangeRecord } from '../../filter/record.ts'

/** gRPC's codes that are a server's fault (semantic conventions of RPC: of a server's span only these are errors). */
const SERVER_FAULTS: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15'])

/** Whether what the exchange came to is an error of whoever answered: 5xx, no answer at all, a server's gRPC code. */
export const isServerError = ({ status, protocol, grpcStatus }: ExchangeRecord): boolean =>
  status >= 500 || status === 0 || (protocol === 'grpc' && SERVER_FAULTS.has(grpcStatus))

/** Whether it is worth telling of though it was not chosen: an error, or something that response flags speak of. */
export const isRemarkable = (record: ExchangeRecord): boolean => record.flags !== '-' || isServerError(record)

/** Why it is an error, in few words; `undefined` when it is none. */
export const errorTypeOf = (record: ExchangeRecord): string | undefined => {
  if (!isServerError(record)) return undefined
  if (record.status === 0) return record.details === '' ? 'no_answer' : record.details
  return record.protocol === 'grpc' && record.status === 200 ? `grpc_${record.grpcStatus}` : String(record.status)
}
