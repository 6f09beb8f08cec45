import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead, Scheme } from '../../http/h1/message.ts'

/** The version of HTTP that an endpoint is spoken to in: 1.1, or 2. */
export type HttpVersion = 1 | 2

/** A request as it goes to an endpoint. */
export interface UpstreamRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  /** What HTTP/2 tells an application that is spoken to in plaintext; behind TLS it is `https`. */
  readonly scheme: Scheme
  readonly headers: HeaderList
  /** Bytes, or `CHUNKED`. */
  readonly bodyLength: number
  /** What the connection shall be switched to (WebSocket, say): once a 101 says so, all that follows is body. */
  readonly upgrade: string | undefined
  /** The client sent it by HTTP/2, so it goes on as that (Istio: HTTP/2 is not downgraded). */
  readonly isHttp2: boolean
  /** Its head as each version has it, once `writeHead` was asked for it: every try sends the same. */
  h1Head: string | undefined
  h2Head: readonly string[] | undefined
}

/** Who is using a session for one request; told synchronously. */
export interface SessionUser {
  readonly onInformational: (head: H1ResponseHead) => void
  readonly onResponse: (head: H1ResponseHead) => void
  /** Returns whether the bytes were passed on; if not, the user gives credit with `consume` later. */
  readonly onBody: (buffer: Buffer, start: number, end: number) => boolean
  readonly onEnd: (trailers: HeaderList | undefined) => void
  /** The response will not come, or not whole; `refused` when the endpoint says that it did not look at the request. */
  readonly onFailure: (kind: 'reset' | 'refused' | 'protocol', message: string) => void
  /** Queued request bytes are out. */
  readonly onDrain: () => void
}

/**
 * One request's way to an endpoint, whatever the version: an HTTP/1.1 connection that is kept for one request after the
 * other, or a stream of an HTTP/2 connection. How a message is framed is decided here and nowhere else.
 */
export interface UpstreamSession {
  readonly version: HttpVersion
  /** Whether other requests had the connection before, one by one. */
  readonly isReused: boolean
  /** Whether a request may begin on it. */
  readonly isUsable: boolean
  /** Bytes of the request that the endpoint, or the way there, does not take at the moment. */
  readonly queuedBytes: number
  /** Begins a request with its head, which `writeHead` has written for this version. */
  readonly begin: (user: SessionUser, request: UpstreamRequest) => void
  /** Body of the request, whose memory must stay as it is; false when it had to queue: `onDrain` follows. */
  readonly write: (buffer: Buffer, start: number, end: number) => boolean
  /** The request has been handed over whole. Trailers that may not go out are dropped: the body is whole without them. */
  readonly finish: (trailers: HeaderList | undefined) => void
  /** Response bytes that were held are passed on; may well be said after the response has ended. */
  readonly consume: (bytes: number) => void
  /** Somebody else gets the rest of the response. */
  readonly handOver: (user: SessionUser) => void
  /** The user goes, and hears nothing more. What was not complete is broken off. */
  readonly abandon: () => void
  /** Nobody wants it any more, though it was never used: kept for others, unless it cannot last. */
  readonly park: () => void
}
