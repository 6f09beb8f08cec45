import type { ForwardFailure } from '../forward.ts'

/** What the proxy answers itself when it cannot forward: status, Envoy's response flag and detail, and a line for people. */
export interface LocalReply {
  readonly status: number
  /** Envoy's short flag: `NR` no route, `UH` no healthy upstream, `UF` connect failure, `UC` connection lost, `-` none. */
  readonly flags: string
  readonly details: string
  readonly body: string
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
}

export const noEndpoint: LocalReply = {
  status: 503,
  flags: 'UH',
  details: 'no_healthy_upstream',
  body: 'no endpoint of the service is ready\n',
}

export const filterFailed: LocalReply = {
  status: 500,
  flags: '-',
  details: 'filter_failed',
  body: 'internal error\n',
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
})

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
    case 'unwritable':
      return filterFailed
    case 'connect-failed':
      return upstreamFailed('UF')
    case 'reset':
      return upstreamFailed('UC')
    case 'protocol':
      return upstreamFailed('UPE')
  }
}
