/**
 * A test harness for authors of filters: an exchange, an environment with a clock that stands still and seeded chance,
 * and a run of one filter or of a whole chain, without a proxy. Package export `fairway/filter/testing`.
 */
import { HeaderList } from '../http/header-list.ts'
import type { Chain } from './chain.ts'
import { composeChain } from './chain.ts'
import { createFakeLent, type FakeLent, type FakeLentOptions } from './env/fake-lent.ts'
import type {
  Destination,
  Exchange,
  FilterDefinition,
  FilterEnv,
  Reply,
  RequestView,
  ResponseView,
  Source,
} from './index.ts'
import type { ExchangeRecord } from './record.ts'
import { createReply } from './reply.ts'
import { readClaims } from './verified-token.ts'

/** Makes the chain that `runChain` runs: filters with their stages, in running order. */
export { composeChain } from './chain.ts'

type HeaderPairs = readonly (readonly [name: string, value: string])[]

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
}

/** What the backend answers; default 200 without headers. */
export interface ResponseOptions {
  readonly status?: number
  readonly headers?: HeaderPairs
}

/** How a run ended: with the response that the client gets, and the request as it was when the chain was through. */
export interface Outcome {
  /** `forwarded`: the backend answered; `replied`: a filter did. */
  readonly kind: 'forwarded' | 'replied'
  readonly request: RequestView
  readonly response: ResponseView
  readonly reply: Reply | undefined
}

/** An environment whose time and chance the test decides, and who answers its calls. */
export interface FakeEnv extends FilterEnv, Pick<FakeLent, 'counted' | 'observed'> {
  readonly advance: (ms: number) => void
  /** What `log` was given: `warn: …`. */
  readonly logged: readonly string[]
  /** Aborts `signal`. */
  readonly abort: () => void
}

/** What a test may say about an environment. */
export interface FakeEnvOptions extends FakeLentOptions {
  readonly nowMs?: number
  readonly seed?: number
}

/**
 * An environment at `nowMs` (default 0) with chance from `seed` (default 1): the same seed gives the same numbers. Calls of
 * `env.fetch` and `env.dispatcher` are answered by `fetch`.
 */
export const createFakeEnv = (options: FakeEnvOptions = {}): FakeEnv => {
  let nowMs = options.nowMs ?? 0
  const logged: string[] = []
  const controller = new AbortController()
  const lent = createFakeLent(options, controller.signal)
  return {
    ...lent,
    // Read when it is needed: it loads undici.
    get dispatcher() {
      return lent.makeDispatcher()
    },
    now: () => nowMs,
    random: createSeededRandom(options.seed ?? 1),
    reply: createReply,
    log: (level, message) => void logged.push(`${level}: ${message}`),
    signal: controller.signal,
    advance: (ms) => void (nowMs += ms),
    logged,
    abort: () => controller.abort(),
  }
}

/** Numbers from 0 (included) to 1 (excluded) that depend on the seed alone (a 32-bit mixing counter; not for secrets). */
export const createSeededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

/** An exchange whose response is not there yet. */
export const createExchange = (options: ExchangeOptions = {}): Exchange => ({
  request: {
    method: options.method ?? 'GET',
    scheme: options.scheme ?? 'http',
    authority: options.authority ?? 'api.shop',
    path: options.path ?? '/',
    query: options.query ?? '',
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
})

/** Makes one filter from its configuration as written in YAML, and runs it; a bad configuration throws its issues. */
export const runFilter = async <Config>(
  definition: FilterDefinition<Config>,
  config: unknown,
  run: { readonly exchange?: ExchangeOptions; readonly response?: ResponseOptions; readonly env?: FilterEnv } = {},
): Promise<Outcome> => {
  const decoded = definition.config.decode(config, definition.kind)
  if (!decoded.ok) throw new Error(`bad configuration: ${JSON.stringify(decoded.issues)}`)
  const filter = definition.create(decoded.value, run.env ?? createFakeEnv())
  const chain = composeChain([{ stage: definition.stage, filter }])
  return runChain(chain, createExchange(run.exchange), run.response)
}

/**
 * Runs a chain as the proxy does: request hooks until one replies, then the backend's answer or that reply through the
 * response hooks; a reply of theirs is the last word.
 */
export const runChain = async (chain: Chain, exchange: Exchange, backend: ResponseOptions = {}): Promise<Outcome> => {
  const reply = await firstReply(chain.onRequest, exchange)
  const from = reply ?? { status: backend.status ?? 200, headers: backend.headers }
  const response = { status: from.status, headers: createHeaders(from.headers) }
  const replacement = await firstReply(chain.onResponse, { ...exchange, response })
  if (replacement !== undefined) return finish(chain, exchange, replied(exchange, replacement))
  if (reply !== undefined)
    return finish(chain, exchange, { kind: 'replied', request: exchange.request, response, reply })
  return finish(chain, exchange, { kind: 'forwarded', request: exchange.request, response, reply: undefined })
}

const firstReply = async (hooks: Chain['onRequest'], exchange: Exchange): Promise<Reply | undefined> => {
  for (const hook of hooks) {
    const reply = (await hook(exchange)) ?? undefined
    if (reply !== undefined) return reply
  }
  return undefined
}

const replied = (exchange: Exchange, reply: Reply): Outcome => {
  const response = { status: reply.status, headers: createHeaders(reply.headers) }
  return { kind: 'replied', request: exchange.request, response, reply }
}

const finish = (chain: Chain, exchange: Exchange, outcome: Outcome): Outcome => {
  const record = createRecord(exchange, outcome)
  for (const hook of chain.onComplete) hook(record, exchange)
  return outcome
}

const createRecord = (exchange: Exchange, outcome: Outcome): ExchangeRecord => ({
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

const createHeaders = (pairs: HeaderPairs = []): HeaderList => {
  const headers = new HeaderList()
  for (const [name, value] of pairs) headers.add(name, value)
  return headers
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
