import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { FilterModule } from '../../model/filter-spec.ts'
import { createModuleStore } from './module-store.ts'

const moduleOf = (digest: string, text: string): FilterModule => ({
  digest,
  root: '/filters',
  entry: 'stamp.ts',
  files: {
    'stamp.ts': text,
    'lib/mark.ts': '"use strict";globalThis.loads = (globalThis.loads ?? 0) + 1; exports.mark = "m"',
  },
  kind: 'Stamp',
  stage: 'shape',
})
const good = (kind: string): string => `"use strict"; const { mark } = require("./lib/mark.ts");
exports.default = { kind: '${kind}', stage: 'shape', config: require('fairway/filter').schema.anything(),
  create: () => ({ mark }) }`

it('modules are evaluated when they are first wanted, once, and forgotten when no model has them', () => {
  const store = createModuleStore()
  const loads = (): unknown => Reflect.get(globalThis, 'loads')
  const [a, b] = [moduleOf('a', good('A')), moduleOf('b', good('B'))]
  store.use([a, b])
  assert.equal(loads(), undefined)
  const code = store.code('a')
  const definition = code?.load()
  assert.equal(definition !== undefined && 'kind' in definition && definition.kind, 'A')
  assert.equal(code?.load(), definition)
  assert.equal(loads(), 1)
  store.use([{ ...a }])
  assert.equal(store.code('a'), code)
  assert.equal(store.code('b'), undefined)
  store.use([])
  assert.equal(store.code('a'), undefined)
  Reflect.deleteProperty(globalThis, 'loads')
})

it('one that fails here, though it did not where it was tried, says where', () => {
  const store = createModuleStore()
  store.use([moduleOf('a', `${good('A')}\n\nthrow new Error('not here')`)])
  assert.deepEqual(store.code('a')?.load(), { failure: 'stamp.ts:5: not here' })
})
