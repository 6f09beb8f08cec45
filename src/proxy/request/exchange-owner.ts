import type { ExchangeRecord } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { Frontend } from '../../snapshot/snapshot.ts'
import type { ExchangeExpiry, WatchedExchange } from '../limits/tunnel-watch.ts'
import type { LocalReply } from '../response/local-reply.ts'
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

/** A request as whoever it came on has to do with it. */
export interface OwnedExchange extends WatchedExchange {
  readonly record: ExchangeRecord
  /** Begins; may finish before it returns. To be called by `startExchange`. */
  readonly start: () => void
  /** We have a bug: it gets an answer that says so, or comes to an end. */
  readonly fail: (error: unknown) => void
  /** Request body from the client; false when it is held until the owner is told to consume it. */
  readonly onRequestBody: (buffer: Buffer, start: number, end: number) => boolean
  readonly onRequestEnd: (trailers: HeaderList | undefined) => void
  /** Response bytes that were queued towards the client are out. */
  readonly onDownstreamDrain: () => void
  /** The client is gone: nobody is left to answer. `why`: default is that it has left. */
  readonly onDownstreamGone: (why?: Pick<LocalReply, 'flags' | 'details'>) => void
  /** The rest of the request will never come: the client gets this answer, or sees the one that has begun break off. */
  readonly giveUp: (reply: LocalReply) => void
  /** The policies of this frontend are asked, where they are not those that it was judged by. */
  readonly review: (frontend: Frontend) => void
  /** A deadline has passed; `deadlineMs` is how much time it gave. */
  readonly expire: (expiry: ExchangeExpiry, deadlineMs: number) => void
}
