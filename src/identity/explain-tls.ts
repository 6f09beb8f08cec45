/** What went wrong in TLS, in words for the log: Node has names for it, or OpenSSL's lines with file names in them. */
import { errorCode } from '../lib/errors/error-code.ts'
import { UNSPECIFIED_VERDICT } from './trust/refusal-reason.ts'

/** Why a handshake with a server failed, whose certificate is to lead to one of `anchors`: which check it was, and what OpenSSL calls it. */
export const explainServerFailure = (error: Error, anchors: string): string => {
  const code = errorCode(error) ?? ''
  const verdict = VERDICTS.get(code)
  if (verdict === UNTRUSTED) return `${UNTRUSTED} ${anchors} (${code})`
  return verdict === undefined ? explainTlsError(error) : `${verdict} (${code})`
}

/** What is wrong with a connection that TLS is on, for the log. */
export const explainTlsError = (error: Error): string => {
  const code = errorCode(error)
  if (code === undefined) return error.message
  if (NOT_TLS.has(code)) return `what it sent is no TLS (${code})`
  // OpenSSL's message is a line with file names; what it calls the reason is for people.
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
  // An alert is the other side's.
  const hint = /_ALERT_.*(?:CERTIFICATE|UNKNOWN_CA)/.test(code) ? ': it does not take our certificate' : ''
  // Node's own errors say it themselves (`connect ECONNREFUSED …`).
  return reason.includes(code) ? reason : `${reason} (${code})${hint}`
}

const UNTRUSTED = 'its certificate does not lead to'
const UNTIMELY = 'its certificate is not valid at this time'
const UNSUITED = 'its certificate may not be used by a server'

/** By Node's names for the verdicts of X509_verify_cert. */
const VERDICTS: ReadonlyMap<string, string> = new Map([
  ['UNABLE_TO_GET_ISSUER_CERT', UNTRUSTED],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', UNTRUSTED],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', UNTRUSTED],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', UNTRUSTED],
  ['SELF_SIGNED_CERT_IN_CHAIN', UNTRUSTED],
  ['CERT_SIGNATURE_FAILURE', UNTRUSTED],
  ['CERT_CHAIN_TOO_LONG', UNTRUSTED],
  ['CERT_UNTRUSTED', UNTRUSTED],
  ['CERT_REJECTED', UNTRUSTED],
  ['INVALID_CA', UNTRUSTED],
  ['CERT_HAS_EXPIRED', UNTIMELY],
  ['CERT_NOT_YET_VALID', UNTIMELY],
  ['INVALID_PURPOSE', UNSUITED],
  ['UNSPECIFIED', `its certificate is refused: ${UNSPECIFIED_VERDICT}`],
])

const NOT_TLS: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
])
