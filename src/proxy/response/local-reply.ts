import { FilterFailure } from '../../filter/guard/failure.ts'
import { UNAVAILABLE } from '../../http/bridge/grpc-status.ts'
import type { TooMuch } from '../../filter/body/body-pipe.ts'
import type { LimitName } from '../balance/limits/service-load.ts'
import type { ForwardFailure } from '../forward/failure.ts'
import type { ExchangeExpiry } from '../limits/tunnel-watch.ts'

/** What the proxy answers itself when it cannot forward: status, Envoy's response flag and detail, and a line for people. */
export interface LocalReply {
  readonly status: number
  /** Envoy's short flag: `NR` no route, `UH` no healthy upstream, `UF` connect failure, `UC` connection lost, `UT` no answer in time, `UO` a limit of the Service port, `SI` idle for too long, `-` none. */
  readonly flags: string
  readonly details: string
  readonly body: string
  /** For a gRPC request, where the status alone would say something else; default: see `toGrpcStatus`. */
  readonly grpcStatus?: number
}

/** What the record says of it: `URX` as well when that was the end of several tries. */
export const flagsOf = ({ flags }: LocalReply, { isExhausted }: { readonly isExhausted: boolean }): string => {
  if (!isExhausted) return flags
  return flags === '-' ? 'URX' : `${flags},URX`
}

export const noRoute: LocalReply = {
  status: 404,
  flags: 'NR',
  details: 'route_not_found',
  body: 'no route of this service matches the request\n',
}

export const unboundService: LocalReply = {
  status: 404,
  flags: 'NR',
  details: 'service_not_bound',
  body: 'the service is not bound to this waypoint any more\n',
}

export const noWeight: LocalReply = {
  status: 500,
  flags: 'NC',
  details: 'no_backend',
  body: 'the rule has no backend with a weight above 0\n',
  grpcStatus: UNAVAILABLE,
}

export const noEndpoint: LocalReply = {
  status: 503,
  flags: 'UH',
  details: 'no_healthy_upstream',
  body: 'no endpoint of the service is ready\n',
}

/** A limit of the Service port is in the way. */
const overflow = (limit: LimitName): LocalReply => ({
  status: 503,
  flags: 'UO',
  details: `upstream_overflow{${limit}}`,
  body: 'the service has as much to do as it may\n',
})

/** Policies that came later do not let it go on. */
export const notPermitted = (details: string): LocalReply => ({
  status: 403,
  flags: '-',
  details,
  body: 'RBAC: access denied',
})

const filterFailed: LocalReply = {
  status: 500,
  flags: '-',
  details: 'filter_failed',
  body: 'internal error\n',
}

/** A filter failed; of a user's own its guard tells which, and in what way. */
export const replyToFilter = (error: unknown): LocalReply =>
  error instanceof FilterFailure ? { ...filterFailed, status: error.status, details: error.details } : filterFailed

/** The same, of an answer that is on its way. */
export const breakOfFilter = (error: unknown): Pick<LocalReply, 'flags' | 'details'> =>
  error instanceof FilterFailure
    ? { flags: '-', details: error.details }
    : breakOf({ kind: 'protocol', message: 'a filter failed' })

/** A filter wants the whole of a body, which is longer than it takes, or than there is memory for. */
export const bodyTooMuch = ({ why, kind }: TooMuch, side: 'request' | 'response'): LocalReply => {
  if (why === 'no-room') {
    return {
      status: 503,
      flags: '-',
      details: `${side}_body_no_memory{${kind}}`,
      body: 'there is no room for the body\n',
    }
  }
  return {
    status: side === 'request' ? 413 : 502,
    flags: '-',
    details: `${side}_payload_too_large{${kind}}`,
    body: side === 'request' ? 'payload too large\n' : 'the response is too large\n',
  }
}

export const badPath: LocalReply = {
  status: 400,
  flags: 'DPE',
  details: 'path_not_normalisable',
  body: 'bad request: the path cannot be normalised\n',
}

export const methodNotAllowed: LocalReply = {
  status: 405,
  flags: '-',
  details: 'connect_in_tunnel',
  body: 'CONNECT inside a tunnel is not supported\n',
}

/** Refused by configuration: an object that could not be used closes what it describes. */
export const closedBy = (status: number, reason: string): LocalReply => ({
  status,
  flags: status === 503 ? 'UH' : 'NC',
  details: 'closed_by_configuration',
  body: `${reason}\n`,
  grpcStatus: UNAVAILABLE,
})

/** The client has left before it had its answer. */
export const clientGone: Pick<LocalReply, 'flags' | 'details'> = {
  flags: 'DC',
  details: 'downstream_remote_disconnect',
}

/** The time that the route gives a request is over. */
export const requestTimeout: LocalReply = {
  status: 504,
  flags: 'UT',
  details: 'request_timeout',
  body: 'request timeout\n',
}

/** What was switched to has lasted as long as it may. */
export const upgradeTimeout: LocalReply = {
  status: 504,
  flags: 'UT',
  details: 'upgrade_max_duration_reached',
  body: 'the connection lasted too long\n',
}

const upstreamTimeout: LocalReply = {
  status: 504,
  flags: 'UT',
  details: 'upstream_response_timeout',
  body: 'upstream request timeout\n',
}

/** The upstream could not be reached or went away before its answer. */
const upstreamFailed = (flags: 'UF' | 'UC' | 'UPE'): LocalReply => ({
  status: flags === 'UPE' ? 502 : 503,
  flags,
  details: flags === 'UF' ? 'upstream_connect_failure' : 'upstream_reset_before_response_started',
  // Addresses and identities are for the log, not for the client.
  body: flags === 'UF' ? 'upstream connect failure\n' : 'upstream connection lost\n',
})

/** The answer to a request that got no response. */
export const replyToFailure = (failure: ForwardFailure): LocalReply => {
  switch (failure.kind) {
    case 'no-endpoint':
      return noEndpoint
    case 'overflow':
      return overflow(failure.limit)
    case 'unwritable':
    case 'fault':
      return filterFailed
    case 'connect-failed':
      return upstreamFailed('UF')
    case 'reset':
    case 'refused':
      return upstreamFailed('UC')
    case 'timeout':
      return upstreamTimeout
    case 'protocol':
      return upstreamFailed('UPE')
  }
}

/** What the record says of an answer that broke off on its way. */
export const breakOf = (failure: ForwardFailure): Pick<LocalReply, 'flags' | 'details'> => ({
  flags: failure.kind === 'protocol' ? 'UPE' : failure.kind === 'timeout' ? 'UT' : 'UC',
  details: failure.kind === 'timeout' ? 'upstream_response_timeout' : 'upstream_reset_after_response_started',
})

/** The answer to a request that came to a stop; `filter` is the kind of the filter that is waited for, if one is. */
export const replyToExpiry = (
  expiry: Exclude<ExchangeExpiry, 'response-head'>,
  filter: string | undefined,
): LocalReply => {
  if (filter !== undefined) {
    return { status: 504, flags: 'SI', details: `filter_timeout{${filter}}`, body: 'nothing moved for too long\n' }
  }
  switch (expiry) {
    case 'request-body':
      return { status: 408, flags: 'SI', details: 'request_body_idle_timeout', body: 'the body took too long\n' }
    // The client is the one who does not read, so hardly ever will it see this.
    case 'response-body':
      return { status: 504, flags: 'SI', details: 'response_body_idle_timeout', body: 'nothing moved for too long\n' }
    case 'stream':
      return { status: 504, flags: 'SI', details: 'stream_idle_timeout', body: 'nothing moved for too long\n' }
  }
}
