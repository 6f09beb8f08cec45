/**
 * A test harness for authors of filters: an exchange, an environment with a clock that stands still and seeded chance,
 * and a run of one filter or of a whole chain, without a proxy. Package export `fairway/filter/testing`.
 */
import { HeaderList } from '../http/header-list.ts'
import { findUndeclared } from './body/find-undeclared.ts'
import type { Chain } from './chain.ts'
import { composeChain } from './chain.ts'
import { createFakeLent, type FakeLent, type FakeLentOptions } from './env/fake-lent.ts'
import { createFakeTime } from './harness/fake-time.ts'
import { runBody, type PassedBody } from './harness/run-body.ts'
import { createExchange, createHeaders, createRecord } from './harness/test-exchange.ts'
import type { ExchangeOptions, ResponseOptions, TestExchange } from './harness/test-exchange.ts'
import { HookRun, type ExchangeHook } from './hook-run.ts'
import type { Exchange, FilterDefinition, FilterEnv, Reply, RequestView, ResponseView, Tunnel } from './index.ts'
import { createReply } from './reply.ts'
import { collectReply } from './collect-reply.ts'

/** Makes the chain that `runChain` runs: filters with their stages, in running order. */
export { composeChain } from './chain.ts'
export { createFakeSiblings } from './harness/fake-siblings.ts'
export { createExchange } from './harness/test-exchange.ts'
export type { ExchangeOptions, ResponseOptions, TestBody, TestExchange } from './harness/test-exchange.ts'

/** How a run ended: with the response that the client gets, and the request as it was when the chain was through. */
export interface Outcome {
  /** `forwarded`: the backend answered; `replied`: a filter did. */
  readonly kind: 'forwarded' | 'replied'
  readonly request: RequestView
  readonly response: ResponseView
  readonly reply: Reply | undefined
  /** What the backend got; empty when it got nothing. */
  readonly requestBody: Buffer
  readonly requestTrailers: HeaderList
  /** What the client got. */
  readonly responseBody: Buffer
  readonly responseTrailers: HeaderList
}

/** What became of a connection: `reason` is what a filter refused it for. */
export type TunnelOutcome = { readonly kind: 'carried' } | { readonly kind: 'refused'; readonly reason: string }

