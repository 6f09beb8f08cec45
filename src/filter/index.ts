/**
 * The contract of a filter: all that an author needs, and nothing of the proxy around it.
 * No concrete filter may ever enter this room. Source: docs/filters.md.
 */
import type { HeaderList } from '../http/header-list.ts'
import type { CallEnv } from './env/calls.ts'
import type { MakeCounter, MakeHistogram } from './env/metrics.ts'
import type { JoinSiblings } from './env/siblings.ts'
import type { Schema } from '../lib/schema.ts'
import type { Destination, ExchangeRecord, Source } from './record.ts'
import type { Served, Serving } from './serve/serving.ts'
import type { VerifiedToken } from './verified-token.ts'

export { CallError } from './env/calls.ts'
export type { CallErrorCode, FetchInit, MeshFetch } from './env/calls.ts'
export type { Counter, Histogram, HistogramOptions, LabelValues, MetricOptions } from './env/metrics.ts'
export type { JoinSiblings, Siblings, SiblingUser } from './env/siblings.ts'
export type { HeaderList } from '../http/header-list.ts'
/** Cookies of requests, read as everywhere: `findCookie(headers, 'session', (value) => value)`. */
export { findCookie, removeCookie } from '../http/cookies.ts'
/** Texts of others as values of headers: `encodeFieldText(token.subject)`. */
export { encodeFieldText } from '../lib/headers/encode-field-text.ts'
/** What no change of a request's headers may do: to its only host, and to those that say who the client is. */
export { refuseRequestChanges } from './request-changes.ts'
export type { JsonSchema, Schema } from '../lib/schema.ts'
/** Builders for a filter's configuration: `schema.object({ header: schema.string() })`; its type is `schema.ValueOf<typeof config>`. */
export * as schema from '../lib/schema.ts'
/** Schemas of durations (`10s`, `1m30s`), which decode to milliseconds. */
export { durationWithDefault, positiveDuration } from '../lib/schemas/positive-duration.ts'
export type { DurationRange } from '../lib/schemas/positive-duration.ts'
export type { Decoded, Issue } from '../lib/decoded.ts'
export type { Destination, ExchangeRecord, Source } from './record.ts'
export type { Served, Serving } from './serve/serving.ts'
/** Addresses and ranges of them, IPv4 and IPv6; an IPv4 address in IPv6's clothes is IPv4. */
export { isInCidr, parseCidr, parseIp } from '../lib/addresses/cidr.ts'
export type { Cidr, IpGroups } from '../lib/addresses/cidr.ts'
/** The texts of a claim: `claimValues(token, ['groups'])`. */
export { claimValues } from './verified-token.ts'
export type { VerifiedToken } from './verified-token.ts'

/** Stages run in this order; inside one, the order of the configuration holds. Responses pass in reverse. */
export const stages = ['preflight', 'identify', 'admit', 'shape', 'select'] as const

/** When a filter's turn comes: one of `stages`. */
export type Stage = (typeof stages)[number]

/** Whether filters of a stage are there to say who may call. */
export const isDeciding = (stage: Stage): boolean => stage !== 'shape' && stage !== 'select'

/** The request as a filter sees and changes it; what the filter before left is what the next one gets. */
export interface RequestView {
  readonly method: string
  /** As the client asked, by its own account (`:scheme`, an absolute target, `x-forwarded-proto`): `http` or `https`. */
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
  /** A body follows, or may: its head says so. */
  readonly hasBody?: boolean | undefined
  /** What a RequestAuthentication has verified; absent without a token, or without such a policy. Filters may rely on it. */
  token?: VerifiedToken | undefined
}

/** The response head as a filter sees and changes it. */
export interface ResponseView {
  status: number
  readonly headers: HeaderList
}

/** The rule that a request matched. */
export interface RuleMatch {
  /** `HTTPRoute/NS/NAME` */
  readonly route: string
  /** Its name, else its index as text. */
  readonly rule: string
  /** The path prefix by which it matched, if it did by one. */
  readonly prefix: string | undefined
  /** A backend of it has filters of its own that may refuse a request; they come after those of the rule. */
  readonly isGuarded?: boolean
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
  readonly match: RuleMatch | undefined
}

/** An answer that ends the chain: nothing is forwarded. */
export interface Reply {
  readonly kind: 'reply'
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: ReplyBody
  /** How many bytes a body that comes piece by piece has, where that is known; else it goes out without a length. */
  readonly length?: number
  /** Why, for log, metrics and explain: `direct_response`, `rate_limited`, … */
  readonly reason: string
  /** Envoy's short flag of what happened, where it has one: `RL`, `FI`, … */
  readonly flags?: string
  /** What a gRPC client is told, where the HTTP status alone would say something else. */
  readonly grpcStatus?: number
  /** The client gets none of this: its stream (HTTP/2) or connection (HTTP/1.1) is reset, and no other filter is asked. */
  readonly isReset?: true
}

/** Nothing: go on. A `Reply`: stop here and answer. A promise makes only this exchange wait. */
export type HookResult = void | Reply | Promise<void | Reply>

