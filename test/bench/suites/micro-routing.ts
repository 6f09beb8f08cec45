import { composeChain } from '../../../src/filter/chain.ts'
import { createFilterInstances } from '../../../src/filter/instances.ts'
import { createExchange, createFakeEnv } from '../../../src/filter/testing.ts'
import { compile } from '../../../src/snapshot/compile.ts'
import { findFrontend, resolve } from '../../../src/snapshot/resolve.ts'
import { builtinFilters } from '../../../filters/index.ts'
import { matchOf, modelOf, noFilters, requestOf, routeOf } from '../../support/models.ts'
import type { Operation } from './operation.ts'

const AUTHORITY = '10.96.0.12:80'

/** From the CONNECT authority to the rule, and through its filters. */
export const routingOperations = (): readonly Operation[] => [
  resolveAmong(1),
  resolveAmong(100),
  resolveAmong(5000),
  runHeaderModifier(),
]

/** The request matches the rule in the middle; each rule has a path prefix of its own. */
const resolveAmong = (routes: number): Operation => {
  const model = modelOf(
    Array.from({ length: routes }, (_, i) =>
      routeOf(`r${i}`, [{ matches: [matchOf({ path: { type: 'PathPrefix', value: `/api/v1/items-${i}` } })] }]),
    ),
  )
  const snapshot = compile(model, { generation: 1, filters: noFilters })
  const request = requestOf({ path: `/api/v1/items-${routes >> 1}/3`, headers: ['host', 'api.shop', 'accept', '*/*'] })
  return {
    name: `resolve among ${routes} routes`,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const frontend = findFrontend(snapshot, AUTHORITY)
        if (frontend === undefined || resolve(frontend, request, 'shop').kind !== 'match') throw new Error('no match')
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