/** An environment whose time and chance the test decides, and who answers its calls. */
export interface FakeEnv extends FilterEnv, Pick<FakeLent, 'counted' | 'observed'> {
  /** Lets time pass, and calls what `after` has been given for it. */
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
  const time = createFakeTime(options.nowMs ?? 0)
  const logged: string[] = []
  const controller = new AbortController()
  const lent = createFakeLent(options, controller.signal)
  return {
    ...lent,
    // Read when it is needed: it loads undici.
    get dispatcher() {
      return lent.makeDispatcher()
    },
    now: time.now,
    after: time.after,
    random: createSeededRandom(options.seed ?? 1),
    origin: 'test',
    reply: createReply,
    log: (level, message) => void logged.push(`${level}: ${message}`),
    signal: controller.signal,
    advance: time.advance,
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

/** Makes one filter from its configuration as written in YAML, and runs it; a bad configuration throws its issues. */
export const runFilter = async <Config>(
  definition: FilterDefinition<Config>,
  config: unknown,
  run: { readonly exchange?: ExchangeOptions; readonly response?: ResponseOptions; readonly env?: FilterEnv } = {},
): Promise<Outcome> => runChain(chainOf(definition, config, run.env), createExchange(run.exchange), run.response)

/** The same for a connection that is no HTTP; default: from nobody in particular to `api.shop`, without a server name. */
export const runTunnel = async <Config>(
  definition: FilterDefinition<Config>,
  config: unknown,
  run: { readonly tunnel?: Partial<Tunnel>; readonly env?: FilterEnv } = {},
): Promise<TunnelOutcome> => {
  const { onTunnel } = chainOf(definition, config, run.env)
  const { source, destination } = createExchange()
  const reply = await runHooks(onTunnel, { source, destination, sni: undefined, ...run.tunnel })
  return reply === undefined ? { kind: 'carried' } : { kind: 'refused', reason: reply.reason }
}

const chainOf = <Config>(
  definition: FilterDefinition<Config>,
  config: unknown,
  env = createFakeEnv() as FilterEnv,
): Chain => {
  const { stage, kind, body } = definition
  const decoded = definition.config.decode(config, kind)
  if (!decoded.ok) throw new Error(`bad configuration: ${JSON.stringify(decoded.issues)}`)
  const filter = definition.create(decoded.value, env)
  const undeclared = findUndeclared(filter, body)
  if (undeclared !== undefined) throw new Error(undeclared)
  return composeChain([{ stage, kind, body, filter }])
}

/**
 * Runs a chain on the proxy's own engine: request hooks until one replies, then the body through those that look at it;
 * the backend's answer, or a reply, through the response hooks, and its body; a reply of theirs is the last word. What a
 * filter throws is thrown here.
 */
export const runChain = async (
  chain: Chain,
  exchange: TestExchange,
  backend: ResponseOptions = {},
): Promise<Outcome> => {
  const run = { chain, exchange }
  exchange.response = undefined
  const early = await runHooks(chain.onRequest, exchange)
  if (early !== undefined) return answerWith(run, early)
  const { request } = exchange
  const sent = await runBody(exchange.body === undefined ? undefined : chain.requestBody, exchange, {
    side: 'request',
    headers: request.headers,
    body: exchange.body ?? '',
    trailers: exchange.trailers,
  })
  if (sent.reply !== undefined) return answerWith(run, sent.reply)
  const response = { status: backend.status ?? 200, headers: createHeaders(backend.headers) }
  exchange.response = response
  const replacement = await runHooks(chain.onResponse, exchange)
  if (replacement !== undefined) return finish(run, { reply: replacement, sent })
  const got = await runBody(chain.responseBody, exchange, {
    side: 'response',
    isBodiless: isBodiless(exchange, response),
    headers: response.headers,
    body: backend.body ?? '',
    trailers: backend.trailers,
  })
  if (got.reply !== undefined) return finish(run, { reply: got.reply, sent })
  return finish(run, { sent, got })
}

interface Run {
  readonly chain: Chain
  readonly exchange: TestExchange
}

/** A reply in place of forwarding passes the response hooks, and those that look at bodies, as in the proxy. */
const answerWith = async (run: Run, reply: Reply): Promise<Outcome> => {
  const { chain, exchange } = run
  const response = { status: reply.status, headers: createHeaders(reply.headers) }
  exchange.response = response
  const replacement = await runHooks(chain.onResponse, exchange)
  if (replacement !== undefined) return finish(run, { reply: replacement })
  const got = await runBody(chain.responseBody, exchange, {
    side: 'response',
    isBodiless: isBodiless(exchange, response),
    headers: response.headers,
    body: await collectReply(reply),
    trailers: undefined,
  })
  return finish(run, got.reply === undefined ? { reply, response, got } : { reply: got.reply })
}

const finish = async (
  { chain, exchange }: Run,
  end: {
    readonly reply?: Reply
    readonly response?: ResponseView
    readonly sent?: PassedBody
    readonly got?: PassedBody
  },
): Promise<Outcome> => {
  const { reply, sent = nothing } = end
  const got = end.got ?? { ...nothing, body: reply === undefined ? nothing.body : await collectReply(reply) }
  if (reply !== undefined) {
    exchange.response = end.response ?? { status: reply.status, headers: createHeaders(reply.headers) }
  }
  const outcome: Outcome = {
    kind: reply === undefined ? 'forwarded' : 'replied',
    request: exchange.request,
    response: exchange.response ?? { status: 0, headers: new HeaderList() },
    reply,
    requestBody: sent.body,
    requestTrailers: sent.trailers,
    responseBody: got.body,
    responseTrailers: got.trailers,
  }
  const record = createRecord(exchange, outcome)
  for (const hook of chain.onComplete) hook(record, exchange)
  return outcome
}

const nothing: PassedBody = { body: Buffer.alloc(0), trailers: new HeaderList(), reply: undefined }

const isBodiless = ({ request }: Exchange, { status }: ResponseView): boolean =>
  request.method === 'HEAD' || status === 204 || status === 304

/** The proxy's own run of hooks, to be awaited. */
const runHooks = <E>(hooks: readonly ExchangeHook<E>[], about: E): Promise<Reply | undefined> =>
  new Promise((resolve, reject) => {
    new HookRun<E>(hooks, about, {
      onPassed: () => resolve(undefined),
      onReply: resolve,
      onThrown: reject,
    }).start()
  })
