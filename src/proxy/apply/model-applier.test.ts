import assert from 'node:assert/strict'
import test from 'node:test'
import { matchOf, modelOf, routeOf } from '../../../test/support/models.ts'
import { turn } from '../../../test/support/turns.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import { createFilterInstances } from '../../filter/instances.ts'
import type { Clock } from '../../lib/clock.ts'
import { anything } from '../../lib/schema.ts'
import type { Model } from '../../model/model.ts'
import { ModelApplier, type ModelApplierOptions } from './model-applier.ts'

/** Each look at it takes a millisecond, so that a slice of 3 ms is three steps. */
const createImpatientClock = (): Clock => {
  let now = 0
  return { nowMs: () => now, monotonicMs: () => ++now, epochOf: (ms) => ms, after: () => () => {} }
}

/** Routes with a filter each; `version` tells their configurations apart. */
const manyRoutes = (version: string): Model =>
  modelOf(
    Array.from({ length: 600 }, (_, i) =>
      routeOf(`r${i}`, [
        {
          matches: [matchOf({ path: { type: 'Exact', value: `/${i}` } })],
          filters: [{ kind: 'Mark', config: version, origin: `r${i}` }],
        },
      ]),
    ),
  )

const setUp = (options: Pick<ModelApplierOptions, 'load'> = {}) => {
  const closed: unknown[] = []
  const applied: number[] = []
  const mark: FilterDefinition = {
    kind: 'Mark',
    stage: 'shape',
    config: anything(),
    create: (config) => ({ close: () => void closed.push(config) }),
  }
  const instances = createFilterInstances([mark], { now: () => 0, random: () => 0, log: () => {} })
  const applier = new ModelApplier({
    instances,
    clock: createImpatientClock(),
    onApplied: ({ generation }) => void applied.push(generation),
    ...options,
  })
  return { applier, instances, closed, applied }
}

test('the first model is in force at once, the next one only after several turns in which the old one serves', async () => {
  const { applier } = setUp()
  void applier.apply(manyRoutes('a'), 1)
  assert.equal(applier.current?.generation, 1)
  const applied = applier.apply(manyRoutes('b'), 2)
  let turns = 0
  for (; applier.current.generation === 1 && turns < 10_000; turns++) await turn()
  assert.ok(turns > 100, `${turns} turns`)
  assert.equal((await applied).generation, 2)
})

test('of models that come while one is made the newest is next, and stands for those that it left out', async () => {
  const { applier, applied } = setUp()
  const asked = [1, 2, 3, 4].map((generation) => applier.apply(manyRoutes(`v${generation}`), generation))
  const served = await Promise.all(asked)
  assert.deepEqual(applied, [1, 2, 4])
  assert.deepEqual(
    served.map(({ generation }) => generation),
    [1, 2, 4, 4],
  )
})

test('what a build has made so far outlives a generation that ends meanwhile', async () => {
  const { applier, instances, closed } = setUp()
  await applier.apply(manyRoutes('a'), 1)
  const lease = applier.take()
  await applier.apply(manyRoutes('b'), 2)
  const applied = applier.apply(manyRoutes('c'), 3)
  await turn()
  lease?.end()
  assert.deepEqual(closed, [])
  await applied
  assert.equal(closed.length, 1200)
  assert.deepEqual(new Set(closed), new Set(['a', 'b']))
  assert.equal(instances.size(), 600)
})

test('a model that cannot be made is refused, the last one stays, and the next one is served', async () => {
  const { applier } = setUp()
  await applier.apply(manyRoutes('a'), 1)
  const broken = Object.defineProperty({ ...manyRoutes('b') }, 'endpoints', {
    get: () => {
      throw new Error('a bug')
    },
  })
  const [refused, served] = [applier.apply(broken, 2), applier.apply(manyRoutes('c'), 3)]
  await assert.rejects(refused, /a bug/)
  assert.equal((await served).generation, 3)
})

test('a model waits for what has to be loaded for it, and those that come meanwhile wait for that model', async () => {
  const loading = Promise.withResolvers<void>()
  const { applier, applied } = setUp({
    load: ({ authentications }) => (authentications.length === 0 ? undefined : loading.promise),
  })
  const asked = [
    applier.apply({ ...manyRoutes('a'), authentications: [{ key: 'shop/a', rules: [] }] }, 1),
    applier.apply(manyRoutes('b'), 2),
  ]
  await turn()
  assert.equal(applier.current, undefined)
  loading.resolve()
  await Promise.all(asked)
  assert.deepEqual(applied, [1, 2])
})

test('a model is refused when what it takes cannot be loaded, is tried again, and others are served', async () => {
  let tries = 0
  const { applier, applied } = setUp({
    load: ({ authentications }) => {
      if (authentications.length === 0) return undefined
      return ++tries === 2 ? Promise.resolve() : Promise.reject(new Error('EMFILE'))
    },
  })
  const guarded: Model = { ...manyRoutes('a'), authentications: [{ key: 'shop/a', rules: [] }] }
  await applier.apply(manyRoutes('a'), 1)
  await assert.rejects(applier.apply(guarded, 2), /EMFILE/)
  assert.equal(applier.current?.generation, 1)
  await applier.apply(guarded, 3)
  await assert.rejects(applier.apply(guarded, 4), /EMFILE/)
  await applier.apply(manyRoutes('b'), 5)
  assert.deepEqual(applied, [1, 3, 5])
})
