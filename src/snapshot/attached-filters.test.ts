import assert from 'node:assert/strict'
import { it } from 'node:test'
import { modelOf, routeOf, serviceOf } from '../../test/support/models.ts'
import type { FilterFactory } from '../filter/instances.ts'
import type { Filter } from '../filter/index.ts'
import type { FilterSpec } from '../model/filter-spec.ts'
import { compile, usedFilters } from './compile.ts'
import { findFrontend } from './resolve.ts'
import type { Snapshot } from './snapshot.ts'

const spec = (kind: string): FilterSpec => ({ kind, config: {}, origin: kind })
const made = new Map<string, Filter>()
const filters: FilterFactory = ({ kind }) => {
  if (kind === 'bad') return { failure: 'cannot be made' }
  const filter = made.get(kind) ?? {}
  made.set(kind, filter)
  return { stage: 'shape', filter, kind }
}
const pod = { key: 'shop/p', addresses: ['10.1.0.1'], transport: 'plain', workload: { uid: 'p' } } as const

const build = (onPods: readonly FilterSpec[], previous?: Snapshot): Snapshot => {
  const service = serviceOf({ routes: ['HTTPRoute/shop/a'], filters: [spec('port')] }, { filters: [spec('service')] })
  const { ports } = service
  const model = modelOf([routeOf('a')], {
    trafficType: 'all',
    pods: [pod],
    services: [
      {
        ...service,
        ports: [...ports, { port: 81, protocol: 'http', routes: [], consumerRoutes: [], closed: 'not here' }],
      },
    ],
    ...(onPods.length === 0 ? {} : { podFilters: onPods }),
  })
  return compile(model, { generation: 1, previous, filters })
}
const kindsOf = (list: readonly Filter[] = []): readonly (string | undefined)[] =>
  list.map((filter) => [...made].find(([, known]) => known === filter)?.[0])

it('those of a port come after those of its Service, and a closed port leaves the others open', () => {
  const snapshot = build([])
  const [http, more] = [80, 81].map((port) => findFrontend(snapshot, `10.96.0.12:${port}`))
  assert.deepEqual(kindsOf(http?.chain.filters), ['service', 'port'])
  assert.equal(http?.closed, undefined)
  assert.equal(more?.closed, 'not here')
})

it('those of Pods are made with the snapshot, used by it, and the same as long as they are', () => {
  const first = build([spec('pods')])
  assert.ok(kindsOf([...usedFilters(first)]).includes('pods'))
  const frontend = findFrontend(first, '10.1.0.1:8080')
  assert.deepEqual(kindsOf(frontend?.chain.filters), ['pods'])
  assert.equal(findFrontend(build([spec('pods')], first), '10.1.0.1:8080'), frontend)
  const other = findFrontend(build([spec('pods'), spec('more')], first), '10.1.0.1:8080')
  assert.deepEqual(kindsOf(other?.chain.filters), ['pods', 'more'])
})

it('one that cannot be made closes what it is for', () => {
  assert.equal(findFrontend(build([spec('bad')]), '10.1.0.1:8080')?.closed, 'cannot be made')
})
