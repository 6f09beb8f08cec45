/** Why a request did not get through, in words for people; `next` is what to do about it. */
export interface HboneFailure {
  readonly stage: 'tcp' | 'tls' | 'identity' | 'connect' | 'http'
  readonly message: string
  readonly next?: string | undefined
}

interface Target {
  readonly host: string
  readonly port: number
}

const startOne = 'is the waypoint running there? Start one with: fairway run -f FOLDER, or name another one with --via'
const sameCa =
  'both sides need certificates of the same root: with --ca dev both must run in the same folder (.fairway), else give --certs'

/** An error of the socket while TCP or TLS was set up; `code` is Node's or OpenSSL's. */
export const explainConnectError = ({ host, port }: Target, code: string, message: string): HboneFailure => {
  const where = `${host}:${port}`
  switch (code) {
    case 'ECONNREFUSED':
      return { stage: 'tcp', message: `nothing listens at ${where}`, next: startOne }
    case 'ETIMEDOUT':
      return { stage: 'tcp', message: `${where} did not complete TCP, TLS and SETTINGS in time`, next: startOne }
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { stage: 'tcp', message: `the name ${host} cannot be resolved`, next: 'give an address: --via IP:PORT' }
    case 'ECONNRESET':
      return { ...explainClose({ host, port }), stage: 'tls' }
    default:
      break
  }
  if (/CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN/.test(code)) {
    return { stage: 'tls', message: `${where} refuses our certificate (${code})`, next: sameCa }
  }
  if (/CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code)) {
    return { stage: 'tls', message: `the certificate of ${where} is not trusted: ${message} (${code})`, next: sameCa }
  }
  if (code.startsWith('ERR_SSL')) {
    const next = 'is that port the HBONE port (15008), and not the one of metrics or the application?'
    return { stage: 'tls', message: `TLS with ${where} failed: ${reasonOf(message)}`, next }
  }
  return { stage: 'tcp', message: `connecting to ${where} failed: ${message}`, next: startOne }
}

/** Closed without a word, which is how a waypoint refuses an identity after the handshake. */
export const explainClose = ({ host, port }: Target): HboneFailure => ({
  stage: 'identity',
  message: `${host}:${port} closed the connection during or right after the handshake`,
  next: 'it may not trust our trust domain (--from TD/NS/SA and its --trust-domain); its log says why',
})

/** OpenSSL's reason out of its whole line of addresses, source files and routines. */
const reasonOf = (message: string): string => /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message.trim()
