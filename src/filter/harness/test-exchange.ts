/** The exchange that a test describes. Part of `fairway/filter/testing`; how chains are run is no business of this file. */
import { HeaderList } from '../../http/header-list.ts'
import type { Destination, Exchange, Reply, ResponseView, Source } from '../index.ts'
import type { ExchangeRecord } from '../record.ts'
import { readClaims } from '../verified-token.ts'

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/** A body in one piece, or in those that it shall come in. */
export type TestBody = string | Uint8Array | readonly (string | Uint8Array)[]

/** What a test says about its request; all else is a plain `GET http://api.shop/` from nobody in particular. */
export interface ExchangeOptions {
  readonly method?: string
  readonly scheme?: string
  readonly authority?: string
  readonly path?: string
  readonly query?: string
  readonly headers?: HeaderPairs
  readonly source?: Partial<Source>
  readonly destination?: Partial<Destination>
  /** A token that counts as verified; `iss` and `sub` are its principal. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly match?: Exchange['match']
  /** Default: none. */
  readonly body?: TestBody
  readonly trailers?: HeaderPairs
}

/** What the backend answers; default 200 without headers and body. */
export interface ResponseOptions {
  readonly status?: number
  readonly headers?: HeaderPairs
  readonly body?: TestBody
  readonly trailers?: HeaderPairs
}

/** An exchange with what follows the head of its request. */
export interface TestExchange extends Exchange {
  response: ResponseView | undefined
  readonly body?: TestBody | undefined
  readonly trailers?: HeaderPairs | undefined
}

/** An exchange whose response is not there yet. */
export const createExchange = (options: ExchangeOptions = {}): TestExchange => ({
  request: {
    method: options.method ?? 'GET',
    scheme: options.scheme ?? 'http',
    authority: options.authority ?? 'api.shop',
    path: options.path ?? '/',
    query: options.query ?? '',
    hasBody: options.body !== undefined,
    headers: createHeaders(options.headers),
    token: options.claims === undefined ? undefined : readClaims(options.claims),
  },
  response: undefined,
  source: { ...unknownSource, ...options.source },
  destination: {
    namespace: 'shop',
    name: 'api',
    hostname: 'api.shop.svc.cluster.local',
    port: 80,
    ...options.destination,
  },
  match: options.match,
  body: options.body,
  trailers: options.trailers,
})

/** The record of a run, for `onComplete`. */
export const createRecord = (
  exchange: Exchange,
  outcome: { readonly kind: string; readonly response: ResponseView; readonly reply: Reply | undefined },
): ExchangeRecord => ({
  source: exchange.source,
  destination: exchange.destination,
  startedAtMs: 0,
  startedAtEpochMs: 0,
  durationMs: 0,
  upstreamMs: outcome.kind === 'forwarded' ? 0 : -1,
  protocol: 'http',
  httpVersion: 'HTTP/1.1',
  method: exchange.request.method,
  path: exchange.request.path + exchange.request.query,
  authority: exchange.request.authority,
  requestId: exchange.request.headers.get('x-request-id'),
  userAgent: exchange.request.headers.get('user-agent'),
  forwardedFor: exchange.request.headers.get('x-forwarded-for'),
  upgrade: undefined,
  status: outcome.response.status,
  grpcStatus: '',
  messages: undefined,
  flags: '-',
  details: outcome.reply?.reason ?? 'via_upstream',
  upstreamFailure: '',
  requestBytes: 0,
  responseBytes: 0,
  route: exchange.match?.route,
  rule: exchange.match?.rule,
  endpoint: undefined,
  backend: undefined,
  attempts: outcome.kind === 'forwarded' ? 1 : 0,
  tries: [],
  generation: 1,
})

/** Headers as a test writes them. */
export const createHeaders = (pairs: HeaderPairs = []): HeaderList => {
  const headers = new HeaderList()
  for (const [name, value] of pairs) headers.add(name, value)
  return headers
}

/** A body in the pieces that it comes in. */
export const piecesOf = (body: TestBody): readonly Buffer[] => {
  const pieces = typeof body === 'string' || body instanceof Uint8Array ? [body] : body
  return pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece)))
}

const unknownSource: Source = {
  principal: undefined,
  namespace: undefined,
  serviceAccount: undefined,
  address: '192.0.2.1',
  workload: undefined,
  canonicalName: undefined,
  canonicalRevision: undefined,
  app: undefined,
  version: undefined,
  cluster: undefined,
}
