/** One stream of bytes each way, whatever carries it: a tunnel, a TLS connection or a TCP connection. */
export interface Pipe {
  /** Sends bytes that stay as they are, by the end of the turn; false when no more should come until `onDrain`. */
  readonly write: (bytes: Buffer) => boolean
  /** Ends our direction behind everything written. */
  readonly end: () => void
  /** Gives it up at once; the handler hears nothing more. */
  readonly destroy: () => void
}

/** What the user of a pipe is told, synchronously. */
export interface PipeHandler {
  readonly onData: (buffer: Buffer, start: number, end: number) => void
  /** Follows a `write` that was false. */
  readonly onDrain: () => void
  /** The other side sends nothing more. */
  readonly onEnd: () => void
  /** It broke. */
  readonly onLost: (why: string) => void
}

/** Takes a pipe that is open, and hears of it from then on. */
export type PipeUser = (pipe: Pipe) => PipeHandler
