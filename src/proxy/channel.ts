/**
 * A byte stream to a peer with back-pressure by credit: a tunnel inside HBONE or a plaintext connection. HTTP sessions
 * stand on it and do not know which it is.
 */
export interface Channel {
  /** Sends or queues `buffer[start..end)`, whose memory must stay as it is; false when it had to queue: `onDrain` follows. */
  readonly send: (buffer: Buffer, start: number, end: number) => boolean
  /** What was sent has been copied when `send` returns, and its memory may be used again. */
  readonly isCopying?: boolean
  /** Sends or queues Latin-1 text. */
  readonly sendText: (text: string) => boolean
  /** Ends our direction behind what is queued. */
  readonly end: () => void
  /** Ends both directions at once, visibly as an error to the peer. The handler hears nothing more. */
  readonly abort: () => void
  /** Ends both directions at once, as an end and no error. The handler hears nothing more. */
  readonly cut: () => void
  /** False once the connection below is ending: what runs may finish, but nothing new should be put on it. */
  readonly isLasting: boolean
  /** Bytes that were sent and that the peer, or the way there, does not take at the moment. */
  readonly queuedBytes: number
  /** Says that received bytes were passed on: the peer may send as many more. */
  readonly consume: (bytes: number) => void
  /** Says that received bytes were thrown away, and that no more are wanted. */
  readonly discard: (bytes: number) => void
}

/** What the owner of a channel is told, synchronously. */
export interface ChannelHandler {
  /** `buffer[start..end)` stays valid after the call. */
  readonly onData: (buffer: Buffer, start: number, end: number) => void
  /** The peer has ended its direction (FIN, END_STREAM). */
  readonly onEnd: () => void
  /**
   * The channel is gone. `isClean` when the peer meant an end and no error (reset with NO_ERROR or CANCEL),
   * `isRefused` when it says that it looked at nothing of ours (REFUSED_STREAM).
   */
  readonly onClosed: (isClean: boolean, isRefused: boolean) => void
  readonly onDrain: () => void
}

/** Stands in where nobody listens any more. */
export const ignoreChannel: ChannelHandler = {
  onData: () => {},
  onEnd: () => {},
  onClosed: () => {},
  onDrain: () => {},
}
