/**
 * The only place that knows TLS options. HBONE wants TLS 1.3, AES-GCM, ALPN `h2`, certificates on both sides, no SNI and
 * no resumption; leaving out a single option brings back Node's defaults, so whole sets are made here and nowhere else.
 */
import { constants } from 'node:crypto'
import {
  createSecureContext,
  type ConnectionOptions,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import { LONGEST_WAIT_MS } from '../lib/clock.ts'
import { errorCode } from '../lib/errors/error-code.ts'
import type { Credentials } from './credentials.ts'
import { explainTlsError } from './explain-tls.ts'
import { splitPem } from './pem.ts'
import { UNSPECIFIED_VERDICT } from './trust/refusal-reason.ts'

export interface TlsSettings {
  /** Key exchange groups as OpenSSL names them, joined by `:` (`--tls-groups`); default: what OpenSSL offers. */
  readonly groups?: string
}

export interface ServerTlsSettings extends TlsSettings {
  /** How long a handshake may take, 0 is for ever; default 10 seconds. */
  readonly handshakeMs?: number
}

const HANDSHAKE_MS = 10_000

/**
 * Options for `tls.createServer`: a client certificate is demanded, and checked against our trust roots. A handshake
 * that takes too long is a `tlsClientError`, and no more than that: Node leaves closing the socket to its listener.
 */
export const serverTlsOptions = (credentials: Credentials, settings: ServerTlsSettings = {}): TlsOptions => ({
  ...contextOptions(credentials, settings),
  ALPNProtocols: ['h2'],
  requestCert: true,
  rejectUnauthorized: true,
  // Node takes 0 for its default of two minutes.
  handshakeTimeout: settings.handshakeMs === 0 ? LONGEST_WAIT_MS : (settings.handshakeMs ?? HANDSHAKE_MS),
})

/**
 * Puts new credentials under a listening server; open connections keep theirs. The full set is handed over because
 * `setSecureContext` takes the default for whatever is missing, and brought TLS 1.2 back that way.
 */
export const rotateServerContext = (
  server: Pick<Server, 'setSecureContext'>,
  credentials: Credentials,
  settings: TlsSettings = {},
): void => server.setSecureContext(contextOptions(credentials, settings))

/**
 * Options for `tls.connect` beside `host` and `port`. Building the context is dear: make the options once per
 * credentials and share them between connections.
 */
export const clientTlsOptions = (credentials: Credentials, settings: TlsSettings = {}): ConnectionOptions => ({
  secureContext: createSecureContext(contextOptions(credentials, settings)),
  ALPNProtocols: ['h2'],
  rejectUnauthorized: true,
  // An empty name sends no SNI: ztunnel sends none, and the destination must not choose its certificate by a name.
  servername: '',
  // A workload is not its host name. The caller compares the SPIFFE identity (`readPeerIdentity`) with the endpoint's
  // before it sends a byte; no `session` is ever passed, because a resumed handshake shows no certificate.
  checkServerIdentity: () => undefined,
})

/** Why OpenSSL would show nobody this certificate, though it and its key can be read; `undefined` when it would. */
export const refuseOwn = (own: Pick<Credentials, 'certificateChainPem' | 'privateKeyPem'>): string | undefined => {
  try {
    createSecureContext(ownOptions(own))
    return undefined
  } catch (error) {
    return explainTlsError(error instanceof Error ? error : new Error(String(error)))
  }
}

/**
 * Why a client's handshake failed, for log lines. When the certificate is at fault Node's error says only `socket hang
 * up`, because it drops the connection after OpenSSL's handshake; the reason stands on the socket.
 */
export const explainHandshakeFailure = (error: Error, socket: Pick<TLSSocket, 'authorizationError'>): string => {
  // Node's types promise an Error; it is the name of OpenSSL's verdict, or null.
  const verdict: unknown = socket.authorizationError
  const hint = verdict === 'UNSPECIFIED' ? ` (${UNSPECIFIED_VERDICT})` : ''
  if (typeof verdict === 'string') return `the client's certificate is refused: ${verdict}${hint}`
  return errorCode(error) ?? error.message
}

const contextOptions = (credentials: Credentials, settings: TlsSettings): SecureContextOptions => ({
  ...ownOptions(credentials),
  // Which of them counts for whom is looked at after the handshake (`Trust`).
  ca: [credentials.trustRootsPem, ...Object.values(credentials.federatedRootsPem ?? {})].flatMap(readBlocks),
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256',
  // A ticket would let a client come back without showing certificate or key.
  secureOptions: constants.SSL_OP_NO_TICKET,
  ...(settings.groups === undefined ? {} : { ecdhCurve: settings.groups }),
})

const ownOptions = ({
  certificateChainPem,
  privateKeyPem,
}: Pick<Credentials, 'certificateChainPem' | 'privateKeyPem'>): SecureContextOptions => ({
  cert: readBlocks(certificateChainPem).join('\n'),
  key: privateKeyPem,
})

/**
 * The certificates that everybody else here reads. Of a whole text OpenSSL would take blocks of other labels as well
 * (`TRUSTED CERTIFICATE`): roots that nobody is shown, and whose end nobody would notice.
 */
const readBlocks = (pem: string): readonly string[] => splitPem('CERTIFICATE', pem) ?? []
