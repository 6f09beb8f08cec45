/**
 * TLS towards applications, as a BackendTLSPolicy asks for it: whom we trust there, and why somebody is refused. It has
 * nothing to do with HBONE, whose options are in `tls.ts`.
 */
import { constants, type X509Certificate } from 'node:crypto'
import { createSecureContext, type ConnectionOptions } from 'node:tls'
import type { BackendTls } from '../model/endpoint.ts'
import { explainServerFailure } from './explain-tls.ts'
import { readUriNames } from './spiffe-name.ts'

/** What RFC 9325 recommends: forward secrecy and authenticated encryption, in TLS 1.2 as in 1.3. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/**
 * Options for `tls.connect` beside `socket`, `session` and what ALPN offers. They hold a secure context, which is dear: make them once per
 * `BackendTls`. The chain is checked by them, the name by `refuseBackend`. Roots that cannot be read are nobody's.
 */
export const backendTlsOptions = ({ hostname, ca }: BackendTls): ConnectionOptions => ({
  secureContext: createSecureContext({
    // Without `ca` it is Node's own roots; an empty list is nobody.
    ...(ca === 'System' ? {} : { ca: [...ca] }),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    // In TLS 1.2 a server could show another certificate in the middle of it, which nobody would look at.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }),
  servername: hostname,
  rejectUnauthorized: true,
  // Node's own falls back to the common name, which RFC 9525 section 6.3 forbids.
  checkServerIdentity: () => undefined,
})

/**
 * Why a backend's leaf, whose chain is good, is not for the names that the policy has; `undefined` when it is. With
 * `subjectAltNames` one of those must be in it and the hostname need not (BackendTLSPolicy
 * spec.validation.subjectAltNames).
 */
export const refuseBackend = (
  certificate: Pick<X509Certificate, 'checkHost' | 'subjectAltName'> | undefined,
  { hostname, subjectAltNames }: BackendTls,
): string | undefined => {
  if (certificate === undefined) return 'it presented no certificate'
  const isNamed =
    subjectAltNames.length === 0
      ? isForHost(certificate, hostname)
      : subjectAltNames.some(({ type, value }) =>
          type === 'URI'
            ? readUriNames(certificate.subjectAltName ?? '')?.includes(value) === true
            : isForHost(certificate, value),
        )
  if (isNamed) return undefined
  const wanted = subjectAltNames.length === 0 ? [hostname] : subjectAltNames.map(({ value }) => value)
  const found = certificate.subjectAltName ?? 'no name at all'
  return `its certificate is for ${shorten(found)}, and not for ${shorten(wanted.join(' or '))}`
}

/** Why a handshake failed, for the log: which check it was, and what OpenSSL calls it. */
export const explainBackendFailure = (error: Error): string => explainServerFailure(error, 'a CA of the policy')

/** RFC 6125 section 6.4: a wildcard is a whole label, the left-most one, and stands for one; OpenSSL wants two behind it. */
const HOST_RULES = { subject: 'never', partialWildcards: false, multiLabelWildcards: false } as const

const isForHost = (certificate: Pick<X509Certificate, 'checkHost'>, name: string): boolean => {
  try {
    return certificate.checkHost(name, HOST_RULES) !== undefined
  } catch {
    // A name with a NUL in it, say, is nobody's.
    return false
  }
}

const shorten = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text)
