import responseCache from '../../../filters/response-cache/response-cache.ts'
import type { Exchange, FilterEnv, RequestView } from '../../../src/filter/index.ts'
import {
  composeChain,
  createExchange,
  createFakeEnv,
  runChain,
  type ExchangeOptions,
  type FakeEnv,
  type Outcome,
  type ResponseOptions,
} from '../../../src/filter/testing.ts'
import type { StagedFilter } from '../../../src/filter/chain.ts'

/** One request, and what a backend says to it. */
export interface Step {
  /** Seconds since the begin; default: as before. */
  readonly at?: number
  /** `GET /a?b`; default: GET. */
  readonly ask: string
  readonly headers?: Readonly<Record<string, string>>
  readonly exchange?: Partial<ExchangeOptions>
  /** Fields of the backend's response, whose body is `v1`, `v2`, … by how often it was asked. */
  readonly says?: Readonly<Record<string, string>>
  readonly status?: number
  readonly response?: ResponseOptions
  /** The rule that is found behind the cache, which is the Service's then. */
  readonly matched?: Exchange['match']
}

/** What came of a step. */
export interface Seen {
  /** What the cache did: `miss`, `hit`, `stale`, `revalidated`, … */
  readonly by: string
  readonly status: number
  readonly body: string
  readonly outcome: Outcome
}

/** A cache before a backend. */
export interface CacheBed {
  readonly env: FakeEnv
  readonly run: (step: Step) => Promise<Seen>
  readonly order: (command: string, parameters?: Readonly<Record<string, string>>) => unknown
  /** Requests that the cache has sent on itself. */
  readonly asked: RequestView[]
}

/** Makes it; `others` are filters in the same part of the chain. */
export const createCacheBed = (
  config: object = {},
  others: readonly StagedFilter[] = [],
  { joinSiblings }: Pick<FilterEnv, 'joinSiblings'> = {},
): CacheBed => {
  let version = 0
  let current: Step | undefined
  const asked: RequestView[] = []
  const respond = (): ResponseOptions => {
    version++
    const { says = {}, status = 200, response = {} } = current ?? {}
    const headers = Object.entries({ date: new Date(env.now()).toUTCString(), ...says })
    return { status, headers, body: status === 304 ? '' : `v${version}`, ...response }
  }
  const env = createFakeEnv({
    nowMs: Date.UTC(2026, 0, 1),
    joinSiblings,
    forward: (request) => {
      asked.push(request)
      return respond()
    },
  })
  const startMs = env.now()
  const decoded = responseCache.config.decode(config, 'spec')
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.issues))
  const { kind, stage, body } = responseCache
  const filter = responseCache.create(decoded.value, env)
  const chain = composeChain([...others, { kind, stage, ...(body === undefined ? {} : { body }), filter }])
  const order: CacheBed['order'] = (command, parameters = {}) => filter.onCommand?.({ command, parameters })
  const run = async (step: Step): Promise<Seen> => {
    current = step
    if (step.at !== undefined) env.advance(startMs + step.at * 1000 - env.now())
    const [method = 'GET', target = '/'] = step.ask.split(' ')
    const [path = '/', query] = target.split('?')
    const exchange = createExchange({
      method,
      path,
      query: query === undefined ? '' : `?${query}`,
      headers: Object.entries(step.headers ?? {}),
      source: { principal: 'spiffe://cluster.local/ns/web/sa/web' as never },
      match: { route: 'HTTPRoute/shop/api', rule: '0', prefix: undefined },
      ...step.exchange,
    })
    // Asked for only when it is forwarded.
    const lazy = {
      get status() {
        return made().status
      },
      get headers() {
        return made().headers
      },
      get body() {
        return made().body
      },
    } as ResponseOptions
    let response: ResponseOptions | undefined
    const made = (): ResponseOptions => {
      if (step.matched !== undefined) Object.assign(exchange, { match: step.matched })
      return (response ??= respond())
    }
    const outcome = await runChain(chain, exchange, lazy)
    const by = outcome.reply === undefined ? 'miss' : outcome.reply.reason.replace(/^cache_/, '')
    return { by, status: outcome.response.status, body: String(outcome.responseBody), outcome }
  }
  return { env, run, asked, order }
}
