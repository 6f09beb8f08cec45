/** The only place that speaks gRPC to the SPIFFE Workload Endpoint; loaded with grpc-js only under `--ca spire`. */
import { Client, credentials, Metadata, status as Code, type ServiceError } from '@grpc/grpc-js'
import { grpcReason } from '../grpc/grpc-reason.ts'
import { FETCH_X509_SVID } from './workload-api.ts'

export interface WorkloadStreamHandlers {
  /** A whole message, not yet decoded. */
  readonly onMessage: (message: Uint8Array) => void
  /** The stream is over, by whomever but `close`; called once. */
  readonly onEnd: (end: WorkloadStreamEnd) => void
}

export type WorkloadStreamEnd =
  /** The agent ended it in good order, as it may at any time. */
  | { readonly kind: 'ended' }
  /** The agent knows no identity for this process (gRPC `PERMISSION_DENIED`). */
  | { readonly kind: 'no-identity'; readonly reason: string }
  /** Whoever answers there is no Workload API, or takes us for no client of it: asking again soon does not help. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Asks for X.509 SVIDs over the Unix socket and listens for as long as the agent goes on. The result ends it, and with it
 * the connection. Every request carries the header that keeps others from tricking us into one (SPIFFE Workload Endpoint
 * section 3).
 */
export const openWorkloadStream = (socketPath: string, { onMessage, onEnd }: WorkloadStreamHandlers): (() => void) => {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
    // A pool shared by attempts would make a new one wait for the pause after the one before it.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
  })
  const metadata = new Metadata()
  metadata.set('workload.spiffe.io', 'true')
  let isOver = false
  const call = client.makeServerStreamRequest(FETCH_X509_SVID, encodeNothing, asIs, undefined, metadata)
  const end = (reason: WorkloadStreamEnd): void => {
    if (isOver) return
    isOver = true
    client.close()
    onEnd(reason)
  }
  call.on('data', (message: Uint8Array) => {
    if (!isOver) onMessage(message)
  })
  call.on('error', (error: ServiceError) => end(explain(error)))
  call.on('end', () => end({ kind: 'ended' }))
  return () => {
    isOver = true
    call.cancel()
    client.close()
  }
}

/** `X509SVIDRequest` has no fields. */
const encodeNothing = (): Buffer => Buffer.alloc(0)

const asIs = (bytes: Buffer): Uint8Array => bytes

const explain = (error: ServiceError): WorkloadStreamEnd => {
  const { code } = error
  const reason = grpcReason(error)
  if (code === Code.PERMISSION_DENIED) return { kind: 'no-identity', reason }
  const isRefused = code === Code.INVALID_ARGUMENT || code === Code.UNIMPLEMENTED
  return { kind: isRefused ? 'refused' : 'failed', reason: `${Code[code]}: ${reason}` }
}
