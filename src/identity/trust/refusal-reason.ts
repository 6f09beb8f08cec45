/**
 * Why a peer is not let in, as one word of a short list: what metrics count by. What people read is the message beside
 * it.
 */

import { errorCode } from '../../lib/errors/error-code.ts'

/** Every reason; the name is also the metric's label. */
export const REFUSAL_REASONS = [
  /** It showed no certificate. */
  'noCertificate',
  'expired',
  'notYetValid',
  /** Its chain leads to no root of ours. */
  'untrustedRoot',
  /** A signature, or a CA in the chain, is not what it should be. */
  'badChain',
  /** The certificate is not for this side of a connection (extended key usage), or is one to sign others with. */
  'wrongUsage',
  'revoked',
  /** No URI name in the certificate. */
  'noIdentity',
  /** More than one URI name. */
  'severalIdentities',
  /** A URI name that is no workload's. */
  'badIdentity',
  'foreignTrustDomain',
  /** A session that was resumed, in which nobody shows a certificate. */
  'resumed',
  'protocolVersion',
  'noSharedCipher',
  'noSharedGroup',
  'noSharedSignature',
  /** It does not speak `h2` (ALPN). */
  'noAlpn',
  /** What it sent is no TLS. */
  'notTls',
  'timeout',
  /** It went away in the middle. */
  'peerGone',
  /** It does not trust our certificate, or found something else wrong with us: an alert. */
  'refusedByPeer',
  /** Anything else that OpenSSL stumbles over. */
  'malformed',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** Why a peer that was let in is not permitted any more: what is asked again once its connection is open. */
export type DistrustReason = Extract<RefusalReason, 'expired' | 'revoked' | 'untrustedRoot' | 'foreignTrustDomain'>

/** Why a connection is not kept. */
export type RetireReason = DistrustReason | 'aged'

export const retireReasonOf = (reason: RefusalReason): DistrustReason =>
  reason === 'expired' || reason === 'revoked' || reason === 'foreignTrustDomain' ? reason : 'untrustedRoot'

/** Why a peer is not let in: `reason` for metrics, `message` for people. */
export interface Refusal {
  readonly reason: RefusalReason
  readonly message: string
}

/** One number for each reason, all of them 0. */
export const countRefusals = (): Record<RefusalReason, number> => {
  const counts: Partial<Record<RefusalReason, number>> = {}
  for (const reason of REFUSAL_REASONS) counts[reason] = 0
  // Every reason was just given its number.
  return counts as Record<RefusalReason, number>
}

/**
 * The reason of a handshake that failed: of what Node says (`error.code`), and of OpenSSL's verdict on the certificate
 * (`socket.authorizationError`) where there is one, since the error is then only a hang-up.
 */
export const reasonOfFailure = (error: Error, verdict: unknown): RefusalReason => {
  if (typeof verdict === 'string') return VERDICTS.get(verdict) ?? 'badChain'
  const code = errorCode(error) ?? ''
  const known = CODES.get(code)
  if (known !== undefined) return known
  // `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`, `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`: an alert is always the other side's.
  return code.includes('_ALERT_') ? 'refusedByPeer' : 'malformed'
}

/** What Node calls `UNSPECIFIED`: all verdicts that it has no name for. */
export const UNSPECIFIED_VERDICT =
  'mostly for a weak key, such as RSA of 1024 bits, a signature with SHA-1, or a critical extension that OpenSSL does not know, anywhere in its chain'

/** By Node's names for the verdicts of X509_verify_cert; those not listed are faults of the chain. */
const VERDICTS: ReadonlyMap<string, RefusalReason> = new Map([
  ['CERT_HAS_EXPIRED', 'expired'],
  ['CERT_NOT_YET_VALID', 'notYetValid'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'untrustedRoot'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'untrustedRoot'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrustedRoot'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrustedRoot'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'untrustedRoot'],
  ['CERT_UNTRUSTED', 'untrustedRoot'],
  ['CERT_REJECTED', 'untrustedRoot'],
  ['INVALID_PURPOSE', 'wrongUsage'],
  ['CERT_REVOKED', 'revoked'],
])

/** By `error.code`, which is OpenSSL's reason behind `ERR_SSL_`. */
const CODES: ReadonlyMap<string, RefusalReason> = new Map([
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'noCertificate'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'protocolVersion'],
  ['ERR_SSL_VERSION_TOO_LOW', 'protocolVersion'],
  ['ERR_SSL_VERSION_TOO_HIGH', 'protocolVersion'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'noSharedCipher'],
  ['ERR_SSL_NO_SUITABLE_KEY_SHARE', 'noSharedGroup'],
  ['ERR_SSL_NO_SHARED_GROUPS', 'noSharedGroup'],
  ['ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'noSharedSignature'],
  ['ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS', 'noSharedSignature'],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'noAlpn'],
  ['ERR_SSL_HTTP_REQUEST', 'notTls'],
  ['ERR_SSL_HTTPS_PROXY_REQUEST', 'notTls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'notTls'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'notTls'],
  ['ERR_SSL_BAD_SIGNATURE', 'badChain'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
  ['ECONNRESET', 'peerGone'],
  ['EPIPE', 'peerGone'],
  ['ERR_SSL_UNEXPECTED_EOF_WHILE_READING', 'peerGone'],
])
