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
}
