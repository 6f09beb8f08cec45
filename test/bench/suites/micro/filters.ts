import { composeChain } from '../../../../src/filter/chain.ts'
import { createFilterGuards } from '../../../../src/filter/guard/guard.ts'
import { createHookSlots } from '../../../../src/filter/guard/hook-slots.ts'
import type { Exchange, Filter } from '../../../../src/filter/index.ts'
import { createFilterInstances } from '../../../../src/filter/instances.ts'
import {
  createExchange,
  createFakeEnv,
  createFakeSiblings,
  type FakeEnvOptions,
} from '../../../../src/filter/testing.ts'
import { HeaderList } from '../../../../src/http/header-list.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import type { UserFilter } from '../../../../src/model/filter-spec.ts'
import { builtinFilters } from '../../../../filters/index.ts'
import { userFilter } from '../../../support/filters/user-filter.ts'
import type { Operation } from './operation.ts'

/** What filters cost a request, from its head to that of its response. */
export const filterOperations = (): readonly Operation[] => [
  runUserFilter("a user's filter that does nothing", { onRequest: () => undefined }),
  runUserFilter("a user's filter that does nothing with request and response", {
    onRequest: () => undefined,
    onResponse: () => undefined,
  }),
  runUserFilter("a user's filter that sets a header", {
    onRequest: ({ request }) => request.headers.set('x-bench-version', 'v2'),
  }),
  runUserFilter(
    "a user's filter that sets a header, and fails open",
    { onRequest: ({ request }) => request.headers.set('x-bench-version', 'v2') },
    'open',
  ),
  runBuiltins(),
  ...objects.map((object) => runObject(object)),
  runObject({ kind: 'RateLimit', config: rateLimit }, ' of two workers', { joinSiblings: createFakeSiblings() }),
]

const rateLimit = {
  limits: [{ name: 'each', rate: { requests: 1_000_000_000, per: '1s' }, key: [{ type: 'SourceIdentity' }] }],
}

/** Those with objects of their own, which let the request go on. */
const objects: readonly { readonly kind: string; readonly config: unknown }[] = [
  { kind: 'FaultInjection', config: { abort: { percent: 0.001 }, until: '2100-01-01T00:00:00Z' } },
  {
    kind: 'HeaderTransform',
    config: { request: { set: [{ name: 'x-bench', value: '{source.address} {request.path}' }] } },
  },
  { kind: 'IpAccess', config: { allow: ['10.0.0.0/8', '192.0.2.0/24'] } },
  { kind: 'RequestSizeLimit', config: { maxBodyBytes: 1000, maxHeaderBytes: 10_000, maxTargetBytes: 1000 } },
  { kind: 'ConcurrencyLimit', config: { maxRequests: 1_000_000 } },
  { kind: 'Csrf', config: {} },
  { kind: 'RateLimit', config: rateLimit },
]

/** A browser's request has as many. */
const fields = ['accept', 'user-agent', 'x-request-id', 'accept-encoding', 'cookie', 'traceparent'].flatMap((name) => [
  name,
  `value of ${name}`,
])

/** As a reader leaves it: what it has checked need not be looked at again. */
const checkedHeaders = (): HeaderList => {
  const headers = new HeaderList(fields.slice())
  headers.checked = fields
  return headers
}

const exchangeOf = (): Exchange => {
  const exchange = createExchange()
  const request = { ...exchange.request, headers: checkedHeaders() }
  return { ...exchange, request, response: { status: 200, headers: checkedHeaders() } }
}

const runUserFilter = (name: string, filter: Filter, failureMode: UserFilter['failureMode'] = 'closed'): Operation => {
  const guards = createFilterGuards({
    clock: systemClock,
    slots: createHookSlots(),
    describe: String,
    locate: () => undefined,
    onFailure: ({ kind, message }) => {
      // The machine may be somebody else's for a while.
      if (kind !== 'overrun') throw new Error(message)
    },
    onQuarantine: () => {},
  })
  const spec = { kind: 'Bench', config: {}, origin: 'the bench', user: { ...userFilter, failureMode } }
  const guarded = guards.guard(filter, spec, { kind: 'Bench' })
  return { name, run: runHooks(composeChain([{ stage: 'shape', filter: guarded, kind: 'Bench' }])) }
}

const builtins = [
  { kind: 'RequestHeaderModifier', config: { set: [{ name: 'x-bench-route', value: 'api' }] } },
  { kind: 'RequestHeaderModifier', config: { set: [{ name: 'x-bench-tier', value: 'web' }] } },
  { kind: 'URLRewrite', config: { hostname: 'api.example.com' } },
  { kind: 'CORS', config: { allowOrigins: ['https://www.example.com'] } },
  { kind: 'ResponseHeaderModifier', config: { set: [{ name: 'x-bench-version', value: 'v2' }] } },
]

const runBuiltins = (): Operation => {
  const { make } = createFilterInstances(builtinFilters, createFakeEnv())
  const made = builtins.map((spec) => {
    const filter = make({ ...spec, origin: 'the bench' })
    if ('failure' in filter) throw new Error(filter.failure)
    return filter
  })
  return { name: 'chain of five built-in filters', run: runHooks(composeChain(made)) }
}

const runObject = ({ kind, config }: (typeof objects)[number], what = '', lent: FakeEnvOptions = {}): Operation => {
  const env = createFakeEnv(lent)
  const { make } = createFilterInstances(builtinFilters, {
    ...systemTime,
    random: env.random,
    log: env.log,
    env: () => env,
  })
  const made = make({ kind, config, origin: 'the bench' })
  if ('failure' in made) throw new Error(made.failure)
  return { name: `a filter ${kind}${what}`, run: runHooks(composeChain([made])) }
}

const systemTime = { now: systemClock.nowMs, after: systemClock.after }

const runHooks = (chain: ReturnType<typeof composeChain>): Operation['run'] => {
  const exchange = exchangeOf()
  return (times) => {
    for (let i = 0; i < times; i++) {
      for (const hook of chain.onRequest) void hook(exchange)
      for (const hook of chain.onResponse) void hook(exchange)
    }
  }
}
