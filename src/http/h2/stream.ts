/** What the owner of a stream is told, synchronously. */
export interface StreamHandler {
  /** A response head (client), or trailers. `fields` is flat: name, value, …, pseudo-header fields first. */
  readonly onHeaders: (fields: string[], isEnd: boolean) => void
  /** Body bytes `buffer[start..end)`: valid after the call too, and charged to the stream's window until `consume`. */
  readonly onData: (buffer: Buffer, start: number, end: number) => void
  /** The peer has sent all it will (END_STREAM). */
  readonly onEnd: () => void
  /** The stream is gone before its time: reset by the peer, or with its connection (`code` then says why). */
  readonly onReset: (code: number) => void
  /** Everything that was queued has been encoded; only after something had to queue. */
  readonly onDrain: () => void
}

/** A piece of body that has to wait for window or for the socket, in memory of the queue's own. */
export interface PendingPiece {
  readonly buffer: Buffer
  start: number
  end: number
}

/** One HTTP/2 stream as the connection keeps it. Fields are plain because every frame touches them. */
export class H2Stream {
  readonly id: number
  handler: StreamHandler
  /** What we may still send on it; negative after the peer shrank its initial window. */
  sendWindow: number
  /** What the peer may still send on it. */
  recvWindow: number
  /** Consumed bytes not yet given back by WINDOW_UPDATE. */
  recvUncredited = 0
  queue: PendingPiece[] = []
  queuedBytes = 0
  /** END_STREAM follows the queue, on these trailers if there are any. */
  isEndQueued = false
  queuedTrailers: readonly string[] | undefined
  /** `onDrain` has been promised. */
  isDrainOwed = false
  /** At least one byte of body went out. */
  hasSent = false
  isLocalClosed = false
  isRemoteClosed = false
  isReset = false
  /** Why we have reset it ourselves, for what the peer sent on it: its handler is told of that as of a reset by the peer. */
  fault: string | undefined
  /** In the connection's list of streams with something to send. */
  isScheduled = false
  /** The peer's head, final if it is a response, is there: a body may follow. */
  hasHeaders = false
  /** A tunnel: no Content-Length counts, and no trailers may come. */
  isConnect = false
  /** The request was HEAD: the answer has no body, whatever its Content-Length. */
  isBodiless = false
  /** What the peer's Content-Length still lets come, -1 without one. */
  bodyRemaining = -1
  /** Names of the peer's fields that must not be indexed on the next hop either; see `H2Connection.neverIndex`. */
  neverIndexed: readonly string[] | undefined

  constructor(id: number, handler: StreamHandler, windows: { readonly send: number; readonly receive: number }) {
    this.id = id
    this.handler = handler
    this.sendWindow = windows.send
    this.recvWindow = windows.receive
  }

  get isClosed(): boolean {
    return this.isReset || (this.isLocalClosed && this.isRemoteClosed)
  }
}

/** Stands in where a stream has no owner any more. */
export const ignoreStream: StreamHandler = {
  onHeaders: () => {},
  onData: () => {},
  onEnd: () => {},
  onReset: () => {},
  onDrain: () => {},
}
