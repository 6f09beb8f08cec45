import { FilterFailure, FilterMistake } from '../../filter/guard/failure.ts'
import type { Exchange } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { RecordDeps } from './record.ts'
import { withoutSecrets } from './without-secrets.ts'

/**
 * Counts and logs what went wrong in an exchange, without what its headers keep secret; what a guard has told already is left.
 * Whatever else was thrown was so by code of ours, built-in filters included.
 */
export const noteFilterError = (
  { request, response, record }: Pick<Exchange, 'request' | 'response'> & { readonly record: ExchangeRecord },
  { message, error }: { readonly message: string; readonly error: unknown },
  { onError, onMistake }: Pick<RecordDeps, 'onError' | 'onMistake'>,
): void => {
  if (error instanceof FilterFailure) return
  const tell = error instanceof FilterMistake ? onMistake : onError
  tell(message, withoutSecrets(error, [request.headers, response?.headers]), record.requestId)
}
