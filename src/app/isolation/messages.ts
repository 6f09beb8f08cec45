/**
 * What goes between a data plane and the thread of an isolated filter. Both ends are this very program; everything is
 * plain data, and no exchange is ever shared.
 */
import type { Destination, ExchangeRecord, Source } from '../../filter/record.ts'
import type { Exchange, FilterCommand } from '../../filter/index.ts'
import type { VerifiedToken } from '../../filter/verified-token.ts'
import type { FilterModule, FilterSpec } from '../../model/filter-spec.ts'
import type { FromThread as EnvWish, ToThread as EnvAnswer } from '../../proxy/filter-calls/remote/messages.ts'

/** What the thread begins with. */
export interface ThreadData {
  readonly spec: FilterSpec
  readonly module: FilterModule
  /** `HookSlots` of the thread alone: 1 while a hook runs. */
  readonly cells: Int32Array
  /** What its buffers may come to. */
  readonly externalBytes: number
}

export interface RequestData {
  readonly method: string
  readonly scheme: string
  readonly upgrade: string | undefined
  readonly authority: string
  readonly path: string
  readonly query: string
  readonly hasBody: boolean | undefined
  readonly token: VerifiedToken | undefined
  readonly fields: readonly string[]
}

export interface ResponseData {
  readonly status: number
  readonly fields: readonly string[]
}

/** An exchange as it is when a hook is called. */
export interface ExchangeData {
  /** The same number for all hooks of one exchange. */
  readonly exchange: number
  readonly request: RequestData
  readonly response: ResponseData | undefined
  readonly source: Source
  readonly destination: Destination
  readonly match: Exchange['match']
}

export type ExchangeHookName = 'onRequest' | 'onResponse'
export type TransformName = 'transformRequest' | 'transformResponse'
export type TrailerHookName = 'onRequestTrailers' | 'onResponseTrailers'

/** To the thread; those with an `id` are answered. */
export type ToThread =
  | { readonly kind: 'hook'; readonly id: number; readonly name: ExchangeHookName; readonly data: ExchangeData }
  | {
      readonly kind: 'piece'
      readonly id: number
      readonly name: TransformName
      /** The first piece brings the exchange; what follows is known by its number. */
      readonly data: ExchangeData | number
      readonly bytes: Uint8Array
      readonly isLast: boolean
    }
  | {
      readonly kind: 'trailers'
      readonly id: number
      readonly name: TrailerHookName
      readonly data: ExchangeData
      readonly fields: readonly string[]
    }
  | {
      readonly kind: 'tunnel'
      readonly id: number
      readonly source: Source
      readonly destination: Destination
      readonly sni: string | undefined
    }
  | { readonly kind: 'command'; readonly id: number; readonly command: FilterCommand }
  | { readonly kind: 'complete'; readonly record: ExchangeRecord; readonly data: ExchangeData }
  /** The exchange is over. */
  | { readonly kind: 'forget'; readonly exchange: number }
  | { readonly kind: 'close' }
  | { readonly kind: 'env'; readonly message: EnvAnswer }

/** What a hook changed; absent: nothing. */
export interface ExchangeChanges {
  readonly request?: Pick<RequestData, 'authority' | 'path' | 'query' | 'token' | 'fields'>
  readonly response?: ResponseData
  readonly trailers?: readonly string[]
}

export type FromThread =
  /** Its filter is made, or cannot be: from here on it is the filter that is waited for. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done'
      readonly id: number
      /** A reply, a piece of a body, or nothing; of a command anything. */
      readonly result: unknown
      readonly changes: ExchangeChanges | undefined
    }
  | { readonly kind: 'failed'; readonly id: number | undefined; readonly fault: ThreadFault }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }
  | { readonly kind: 'env'; readonly message: EnvWish }
  /** It has more outside of its heap than it may. */
  | { readonly kind: 'full' }

export interface ThreadFault {
  readonly kind: 'throw' | 'reject' | 'invalid'
  readonly message: string
  readonly location: string | undefined
}
