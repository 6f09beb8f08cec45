import type { Dispatcher } from 'undici'

/** `RequestInit` of `fetch`, and how long and how large an answer may be. */
export interface FetchInit extends Omit<RequestInit, 'dispatcher'> {
  /**
   * From the call to the last byte of the answer, in milliseconds: at most 60,000. Default: nine tenths of what
   * the filter's hooks may wait (`budget.wait`, 1 s unless set), so that they have time for an answer of their own. `signal` can end it earlier.
   */
  readonly timeoutMs?: number
  /** Of the answer's body, as it comes: at most 64 MiB. Default 1 MiB. A longer one fails. */
  readonly maxBytes?: number
}

/**
 * Calls a Service of the mesh: `fetch('http://auth.shop:8080/check')`. The host is the Service's name (short in the
 * filter's own namespace, `NAME.NAMESPACE`, or in full), the scheme `http`: with endpoints of the mesh the call goes over
 * mutual TLS with the waypoint's identity. A redirect is handed back, unless `redirect: 'follow'` is given, and then only
 * followed to the same host. Rejects with an `Error` whose `code` says why there is no answer (docs/concepts/filter-calls.md).
 */
export type MeshFetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>

/** What `fetch` and `dispatcher` of an environment are. */
export interface CallEnv {
  readonly fetch: MeshFetch
  readonly dispatcher: Dispatcher
}

/** Why a call has no answer. */
export type CallErrorCode =
  /** The configuration has no such Service, or the Service no such port. */
  | 'ENOSERVICE'
  /** Nothing of the Service is ready. */
  | 'ENOENDPOINT'
  /** A limit of the Service, or of how many calls a filter may have under way. */
  | 'EOVERFLOW'
  /** A connection could not be made, or not to whom it should be. */
  | 'ECONNREFUSED'
  /** It was lost after the request was begun. */
  | 'ECONNRESET'
  | 'ETIMEDOUT'
  /** What came is no HTTP. */
  | 'EPROTOCOL'
  /** The answer, or what was to be sent, is larger than it may be. */
  | 'ETOOLARGE'
  /** A Service of another namespace that does not let it, a host outside of the mesh that the operator does not allow, or a redirect to another host. */
  | 'ENOTALLOWED'
  /** The call was made for a call that was made for a call …. */
  | 'ELOOP'
  /** It is not a request that can be sent. */
  | 'EINVAL'
  /** The filter is closed, or not in force yet. */
  | 'ECLOSED'

/** A call that has no answer. */
export class CallError extends Error {
  readonly code: CallErrorCode

  constructor(code: CallErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.name = 'CallError'
    this.code = code
  }
}