/**
 * How a body is wanted: `stream` is piece by piece, as it comes; `buffer` is the whole of it, before anything goes on;
 * `watch` is as `stream`, and leaves it and its length as they are.
 */
export type BodyMode = 'stream' | 'buffer' | 'watch'

/** Which bodies a filter looks at; without a mode none is shown to it. */
export interface BodyUse {
  readonly request?: BodyMode
  readonly response?: BodyMode
  /** How much of a body is kept for `buffer`: a longer request is refused with 413, a longer response with 502. Default 1 MiB. */
  readonly limitBytes?: number
}

/**
 * What comes of a piece of a body. Nothing: it goes on as it is. Bytes, or text (UTF-8): they go on in its place, an empty
 * one for nothing at all. A `Reply`: the exchange is answered with it, which is possible as long as no part of a response
 * is out. A promise: what follows of this body waits, and its sender with it.
 */
export type BodyResult = BodyPiece | Reply | void | Promise<BodyPiece | Reply | void>

/** Bytes, or text as UTF-8. */
export type BodyPiece = Uint8Array | string

/**
 * The body of a reply: whole, or piece by piece (a `ReadableStream`, an async generator, …), of which the next one is asked
 * for when the client has taken the one before. Bytes must stay as they are until the exchange is over.
 */
export type ReplyBody = BodyPiece | AsyncIterable<BodyPiece>

/**
 * Changes one body. With `stream` it is called for each piece as it comes, cut anywhere, and a last time with `isLast`,
 * mostly without bytes; with `buffer` once, with all of it. What it has to remember is its own. With `watch` it returns
 * nothing, or a promise of that, and `isLast` says that all of it has come: it never is for a body that broke off.
 */
export type BodyTransform = (bytes: Buffer, isLast: boolean) => BodyResult

/** A TCP or TLS connection that begins, whose bytes are passed on as they are. */
export interface Tunnel {
  readonly source: Source
  /** The Service that the client called. */
  readonly destination: Destination
  /** The server that its TLS asks for, where that was looked for: on ports of unknown protocol, and with TLSRoutes. */
  readonly sni: string | undefined
}

/** What an operator asks of a filter: `POST /filters/command?kind=KIND&command=NAME`, and the parameters that are left. */
export interface FilterCommand {
  readonly command: string
  readonly parameters: Readonly<Record<string, string>>
}

/** A filter at work: one instance per configuration, shared by all exchanges. */
export interface Filter {
  readonly onRequest?: (exchange: Exchange) => HookResult
  readonly onResponse?: (exchange: Exchange) => HookResult
  /**
   * What changes the request's body, where the definition has `body.request`; nothing: this one is left alone. Asked once,
   * when all request hooks have let it pass; never for a request without a body.
   */
  readonly transformRequest?: (exchange: Exchange) => BodyTransform | void
  /**
   * The same for the response of a backend, or the reply of a filter, with `body.response`, when all response hooks have let
   * it pass. With `buffer` the head waits for the body, and may still be changed by the transform. Bodies of no bytes are
   * shown to those that `watch`.
   */
  readonly transformResponse?: (exchange: Exchange) => BodyTransform | void
  /** Called at the end of a request with a body, whose trailers it may change; empty when there are none. */
  readonly onRequestTrailers?: (trailers: HeaderList, exchange: Exchange) => void | Promise<void>
  /** The same for a backend's response; it is there that gRPC has its status. */
  readonly onResponseTrailers?: (trailers: HeaderList, exchange: Exchange) => void | Promise<void>
  /**
   * Answers the request itself, body and all, when the hooks of its part of the chain have let it pass: of the Service
   * before a route is looked for, of a rule before a backend is. Nothing: it goes on. What an App does; it is not for filters in threads of their own.
   */
  readonly serve?: (exchange: Exchange, serving: Serving) => Served | void
  /**
   * Asked about a connection that is no HTTP, before it is carried. Nothing: it may be. A `Reply`: it is refused, for the
   * reply's reason; its status and body go nowhere.
   */
  readonly onTunnel?: (tunnel: Tunnel) => HookResult
  /**
   * Called once when the exchange is over, whatever its outcome, also where `onRequest` was not: a filter before it has
   * replied, say. `exchange.request` is the object that the other hooks got. Must not wait.
   */
  readonly onComplete?: (record: ExchangeRecord, exchange: Exchange) => void
  /**
   * Called when an operator asks something of it by the admin API; the result, or what its promise comes to, is shown as
   * JSON, and what it throws as the reason why it was not done.
   */
  readonly onCommand?: (command: FilterCommand) => unknown
  /** Called when the last configuration that used the instance is gone. */
  readonly close?: () => void
}

/** What is asked for with a request that a filter has sent on; all of it optional. */
export interface ForwardOptions {
  /** Changes the copy before it is sent. */
  readonly change?: (request: RequestView) => void
  /** From the call to the last byte of the answer, in milliseconds: at most 60,000. Default 15,000. */
  readonly timeoutMs?: number
}

