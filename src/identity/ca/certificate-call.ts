/** The only place that speaks gRPC to a CA; whoever imports it loads grpc-js. */
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import {
  CREATE_CERTIFICATE,
  decodeCertificateResponse,
  encodeCertificateRequest,
  type CertificateRequestMessage,
} from './citadel.ts'
import { HIDDEN } from '../../lib/secrets/hide-secrets.ts'
import { grpcReason } from '../grpc/grpc-reason.ts'

/** One call; plain data, since it may be made on another thread. */
export interface CertificateCall {
  /** `HOST:PORT`. */
  readonly address: string
  /** The name that the server's certificate must have; `undefined`: the host of the address. */
  readonly serverName: string | undefined
  /** Whom to trust at that address; `undefined`: whom Node trusts. */
  readonly rootsPem: string | undefined
  readonly token: string
  readonly clusterId: string
  readonly message: CertificateRequestMessage
  readonly deadlineMs: number
}

/** The chain as the CA sent it, or what gRPC says in place of it: `UNAUTHENTICATED: …`. Never the token. */
export type CertificateAnswer =
  | { readonly ok: true; readonly chain: readonly string[] }
  | { readonly ok: false; readonly message: string }

/** Asks a CA for a certificate over a connection of its own, once; does not reject. */
export const callCertificateAuthority = async (call: CertificateCall): Promise<CertificateAnswer> => {
  try {
    return await makeCall(call)
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

const makeCall = (call: CertificateCall): Promise<CertificateAnswer> => {
  const { address, serverName, rootsPem, message, deadlineMs } = call
  const secure = credentials.createSsl(rootsPem === undefined ? null : Buffer.from(rootsPem))
  const client = new Client(address, secure, {
    // A pool shared by calls would make one wait for the pause after the one before it.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    // The token is for the CA and nobody in between.
    'grpc.enable_http_proxy': 0,
    ...(serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName }),
  })
  const { promise, resolve } = Promise.withResolvers<CertificateAnswer>()
  client.makeUnaryRequest(
    CREATE_CERTIFICATE,
    (request: CertificateRequestMessage) => Buffer.from(encodeCertificateRequest(request)),
    decodeCertificateResponse,
    message,
    metadataOf(call),
    { deadline: Date.now() + deadlineMs },
    (error: ServiceError | null, chain: readonly string[] | undefined) => {
      client.close()
      resolve(error === null ? { ok: true, chain: chain ?? [] } : { ok: false, message: explain(error, call) })
    },
  )
  return promise
}

const metadataOf = ({ token, clusterId }: CertificateCall): Metadata => {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  metadata.set('clusterid', clusterId)
  return metadata
}

const explain = ({ code, details, message }: ServiceError, { token }: CertificateCall): string => {
  // Some say what they do not take. What is as short as a word is no secret, and would make holes in the others.
  const withoutToken = (text: string): string => (token.length < MIN_SECRET ? text : text.replaceAll(token, HIDDEN))
  const reason = grpcReason({ details: withoutToken(details), message: withoutToken(message) })
  const cause = CAUSES.find(([fits]) => fits.test(`${status[code]} ${reason}`))?.[1]
  return `${status[code] ?? code}: ${reason}${cause === undefined ? '' : `: ${cause}`}`
}

const MIN_SECRET = 8

/** What it usually comes from. */
const CAUSES: readonly (readonly [fits: RegExp, cause: string])[] = [
  [/^UNAUTHENTICATED /, 'is the token meant for this CA (audience istio-ca), and CLUSTER_ID a cluster that it knows?'],
  [/ greater than the max allowed TTL /, 'SECRET_TTL asks for it'],
  [
    /local issuer certificate|self-signed certificate|first certificate/,
    'is it the CA of this mesh? --ca-root has no root for it',
  ],
]
