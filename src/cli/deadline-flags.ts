/** The flags of `fairway run` that say how long a peer may keep it waiting. */
import { formatDuration } from '../lib/duration.ts'
import { defaultDeadlines, type Deadlines } from '../proxy/limits/deadlines.ts'
import { decodeDuration, type FlagValues } from './arguments.ts'

const flag = (what: string, defaultMs: number) =>
  ({
    type: 'string',
    value: 'DURATION',
    default: formatDuration(defaultMs),
    help: `${what}; default ${defaultMs === 0 ? '0s: none' : formatDuration(defaultMs)}`,
  }) as const

/** One for each of `Deadlines`; `0s` is no deadline. */
export const deadlineFlags = {
  'tls-handshake-timeout': flag('time for a client to complete its TLS handshake', defaultDeadlines.handshakeMs),
  'preface-timeout': flag('and then to begin with HTTP/2', defaultDeadlines.prefaceMs),
  'connect-timeout': flag('time for an endpoint to be connected, and to answer CONNECT', defaultDeadlines.connectMs),
  'request-head-timeout': flag('time for a request to have its head whole: 408', defaultDeadlines.requestHeadMs),
  'response-head-timeout': flag('time for an endpoint to begin its answer: 504', defaultDeadlines.responseHeadMs),
  'body-idle-timeout': flag('time for a client to send, or to read, more of a body', defaultDeadlines.bodyIdleMs),
  'keep-alive-timeout': flag('time for a client to send its next request', defaultDeadlines.keepAliveIdleMs),
  'stream-idle-timeout': flag('time for a request under way to move at all', defaultDeadlines.streamIdleMs),
  'protocol-detection-timeout': flag(
    'time for a client to show what it speaks where its port declares nothing: TCP',
    defaultDeadlines.protocolDetectionMs,
  ),
  'client-hello-timeout': flag(
    'time for a client to name its server, where there are TLSRoutes',
    defaultDeadlines.clientHelloMs,
  ),
  'tcp-idle-timeout': flag('time for a TCP connection to move at all, in either direction', defaultDeadlines.tcpIdleMs),
  'distrusted-peer-timeout': flag(
    'time for tunnels to end whose peer was revoked, or whose root was removed',
    defaultDeadlines.distrustedPeerMs,
  ),
  'expired-peer-timeout': flag(
    'time for tunnels to end whose peer’s certificate ran out',
    defaultDeadlines.expiredPeerMs,
  ),
  'max-connection-age': flag(
    'age at which a client is asked to move to a new connection, and to another replica perhaps',
    defaultDeadlines.connectionAgeMs,
  ),
  'max-connection-age-grace': flag('time for tunnels to end on one that is so old', defaultDeadlines.agedConnectionMs),
  'upgrade-idle-timeout': flag(
    'the same for a WebSocket, or what else was switched to',
    defaultDeadlines.upgradeIdleMs,
  ),
  'upgrade-max-duration': flag('time that such a connection may last in all', defaultDeadlines.upgradeMaxMs),
} as const

/** The deadlines that the flags ask for; throws `CliError` (64) for what is no duration. */
export const decodeDeadlines = (flags: FlagValues<typeof deadlineFlags>): Deadlines => {
  const read = (name: keyof typeof deadlineFlags): number => decodeDuration(name, flags[name])
  return {
    handshakeMs: read('tls-handshake-timeout'),
    prefaceMs: read('preface-timeout'),
    connectMs: read('connect-timeout'),
    requestHeadMs: read('request-head-timeout'),
    responseHeadMs: read('response-head-timeout'),
    bodyIdleMs: read('body-idle-timeout'),
    keepAliveIdleMs: read('keep-alive-timeout'),
    streamIdleMs: read('stream-idle-timeout'),
    upgradeIdleMs: read('upgrade-idle-timeout'),
    upgradeMaxMs: read('upgrade-max-duration'),
    protocolDetectionMs: read('protocol-detection-timeout'),
    clientHelloMs: read('client-hello-timeout'),
    tcpIdleMs: read('tcp-idle-timeout'),
    distrustedPeerMs: read('distrusted-peer-timeout'),
    expiredPeerMs: read('expired-peer-timeout'),
    connectionAgeMs: read('max-connection-age'),
    agedConnectionMs: read('max-connection-age-grace'),
  }
}
