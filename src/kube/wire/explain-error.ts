import { errorCode } from '../../lib/errors/error-code.ts'
import type { KubeFailure } from '../failure.ts'

/** What Node and the system say of a connection, as a failure. */
export const explainError = (error: unknown, signal?: AbortSignal): Pick<KubeFailure, 'reason' | 'message'> => {
  if (signal?.aborted === true) return { reason: 'Aborted', message: 'it was called off' }
  const code = errorCode(error) ?? ''
  const told = error instanceof Error && error.message !== '' ? error.message : code
  // With several addresses each has an error of its own.
  const inner = error instanceof AggregateError ? error.errors.map(String).join('; ') : told
  // Behind the semicolon is advice on flags of Node.
  if (isOfTrust(code)) return { reason: 'Untrusted', message: inner.split(';')[0] ?? inner }
  return { reason: 'Unreachable', message: unreachable[code] ?? inner }
}

/** A connection, or a stream of one, that broke off without an error. */
export const connectionReset: Pick<KubeFailure, 'reason' | 'message'> = {
  reason: 'Unreachable',
  message: 'the connection was reset',
}

const isOfTrust = (code: string): boolean =>
  /^(?:UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused: is the API server up?',
  ENOTFOUND: 'there is no such host',
  ECONNRESET: connectionReset.message,
  ETIMEDOUT: 'the connection timed out: a firewall or NetworkPolicy may block it',
}
