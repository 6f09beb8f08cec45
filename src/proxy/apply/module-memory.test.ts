import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createFilterInstances } from '../../filter/instances.ts'
import type { FilterModule, FilterSpec } from '../../model/filter-spec.ts'
import type { Model } from '../../model/model.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { ModelApplier } from './model-applier.ts'
import { createModuleStore } from './module-store.ts'

/** Code of some size, other in each version, that holds on to some memory. */
const moduleOf = (n: number): FilterModule => ({
  digest: `d${n}`,
  root: '/filters',
  entry: 'big.ts',
  files: {
    'big.ts': `"use strict"; const { schema } = require('fairway/filter')
${Array.from({ length: 400 }, (_, i) => `const f${i} = (x) => { let sum = ${n}; for (const item of [x, ${i}]) sum += item; return sum }`).join('\n')}
exports.default = { kind: 'Big', stage: 'shape', config: schema.anything(), create: () => {
  const held = Array.from({ length: 2000 }, (_, i) => ({ n: ${n}, i }))
  return { onRequest: () => void f7(held.length) }
} }`,
  },
  kind: 'Big',
  stage: 'shape',
})

const modelOf = (n: number): Model => {
  const filter: FilterSpec = {
    kind: 'Big',
    config: {},
    origin: 'Filter shop/big at Service shop/api',
    user: {
      id: 'shop/big',
      module: `d${n}`,
      version: String(n),
      failureMode: 'closed',
      hookMs: 10,
      waitMs: 1000,
      isolation: 'none',
    },
  }
  return {
    gateway: { namespace: 'shop', name: 'waypoint' },
    trafficType: 'service',
    pathNormalization: 'BASE',
    services: [],
    routes: [
      {
        key: 'HTTPRoute/shop/r',
        kind: 'HTTPRoute',
        namespace: 'shop',
        name: 'r',
        rules: [
          {
            index: 0,
            matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }],
            filters: [filter],
            backends: [],
          },
        ],
      },
    ],
    endpoints: [],
    pods: [],
    authentications: [],
    authorizations: [],
    filterModules: [moduleOf(n)],
  }
}

it('versions that are gone leave nothing behind', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const modules = createModuleStore()
  const instances = createFilterInstances([], { now: () => 0, random: () => 0, log: () => {}, code: modules.code })
  const applier = new ModelApplier({
    instances,
    clock: createFakeClock(),
    onModel: ({ filterModules = [] }) => modules.use(filterModules),
  })
  const usedAfter = async (from: number, to: number): Promise<number> => {
    for (let n = from; n < to; n++) {
      await applier.apply(modelOf(n), n + 1)
      for (const { rule } of applier.current?.routes.get('HTTPRoute/shop/r')?.matches ?? []) {
        assert.equal(rule.closed, undefined)
      }
    }
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = await usedAfter(0, 50)
  // Of the last dozen V8 may hold something for a while, 2 MB of it, which is gone when it looks again.
  await usedAfter(50, 250)
  const after = await usedAfter(250, 450)
  assert.equal(instances.size(), 1)
  // Each version is 150 kB or more.
  assert.ok(after < before + 2_000_000, `${before} bytes became ${after}`)
})
