import type { ResponseSink } from '../response/response-sink.ts'

/** What a request came on: a tunnel, or a stream of an HTTP/2 connection in one. */
export interface ExchangeOwner {
  /** Says that so many bytes of the request were passed on. */
  readonly consume: (bytes: number) => void
  /** Takes the response to the one request that is under way. */
  readonly sink: ResponseSink
  /** The answer should say that it is the last on its connection. */
  readonly isDraining: boolean
  /** The request was granted what it asked to switch to: what comes from here on is body of it, without framing. */
  readonly onUpgraded: () => void
  /** The exchange is over; whether another may follow. */
  readonly onExchangeDone: (mayContinue: boolean) => void
  /** Ends the tunnel visibly as an error. */
  readonly abort: () => void
}
