import type { HeaderList } from '../header-list.ts'

/** `bodyLength` of a message with a known length is that length in bytes; these stand for the other framings. */
export const CHUNKED = -1
/** Only in responses: the body ends when the connection does (RFC 9112 section 6.3 rule 8). */
export const UNTIL_CLOSE = -2

/** How the client asked, by its own account: nobody's word for what a connection is protected by. */
export type Scheme = 'http' | 'https'

/** The head of an HTTP/1.1 request, checked. */
export interface H1RequestHead {
  readonly method: string
  /** The request target as received: origin-form, absolute-form, authority-form (CONNECT) or `*`. */
  readonly target: string
  readonly minorVersion: 0 | 1
  /** Includes `host` and framing headers as received. */
  readonly headers: HeaderList
  /** Value of the one Host field; for HTTP/1.0 without one, what an absolute target names, or `undefined`. */
  readonly host: string | undefined
  /** Of an absolute target, else what `x-forwarded-proto` says if it is this and nothing else; by HTTP/2 `:scheme`. */
  readonly scheme: Scheme
  readonly bodyLength: number
  /** Whether the connection may carry another request afterwards (RFC 9112 section 9.3). */
  readonly keepAlive: boolean
  readonly expectsContinue: boolean
  /** The `upgrade` field's value when `connection: upgrade` is there too. */
  readonly upgrade: string | undefined
  /** A field may speak of a trace; false: none does. */
  readonly mayHaveTrace: boolean
}

/** The head of an HTTP/1.1 response, checked. */
export interface H1ResponseHead {
  readonly status: number
  readonly reason: string
  readonly minorVersion: 0 | 1
  readonly headers: HeaderList
  readonly bodyLength: number
  readonly keepAlive: boolean
  /** Of HTTP/2: nothing of a body will come, but the end has not come either, and may bring trailers. */
  readonly isOpen?: boolean
}

/** How a request began that was refused; empty where nothing can be told. */
export interface RequestStart {
  readonly method: string
  /** Cut where it is very long, and before what is not visible ASCII. */
  readonly target: string
}

/** Why a message was refused, and the status a server should answer with. */
export interface H1Failure {
  readonly code:
    | 'bad-request'
    | 'head-too-large'
    | 'uri-too-long'
    | 'body-too-large'
    | 'unsupported-version'
    | 'unsupported-coding'
    | 'truncated'
  /** 400, 414, 431, 413, 505, 501; a client treats all of them as a broken upstream. */
  readonly status: number
  readonly message: string
}
