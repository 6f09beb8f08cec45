import type { ReadersResult } from './plan.ts'

/** Something that carries one request at a time: a tunnel, or an HTTP/1.1 connection. */
export interface Lane {
  /** Writes the request; the answer is reported to the `LaneOwner`. */
  readonly send: () => void
  /** When the request in flight was due, in milliseconds of `performance.now()`; kept by the driver. */
  dueAt: number
}

/** Who is told what becomes of the lanes; called synchronously from socket events. */
export interface LaneOwner {
  readonly onOpen: (lane: Lane) => void
  readonly onAnswer: (lane: Lane, status: number, bodyBytes: number) => void
  /** The lane is gone for the rest of the run. */
  readonly onLost: (why: string) => void
}

/** Tunnels that read long answers beside the lanes. */
export interface Readers {
  /** Opens them and asks for the answers; settles when all are read. A failure is reported to the `LaneOwner`. */
  readonly read: () => Promise<void>
  readonly counts: () => ReadersResult
  /** Reads no more. */
  readonly stop: () => void
}

/** The connections of a run. */
export interface Lanes {
  /** There if the plan has some. */
  readonly readers?: Readers | undefined
  readonly cipher: () => string | undefined
  /** Closes everything; settles when the sockets are closed. */
  readonly close: () => Promise<void>
}
