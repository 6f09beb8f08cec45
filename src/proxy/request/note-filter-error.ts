import { FilterFailure } from '../../filter/guard/failure.ts'
import type { Exchange } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { RecordDeps } from './record.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Counts and logs what went wrong in an exchange, without what its headers keep secret; what a guard has told already is left. */
export const noteFilterError = (
  { request, response, record }: Pick<Exchange, 'request' | 'response'> & { readonly record: ExchangeRecord },
  { message, error }: { readonly message: string; readonly error: unknown },
  { counters, onError }: Pick<RecordDeps, 'counters' | 'onError'>,
): void => {
  if (error instanceof FilterFailure) return
  counters.filterErrors++
  onError(message, withoutSecrets(error, [request.headers, response?.headers]), record.requestId)
}
