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

/** The connections of a run. */
export interface Lanes {
  readonly cipher: () => string | undefined
  /** Closes everything; settles when the sockets are closed. */
  readonly close: () => Promise<void>
}