/**
 * What came back: an endpoint's answer behind the response hooks and body transforms of the filters there, or what the
 * client would have been told in place of one. It is the filter's own.
 */
export interface ForwardedAnswer {
  readonly status: number
  readonly headers: HeaderList
  /** Bytes of the body; `undefined` where the head does not say. */
  readonly length: number | undefined
  /**
   * The body, to be read once, as a reply's may be; what is not read holds up its sender. It throws a `CallError` when it
   * breaks off. One that is not wanted is left: `for await` does so by `break`.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** `via_upstream` for an endpoint's answer; else why there is none, as in the access log. */
  readonly details: string
  /** As in the access log: `-`, `UF`, … */
  readonly flags: string
}

/**
 * Sends a copy of a request on; rejects with a `CallError` when it cannot be: `EINVAL` for one with a body, `ECLOSED` when
 * the exchange or the filter is over, `EOVERFLOW` with 1,000 of them under way, `ETIMEDOUT` without an answer.
 */
export type ForwardRest = (exchange: Exchange, options?: ForwardOptions) => Promise<ForwardedAnswer>

/** Everything that a filter may use beside its configuration; nothing is global, so that all of it can be faked. */
export interface FilterEnv {
  /**
   * Which configuration made this instance, and where it acts: `RateLimit shop/api at Service shop/api`. The same in
   * all processes and replicas of the waypoint.
   */
  readonly origin: string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A number from 0 (included) to 1 (excluded). */
  readonly random: () => number
  /** Calls `run` once after so many milliseconds, and never before; the result cancels it. */
  readonly after: (delayMs: number, run: () => void) => () => void
  readonly reply: (status: number, options?: ReplyOptions) => Reply
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void
  /** Aborted when the filter is closed. */
  readonly signal: AbortSignal
  /** Calls a Service of the mesh, with the waypoint's identity; see `MeshFetch`. */
  readonly fetch: CallEnv['fetch']
  /**
   * The same for undici: `env.dispatcher.request({ origin: 'http://auth.shop:8080', path: '/check', method: 'GET' })`, or
   * `dispatcher: env.dispatcher` for whatever takes one. undici is loaded when this is first read.
   */
  readonly dispatcher: CallEnv['dispatcher']
  /**
   * Sends a copy of an exchange's request on, with what is left of the route behind this filter: the filters there, the
   * choice of a backend, its limits and retries. The client sees nothing of it; see `ForwardedAnswer`. Not for requests
   * with a body, nor for what switches protocols.
   */
  readonly forward: ForwardRest
  /**
   * Whether the operator lets filters reach a host outside of the mesh (`--filter-egress`). To be asked by what opens
   * connections of its own, such as to Redis; calls ask by themselves. In a thread of its own a filter is told no.
   */
  readonly allowsEgress: (hostname: string, port: number) => Promise<boolean>
  /**
   * A counter `fairway_filter_NAME{filter="NAMESPACE/NAME"}`, whose name should end in `_total`; the same name again is the
   * same counter. It counts on when another version of the filter takes over. Call it in `create`.
   */
  readonly counter: MakeCounter
  /** A histogram `fairway_filter_NAME{filter="NAMESPACE/NAME"}`; without `buckets` those for seconds from 1 ms to 10 s. */
  readonly histogram: MakeHistogram
  /**
   * Ties this instance to those of the same configuration in the other workers of its replica, for what they count or keep
   * together; once. `undefined` where there are none: with one worker, in a thread of its own, and while it is only tried.
   */
  readonly joinSiblings?: JoinSiblings | undefined
}

/** What a reply has beside its status; default no headers, no body, reason `direct_response`, no flags. */
export interface ReplyOptions {
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: ReplyBody
  /** See `Reply.length`. */
  readonly length?: number
  readonly reason?: string
  readonly flags?: string
  /** Of gRPC, from 1 to 16; see `Reply.grpcStatus`. */
  readonly grpcStatus?: number
  /** See `Reply.isReset`. */
  readonly isReset?: true
}

/** A kind of filter: how its configuration reads, where in the chain it stands, and how one is made. */
export interface FilterDefinition<Config = unknown> {
  /** The kind in YAML and the label in metrics: `URLRewrite`. */
  readonly kind: string
  readonly stage: Stage
  readonly config: Schema<Config>
  /** Which bodies it looks at; absent: none. */
  readonly body?: BodyUse | undefined
  /** What holds for a filter that fails, unless its object says otherwise; default `closed`. */
  readonly failureMode?: 'open' | 'closed'
  /**
   * Called once per configuration with what `config` decoded. A method, not a property: so that definitions of
   * different configurations fit into one list; safe because only this definition's own schema feeds it.
   */
  create(config: Config, env: FilterEnv): Filter
  /** Tries a filter that was just made, before any version of it is put in force: one that throws or rejects never is. */
  warmUp?(filter: Filter, env: FilterEnv): void | Promise<void>
}
