import type { Clock } from '../../lib/clock.ts'

/** How long a peer may keep us waiting, each in milliseconds; 0 is for ever. */
export interface Deadlines {
  /** From the accepted connection to the end of the TLS handshake. */
  readonly handshakeMs: number
  /** From there to the peer's HTTP/2 preface and SETTINGS. */
  readonly prefaceMs: number
  /** Upstream: TCP, TLS and SETTINGS together, and again from a CONNECT to its answer. */
  readonly connectMs: number
  /** From the first byte of a request's head, or of the CONNECT's header block, to its last. */
  readonly requestHeadMs: number
  /** From the end of the request to the response's head; routes will say more (HTTPRoute `timeouts`). */
  readonly responseHeadMs: number
  /** Without progress while we wait for the client: for more of its request's body, or to read its response's. */
  readonly bodyIdleMs: number
  /** On a tunnel between two requests. */
  readonly keepAliveIdleMs: number
  /** Without a byte in either direction while a request is under way, whoever is waited for. */
  readonly streamIdleMs: number
  /** The same on a connection that was switched to WebSocket, say. */
  readonly upgradeIdleMs: number
  /** How long such a connection may last in all. */
  readonly upgradeMaxMs: number
  /** From a tunnel to a port of unknown protocol to the sign of one; then it is TCP. */
  readonly protocolDetectionMs: number
  /** From a tunnel that is routed by server name to the whole of its ClientHello. */
  readonly clientHelloMs: number
  /** Without a byte in either direction on a TCP connection. */
  readonly tcpIdleMs: number
  /** What tunnels of a peer have left whose certificate was revoked, or whose root is trusted no more. */
  readonly distrustedPeerMs: number
  /** The same when its certificate ran out. */
  readonly expiredPeerMs: number
  /** How long clients put new tunnels on a connection, give or take a tenth, by chance. */
  readonly connectionAgeMs: number
  /** What its tunnels have left then. */
  readonly agedConnectionMs: number
}

/** What holds without flags. */
export const defaultDeadlines: Deadlines = {
  handshakeMs: 10_000,
  prefaceMs: 10_000,
  connectMs: 10_000,
  requestHeadMs: 60_000,
  responseHeadMs: 0,
  bodyIdleMs: 300_000,
  keepAliveIdleMs: 3_600_000,
  streamIdleMs: 3_600_000,
  upgradeIdleMs: 3_600_000,
  upgradeMaxMs: 0,
  protocolDetectionMs: 5000,
  clientHelloMs: 10_000,
  tcpIdleMs: 3_600_000,
  distrustedPeerMs: 10_000,
  expiredPeerMs: 3_600_000,
  connectionAgeMs: 1_800_000,
  agedConnectionMs: 0,
}

/** Runs `expire` when a deadline has passed, so never with one of 0; the result cancels it. */
export const startDeadline = (clock: Clock, deadlineMs: number, expire: () => void): (() => void) =>
  deadlineMs === 0 ? () => {} : clock.after(deadlineMs, expire)

const MAX_TICK_MS = 1000
const MIN_TICK_MS = 50
/** A deadline that is looked at in ticks passes late by two of them at most: by half of its own time. */
const TICKS_PER_DEADLINE = 4

/** How often tunnels have to be looked at for these deadlines to be kept. */
export const tickMsFor = (deadlines: Deadlines): number => {
  const { requestHeadMs, responseHeadMs, bodyIdleMs, keepAliveIdleMs, streamIdleMs } = deadlines
  const ofHttp = [requestHeadMs, responseHeadMs, bodyIdleMs, keepAliveIdleMs, streamIdleMs]
  const ofOthers = [deadlines.upgradeIdleMs, deadlines.clientHelloMs, deadlines.tcpIdleMs]
  const set = [...ofHttp, ...ofOthers].filter((ms) => ms > 0)
  return Math.max(MIN_TICK_MS, Math.min(MAX_TICK_MS, ...set.map((ms) => Math.floor(ms / TICKS_PER_DEADLINE))))
}

/** What filters may take for an answer that is late already. */
export const LATE_FILTER_MS = 1000
