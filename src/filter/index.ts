/**
 * The contract of a filter: all that an author needs, and nothing of the proxy around it.
 * No concrete filter may ever enter this room. Source: docs/filters.md.
 */
import type { HeaderList } from '../http/header-list.ts'
import type { Schema } from '../lib/schema.ts'
import type { Destination, ExchangeRecord, Source } from './record.ts'
import type { VerifiedToken } from './verified-token.ts'

export type { HeaderList } from '../http/header-list.ts'
/** What no change of a request's headers may do: to its only host, and to those that say who the client is. */
export { refuseRequestChanges } from './request-changes.ts'
export type { JsonSchema, Schema } from '../lib/schema.ts'
/** Builders for a filter's configuration: `schema.object({ header: schema.string() })`; its type is `schema.ValueOf<typeof config>`. */
export * as schema from '../lib/schema.ts'
export type { Decoded, Issue } from '../lib/decoded.ts'
export type { Destination, ExchangeRecord, Source } from './record.ts'
/** The texts of a claim: `claimValues(token, ['groups'])`. */
export { claimValues } from './verified-token.ts'
export type { VerifiedToken } from './verified-token.ts'

/** Stages run in this order; inside one, the order of the configuration holds. Responses pass in reverse. */
export const stages = ['preflight', 'identify', 'admit', 'shape', 'select'] as const

export type Stage = (typeof stages)[number]

/** The request as a filter sees and changes it; what the filter before left is what the next one gets. */
export interface RequestView {
  readonly method: string
  /** `http` inside a tunnel. */
  readonly scheme: string
  /** Host and port as the client wrote them; setting it changes `host` towards the backend. */
  authority: string
  /** The normalised path without the query; begins with `/` (`*` for OPTIONS *). */
  path: string
  /** The query with its `?`, or the empty string. */
  query: string
  readonly headers: HeaderList
  /** The protocols that the backend is asked to switch to (`websocket`), with `, ` between; absent: to none. */
  readonly upgrade?: string | undefined
  /** What a RequestAuthentication has verified; absent without a token, or without such a policy. Filters may rely on it. */
  token?: VerifiedToken | undefined
}

/** The response head as a filter sees and changes it. */
export interface ResponseView {
  status: number
  readonly headers: HeaderList
}

/** One request and its response on their way through the chain. */
export interface Exchange {
  /** The same object in all hooks, so that a filter can remember by it what it found. */
  readonly request: RequestView
  /** There from `onResponse` on. */
  readonly response: ResponseView | undefined
  readonly source: Source
  /** The Service that the client called. */
  readonly destination: Destination
  /** The route rule that matched; `undefined` in the service-scoped half of the chain and on pass-through. */
  readonly match: { readonly route: string; readonly rule: string; readonly prefix: string | undefined } | undefined
}

/** An answer that ends the chain: nothing is forwarded. */
export interface Reply {
  readonly kind: 'reply'
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Why, for log, metrics and explain: `direct_response`, `rate_limited`, … */
  readonly reason: string
}

/** Nothing: go on. A `Reply`: stop here and answer. A promise makes only this exchange wait. */
export type HookResult = void | Reply | Promise<void | Reply>

/** A filter at work: one instance per configuration, shared by all exchanges. */
export interface Filter {
  readonly onRequest?: (exchange: Exchange) => HookResult
  readonly onResponse?: (exchange: Exchange) => HookResult
  /** Called once when the exchange is over, whatever its outcome; must not wait. */
  readonly onComplete?: (record: ExchangeRecord) => void
  /** Called when the last configuration that used the instance is gone. */
  readonly close?: () => void
}

/** Everything that a filter may use beside its configuration; nothing is global, so that all of it can be faked. */
export interface FilterEnv {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A number from 0 (included) to 1 (excluded). */
  readonly random: () => number
  readonly reply: (status: number, options?: ReplyOptions) => Reply
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void
  /** Aborted when the filter is closed. */
  readonly signal: AbortSignal
}

export interface ReplyOptions {
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
  readonly reason?: string
}

/** A kind of filter: how its configuration reads, where in the chain it stands, and how one is made. */
export interface FilterDefinition<Config = unknown> {
  /** The kind in YAML and the label in metrics: `URLRewrite`. */
  readonly kind: string
  readonly stage: Stage
  readonly config: Schema<Config>
  /**
   * Called once per configuration with what `config` decoded. A method, not a property: so that definitions of
   * different configurations fit into one list; safe because only this definition's own schema feeds it.
   */
  create(config: Config, env: FilterEnv): Filter
}
