import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'

/** The head of a response as it goes out. */
export interface OutgoingHead {
  readonly status: number
  readonly headers: HeaderList
  /** Bytes of the body, `CHUNKED` or `UNTIL_CLOSE`; what the response says of itself, also when no body may follow. */
  readonly bodyLength: number
  /** The status, or HEAD, rules a body out. */
  readonly isBodiless: boolean
  /** Without a body too, its end is still to come, and may bring trailers. */
  readonly isOpen: boolean
  /** Of a 101: what is spoken from here on, and is body. */
  readonly upgrade: string | undefined
  /** What came before allows another request on the connection. */
  readonly mayKeepAlive: boolean
}

/** How one response goes out to the client in the version of HTTP that it speaks; framing is decided here. */
export interface ResponseSink {
  readonly writeInformational: (head: H1ResponseHead) => void
  /** The reason when the head may not go out. */
  readonly writeHead: (head: OutgoingHead) => string | undefined
  /** Body bytes; false when they had to queue. Not called for a response that has no body. */
  readonly writeBody: (buffer: Buffer, start: number, end: number) => boolean
  /** Latin-1 text as body; false when it had to queue. */
  readonly writeText: (text: string) => boolean
  /** The response is whole; false when the last of it had to queue. */
  readonly end: (trailers: HeaderList | undefined) => boolean
  /** Whether the connection may carry another request; known once the head is out. */
  readonly keepsAlive: boolean
}
