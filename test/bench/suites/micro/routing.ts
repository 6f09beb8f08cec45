import { composeChain } from '../../../../src/filter/chain.ts'
import { createFilterInstances } from '../../../../src/filter/instances.ts'
import { createExchange, createFakeEnv } from '../../../../src/filter/testing.ts'
import { compile } from '../../../../src/snapshot/compile.ts'
import type { Match } from '../../../../src/model/match.ts'
import { findFrontend, resolve } from '../../../../src/snapshot/resolve.ts'
import type { MatchRequest } from '../../../../src/snapshot/snapshot.ts'
import { builtinFilters } from '../../../../filters/index.ts'
import { matchOf, modelOf, noFilters, requestOf, routeOf } from '../../../support/models.ts'
import type { Operation } from './operation.ts'

const AUTHORITY = '10.96.0.12:80'

/** From the CONNECT authority to the rule, and through its filters. */
export const routingOperations = (): readonly Operation[] => [
  ...byWhat.flatMap((how) => [10, 5000].map((routes) => resolveAmong(routes, how))),
  runHeaderModifier(),
]

/**
 * How many requests take turns, in small sets and in large ones, for neighbours in the middle: the processor's caches are
 * no part of the question (spread over 5,000 routes they add 5 to 15 ns).
 */
const REQUESTS = 10

/** What tells the routes of one Service apart: the match of the i-th route, and a request for it. */
interface How {
  readonly name: string
  readonly match: (i: number) => Partial<Match>
  readonly request: (i: number) => MatchRequest
}

const accept = ['host', 'api.shop', 'accept', '*/*']
/** Texts of one length, since longer ones cost more wherever they stand. */
const pad = (i: number): string => String(i).padStart(4, '0')
const path = (type: Match['path']['type'], value: string): Partial<Match> => ({ path: { type, value } })

const byWhat: readonly How[] = [
  {
    name: 'prefix',
    match: (i) => path('PathPrefix', `/api/v1/items-${pad(i)}`),
    request: (i) => requestOf({ path: `/api/v1/items-${pad(i)}/3`, headers: accept }),
  },
  {
    name: 'exact path',
    match: (i) => path('Exact', `/api/v1/items-${pad(i)}`),
    request: (i) => requestOf({ path: `/api/v1/items-${pad(i)}`, headers: accept }),
  },
  {
    name: 'header',
    match: (i) => ({ headers: [{ type: 'Exact', name: 'x-user', value: `user-${pad(i)}` }] }),
    request: (i) => requestOf({ path: '/api', headers: [...accept, 'x-user', `user-${pad(i)}`] }),
  },
  {
    name: 'query parameter',
    match: (i) => ({ queryParams: [{ type: 'Exact', name: 'user', value: `user-${pad(i)}` }] }),
    request: (i) => requestOf({ path: '/api', query: `?page=1&user=user-${pad(i)}`, headers: accept }),
  },
]

const resolveAmong = (routes: number, { name, match, request }: How): Operation => {
  const model = modelOf(Array.from({ length: routes }, (_, i) => routeOf(`r${i}`, [{ matches: [matchOf(match(i))] }])))
  const snapshot = compile(model, { generation: 1, filters: noFilters })
  const requests = Array.from({ length: REQUESTS }, (_, i) => request(((routes - REQUESTS) >> 1) + i))
  return {
    name: `resolve by ${name} among ${routes} routes`,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const frontend = findFrontend(snapshot, AUTHORITY)
        const wanted = requests[i % REQUESTS]
        if (frontend === undefined || wanted === undefined) throw new Error('no frontend')
        if (resolve(frontend, wanted, 'shop').kind !== 'match') throw new Error('no match')
      }
    },
  }
}

const runHeaderModifier = (): Operation => {
  const { make } = createFilterInstances(builtinFilters, createFakeEnv())
  const config = { set: [{ name: 'x-bench-route', value: 'api' }] }
  const made = make({ kind: 'RequestHeaderModifier', config, origin: 'the bench' })
  if ('failure' in made) throw new Error(made.failure)
  const chain = composeChain([made])
  const exchange = createExchange({ headers: ['accept', 'user-agent', 'x-request-id'].map((name) => [name, 'v']) })
  return {
    name: 'chain of one RequestHeaderModifier',
    run: (times) => {
      for (let i = 0; i < times; i++) for (const hook of chain.onRequest) void hook(exchange)
    },
  }
}
