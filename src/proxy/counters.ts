import { countRefusals } from '../identity/trust/refusal-reason.ts'
import type { RefusalReason, RetireReason } from '../identity/trust/refusal-reason.ts'
import { HealthCounters } from './balance/health/health-counters.ts'
import type { LimitName } from './balance/limits/service-load.ts'
import type { OverloadReason } from './overload/overload-reason.ts'

/**
 * What the proxy counts beside exchanges: plain numbers that it increments and telemetry reads. Totals only grow,
 * gauges (`open…`) go both ways.
 */
export class Counters {
  openConnections = 0
  connectionsTotal = 0
  openTunnels = 0
  tunnelsTotal = 0
  activeExchanges = 0
  /** Tunnels whose bytes are passed on as they are. */
  openTcpConnections = 0
  tcpConnectionsTotal = 0
  tlsHandshakeFailures = 0
  /** Handshakes that succeeded, by their key exchange group: those of clients, and ours with endpoints. */
  readonly handshakes = { inbound: new Map<string, number>(), outbound: new Map<string, number>() }
  /** Handshakes that wait for their turn or are under way. */
  openHandshakes = 0
  /** Connections that were closed because their handshake had to wait too long. */
  handshakesShed = 0
  /** Connections that were closed unseen: as many were open as may be. */
  connectionsDropped = 0
  /** Handshakes that succeeded with an identity we do not trust. */
  untrustedPeers = 0
  /** Clients that were not let in, in the handshake or right after it. */
  readonly handshakeRefusals: Record<RefusalReason, number> = countRefusals()
  /** Connections, on either side, that were open when their peer was not permitted any more; `aged` by clients only. */
  readonly connectionsRetired: Record<RetireReason, number> = {
    expired: 0,
    revoked: 0,
    untrustedRoot: 0,
    foreignTrustDomain: 0,
    aged: 0,
  }
  /** CONNECT refused, by reason. */
  readonly connectRefused = {
    notConnect: 0,
    badAuthority: 0,
    unboundAuthority: 0,
    selfCall: 0,
    denied: 0,
  }
  /** Deadlines that ran out, by their names in `Deadlines`. */
  readonly deadlines = {
    handshake: 0,
    preface: 0,
    connect: 0,
    requestHead: 0,
    responseHead: 0,
    bodyIdle: 0,
    keepAliveIdle: 0,
    streamIdle: 0,
    protocolDetection: 0,
    clientHello: 0,
    tcpIdle: 0,
    distrustedPeer: 0,
    expiredPeer: 0,
    agedConnection: 0,
  }
  /** Requests that were sent again, by what had become of the try before. */
  readonly retries = { connectFailed: 0, refused: 0, reset: 0, timeout: 0, protocol: 0, status: 0 }
  /** Repetitions that were wanted and not made, by what forbade them. */
  readonly retriesRefused = { attempts: 0, body: 0, budget: 0 }
  /** Requests and tunnels that there was no time or no room for, by what ran out. */
  readonly overloadRefused: Record<OverloadReason, number> = {
    eventLoop: 0,
    source: 0,
    requests: 0,
    tunnels: 0,
    bytes: 0,
    heap: 0,
  }
  /** Connections that were closed because memory was nearly gone, and their clients had most of it. */
  overloadConnectionsClosed = 0
  /** Requests that wait for their turn. */
  waitingRequests = 0
  /** Requests and connections that a limit of their Service port was in the way of, by which. */
  readonly upstreamOverflow: Record<LimitName, number> = { requests: 0, pending: 0, connections: 0 }
  /** Requests that wait until a Service port has less to do. */
  pendingRequests = 0
  /** Answers to requests of sessions, by whether the client was with an endpoint before, and with the one that answered. */
  readonly sessions = { begun: 0, kept: 0, moved: 0 }
  readonly endpoints = new HealthCounters()
  upstreamConnectionsTotal = 0
  openUpstreamConnections = 0
  upstreamConnectFailures = 0
  /** Upstreams that presented another identity than the endpoint's. */
  upstreamIdentityMismatches = 0
  /** TLS handshakes with applications that failed, or whose certificate was refused. */
  upstreamTlsFailures = 0
  /** Copies of requests under way. */
  openMirrors = 0
  mirrorsTotal = 0
  /** Copies that were not made, or given up before their answer. */
  mirrorsDropped = 0
  /** Questions whether a request may pass, by what came of them; `failedOpen` are those of `failed` that passed all the same. */
  readonly externalAuthorization = { allowed: 0, denied: 0, failed: 0, failedOpen: 0 }
  /** What users' filters threw, of which their guards tell, and what any filter has made of a message that cannot go on. */
  filterErrors = 0
  /** Bugs of ours that cost one request, tunnel or connection, or nobody anything; what users' filters do is `filterErrors`. */
  errorsCaught = 0
  /** Tokens that were known from before. */
  jwtCacheHits = 0
  /** Tokens whose signature was checked. */
  jwtVerifications = 0
  /** Requests that were refused for their token. */
  jwtRefused = 0
  jwksFetches = 0
  jwksFetchFailures = 0
  /** Bytes received, on whatever side, that nobody has taken yet. */
  heldBytes = 0
  /** Times that they were more than they should be. */
  bufferLimitReached = 0
  /** Tunnels and connections ended because they held most of far too much. */
  holdersShed = 0
}

/** Adds one to a number that is there from then on. */
export const countOne = (numbers: Map<string, number>, key: string): void => {
  numbers.set(key, (numbers.get(key) ?? 0) + 1)
}
