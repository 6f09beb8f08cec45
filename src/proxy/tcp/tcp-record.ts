import type { ExchangeRecord } from '../../filter/record.ts'
import type { Clock } from '../../lib/clock.ts'
import { findFrontend } from '../../snapshot/resolve.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TunnelOrigin } from '../request/begin-exchange.ts'
import { startRecord } from '../request/record.ts'

/** Why a connection is over, or never came about. */
export interface ConnectionEnd {
  /** Envoy's short flag: `NR` no route, `NC` a backend that is none, `UH` no endpoint, `UF` none could be connected, `UO` too many of them, `UC` and `DC` reset by endpoint and client, `DPE` no ClientHello, `SI` idle for too long, `-` none. */
  readonly flags: string
  readonly details: string
  /** For people, where the details do not say it all. */
  readonly reason?: string
}

/** Both sides have said all they wanted to. */
export const ended: ConnectionEnd = { flags: '-', details: 'via_upstream' }

export const clientReset: ConnectionEnd = { flags: 'DC', details: 'downstream_remote_disconnect' }

export const upstreamReset: ConnectionEnd = { flags: 'UC', details: 'upstream_remote_disconnect' }

export const idleTooLong: ConnectionEnd = { flags: 'SI', details: 'tcp_idle_timeout' }

export const connectFailed: ConnectionEnd = { flags: 'UF', details: 'upstream_connect_failure' }

export const noEndpoint: ConnectionEnd = { flags: 'UH', details: 'no_healthy_upstream' }

/** The Service port has as many connections as it may. */
export const overflow: ConnectionEnd = { flags: 'UO', details: 'upstream_overflow{connections}' }

export const unbound: ConnectionEnd = { flags: 'NR', details: 'service_not_bound' }

export const helloTooLate: ConnectionEnd = { flags: 'DPE', details: 'tls_client_hello_timeout' }

/** What is done for requests cannot be left out because their client was silent for long. */
export const httpTooLate: ConnectionEnd = {
  flags: 'DPE',
  details: 'http_after_protocol_detection',
  reason: 'HTTP began when it was no longer waited for: declare that the port speaks it (appProtocol, or its name)',
}

/** A bug of ours. */
export const failed: ConnectionEnd = { flags: '-', details: 'internal_error' }

export const noClientHello = (reason: string): ConnectionEnd => ({
  flags: 'DPE',
  details: 'tls_client_hello_invalid',
  reason,
})

/** Policies do not let this client have it. */
export const denied = (details: string): ConnectionEnd => ({ flags: '-', details })

/** The provider of a CUSTOM policy says no, or nothing. */
export const refusedByProvider = (details: string): ConnectionEnd => ({ flags: 'UAEX', details })

/** A filter does not let this client have it, or failed. */
export const refusedByFilter = (details: string, reason = ''): ConnectionEnd => ({
  flags: '-',
  details,
  ...(reason === '' ? {} : { reason }),
})

export const noRoute = (reason: string): ConnectionEnd => ({ flags: 'NR', details: 'route_not_found', reason })

/** By a Service or its endpoints (`UH`), or by a route (`NC`), as with requests. */
export const closedBy = (flags: 'UH' | 'NC', reason: string): ConnectionEnd => ({
  flags,
  details: 'closed_by_configuration',
  reason,
})

/** A record of a connection that begins now; what only requests have is empty. */
export const beginTcpRecord = (
  origin: TunnelOrigin,
  {
    sni,
    snapshot,
    clock,
  }: { readonly sni: string | undefined; readonly snapshot: Snapshot | undefined; readonly clock: Clock },
): ExchangeRecord => {
  const { source, destination, authority } = origin
  const telemetry = snapshot === undefined ? undefined : findFrontend(snapshot, authority)?.telemetry
  const parties = { source, destination, generation: snapshot?.generation ?? 0, telemetry, called: authority }
  return { ...startRecord(parties, noRequest, clock), sni }
}

const noRequest = {
  protocol: 'tcp',
  httpVersion: '',
  method: '',
  path: '',
  authority: '',
  requestId: undefined,
  userAgent: undefined,
  forwardedFor: undefined,
} as const
