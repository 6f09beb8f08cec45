import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'

/** What is longer is the other side's, and not for a log line. */
const MAX_REASON = 500

const CONNECTION_ERROR =
  /^No connection established\. Last error: (?:\w*Error(?: \[\w+\])?: )?(.*?)\.? Resolution note: .*$/s

/**
 * What a gRPC call failed of, in words: what the other side says, or the error of the connection and nothing around it.
 * Readiness shows it to whoever asks, so that secrets are taken out, also those that were ours to begin with.
 */
export const grpcReason = ({ details, message }: { readonly details: string; readonly message: string }): string => {
  const reason = hideSecrets((details === '' ? message : details).replace(CONNECTION_ERROR, '$1'))
  return reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason
}
