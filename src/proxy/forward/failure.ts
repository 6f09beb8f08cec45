import type { LimitName } from '../balance/limits/service-load.ts'

/** Why there is no response, or no whole one. */
export type ForwardFailure =
  | { readonly kind: 'no-endpoint' }
  /** A limit of the Service port is in the way. */
  | { readonly kind: 'overflow'; readonly limit: LimitName }
  /** Something that a filter wrote may not go out. */
  | { readonly kind: 'unwritable'; readonly message: string }
  /** A bug of ours. */
  | { readonly kind: 'fault'; readonly error: unknown }
  | { readonly kind: LossKind; readonly message: string }

/** How a try was lost. */
export type LossKind =
  /** Nothing was sent: no connection, or not to the right identity. */
  | 'connect-failed'
  /** The endpoint says that it did not look at the request. */
  | 'refused'
  /** The connection was lost after the request was begun. */
  | 'reset'
  /** The endpoint had the request and took too long. */
  | 'timeout'
  /** What came is no HTTP/1.1. */
  | 'protocol'
