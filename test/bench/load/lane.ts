import type { PipeUser } from '../pipes/pipe.ts'
import type { ReadersResult } from './plan.ts'

/** Something that carries one request at a time: a tunnel, a connection, or one of the calls on it. */
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
  /** So much of a long body has been sent or received; only where bodies are what is measured. */
  readonly onBytes: (bytes: number) => void
  /** The lane is gone for the rest of the run. */
  readonly onLost: (why: string) => void
  /**
   * The server has asked for no more requests here (`connection: close`, GOAWAY without an error): what is under way goes
   * on, and the end that follows is reported as lost. Said before the answer that it came with. Absent: a GOAWAY is a loss.
   */
  readonly onRetired?: () => void
  /** One request of several on a connection came to nothing, or may be sent anew. Absent: it is reported as lost. */
  readonly onFailed?: (lane: Lane, why: string, mayRepeat: boolean) => void
}

/** Gives pipes to the proxy: tunnels of one HBONE connection, or connections of their own. */
export interface Carrier {
  /** `use` gets the pipe once it is open; one that cannot be opened is reported to the `LaneOwner`. */
  readonly open: (use: PipeUser) => void
}

/** Takes as many pipes of a carrier that is ready as the plan says, and makes lanes of them. */
export type Client = (carrier: Carrier) => void

/** Tunnels that read long answers beside the lanes. */
export interface Readers {
  /** Opens them and asks for the answers; settles when all are read. A failure is reported to the `LaneOwner`. */
  readonly read: () => Promise<void>
  readonly counts: () => ReadersResult
  /** Reads no more. */
  readonly stop: () => void
}

/** The connections of a run. */
export interface Carriers {
  /** There if the plan has some. */
  readonly readers?: Readers | undefined
  readonly cipher: () => string | undefined
  /** Closes everything; settles when the sockets are closed. */
  readonly close: () => Promise<void>
}
