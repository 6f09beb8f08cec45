import type { Timeline, TlsFiles } from '../load/plan.ts'

/** Whom handshakes are made with. */
export interface HandshakeTarget {
  readonly host: string
  readonly port: number
  /** Loopback addresses to come from in turn: a server may treat its clients one by one. */
  readonly sources: readonly string[]
  readonly tls: TlsFiles
}

/**
 * `full` goes to the end, certificates on both sides included, and until the server's first HTTP/2 bytes, which only a
 * client gets that was let in. `hello` sends a ClientHello made before and goes when the answer begins: for the server
 * it is the dear half, for us nearly nothing.
 */
export type HandshakeKind = 'full' | 'hello'

export type ToFlood =
  /** A closed loop: as many handshakes as can be, `concurrency` at a time. */
  | {
      readonly kind: 'saturate'
      readonly handshake: HandshakeKind
      readonly target: HandshakeTarget
      readonly concurrency: number
      readonly durationMs: number
    }
  /** An open loop: so many begin per second, whatever becomes of them. */
  | {
      readonly kind: 'offer'
      readonly handshake: HandshakeKind
      readonly target: HandshakeTarget
      readonly ratePerSecond: number
      readonly durationMs: number
    }

/** What became of handshakes that began in a window. */
export interface FloodResult {
  /** When they began and ended, in milliseconds of the wall clock. */
  readonly startedMs: number
  readonly endedMs: number
  readonly offered: number
  /** Answered by the server, or complete: what the kind is about. */
  readonly done: number
  /** Refused or closed by the server before. */
  readonly shed: number
  /** Given up by us after 2 s without an answer. */
  readonly unanswered: number
  /** CPU time of this process over the window's length: near 1 it was the bottleneck. */
  readonly busy: number
  /** In the order in which they ended; what was not done took -1. */
  readonly timeline: Timeline
}

export type FromFlood =
  | { readonly kind: 'up' }
  /** Ready to begin; the window starts now. */
  | { readonly kind: 'began' }
  /** None begin any more; `ended` follows when those under way are over. */
  | { readonly kind: 'over' }
  | { readonly kind: 'ended'; readonly result: FloodResult }
  | { readonly kind: 'failed'; readonly message: string }
