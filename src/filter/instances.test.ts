import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { schema } from './index.ts'
import type { Filter, FilterDefinition, FilterEnv } from './index.ts'
import type { FilterModule, FilterSpec, UserFilter } from '../model/filter-spec.ts'
import type { FilterHost } from './env/instance-env.ts'
import { createFilterInstances } from './instances.ts'
import type { FilterInstances } from './instances.ts'

interface Made {
  readonly instances: FilterInstances
  readonly envs: FilterEnv[]
  readonly closed: string[]
  readonly logged: string[]
}

const setUp = (): Made => {
  const envs: FilterEnv[] = []
  const closed: string[] = []
  const logged: string[] = []
  const stamp: FilterDefinition<{ readonly value: string; readonly other?: string }> = {
    kind: 'Stamp',
    stage: 'admit',
    config: schema.object({ value: schema.string(), other: schema.optional(schema.string()) }),
    create: ({ value }, env) => {
      if (value === 'throw') throw new Error('cannot stamp')
      envs.push(env)
      return {
        close: () => {
          closed.push(value)
          if (value === 'bad close') throw new Error('cannot close')
        },
      }
    },
  }
  const host = {
    now: () => 7,
    random: () => 0.5,
    log: (level: string, text: string) => void logged.push(`${level}: ${text}`),
  }
  return { instances: createFilterInstances([stamp], host), envs, closed, logged }
}

const spec = (config: unknown, origin = 'HTTPRoute shop/api rules[0].filters[0]') => ({ kind: 'Stamp', config, origin })

const filterOf = (made: ReturnType<FilterInstances['make']>): Filter => {
  if ('failure' in made) throw new Error(made.failure)
  return made.filter
}

test('the same configuration at the same place is the same instance, however its keys are ordered', () => {
  const { instances } = setUp()
  const first = instances.make(spec({ value: 'a', other: 'b' }))
  assert.equal(instances.make(spec({ other: 'b', value: 'a' })), first)
  assert.equal('stage' in first && first.stage, 'admit')
  assert.notEqual(instances.make(spec({ value: 'a', other: 'c' })), first)
  assert.notEqual(instances.make(spec({ value: 'a', other: 'b' }, 'HTTPRoute shop/web rules[0].filters[0]')), first)
  assert.equal(instances.size(), 3)
})

test('an instance lives as long as one generation uses it, and is closed once', () => {
  const { instances, closed, envs } = setUp()
  const a = filterOf(instances.make(spec({ value: 'a' })))
  const b = filterOf(instances.make(spec({ value: 'b' })))
  instances.retain(1, [a, b])
  instances.retain(2, [b])
  instances.release(3)
  assert.deepEqual(closed, [])
  instances.release(1)
  assert.deepEqual(closed, ['a'])
  assert.deepEqual(
    envs.map((env) => env.signal.aborted),
    [true, false],
  )
  instances.release(1)
  instances.release(2)
  assert.deepEqual(closed, ['a', 'b'])
  assert.equal(instances.size(), 0)
})

test('a generation may end before an older one', () => {
  const { instances, closed } = setUp()
  const a = filterOf(instances.make(spec({ value: 'a' })))
  instances.retain(1, [a])
  instances.retain(2, [a])
  instances.release(2)
  assert.deepEqual(closed, [])
  assert.equal(filterOf(instances.make(spec({ value: 'a' }))), a)
})

test('a close that throws is logged and stops nothing', () => {
  const { instances, logged, closed } = setUp()
  const filters = ['bad close', 'good'].map((value) => filterOf(instances.make(spec({ value }))))
  instances.retain(1, filters)
  instances.release(1)
  assert.deepEqual(closed, ['bad close', 'good'])
  assert.deepEqual(logged, ['error: HTTPRoute shop/api rules[0].filters[0]: closing filter Stamp failed: cannot close'])
})

const failures: readonly (readonly [string, { kind: string; config: unknown; origin: string }, RegExp])[] = [
  ['an unknown kind', { kind: 'Nope', config: {}, origin: 'here' }, /^here: no filter of kind Nope$/],
  ['a bad configuration', spec({ value: 3 }), /Stamp\.value wrong value: found 3, expected a string/],
  ['an unknown field', spec({ value: 'a', valu: 'b' }), /valu/],
  ['a filter that throws', spec({ value: 'throw' }), /filter Stamp could not be made: cannot stamp/],
]
for (const [name, bad, message] of failures) {
  test(`${name} is a failure, not an exception, and leaves nothing behind`, () => {
    const { instances } = setUp()
    const made = instances.make(bad)
    assert.match('failure' in made ? made.failure : 'made', message)
    assert.equal(instances.size(), 0)
  })
}

test('two definitions of one kind are refused at the start', () => {
  const nothing: FilterDefinition = { kind: 'Twice', stage: 'shape', config: schema.anything(), create: () => ({}) }
  const host = { now: () => 0, random: () => 0, log: () => {} }
  assert.throws(() => createFilterInstances([nothing, nothing], host), /same kind/)
})

describe('filters of users', () => {
  const stampOf = (mark: string): FilterDefinition => ({
    kind: 'Mine',
    stage: 'shape',
    body: { request: 'stream' },
    config: schema.anything(),
    create: () => ({ onRequest: ({ request }) => request.headers.set('x-mark', mark) }),
  })
  const moduleOf = (digest: string): FilterModule => ({
    digest,
    root: '/filters',
    entry: 'mine.ts',
    files: {},
    kind: 'Mine',
    stage: 'admit',
    body: { response: 'buffer' },
  })
  const loads: string[] = []
  const told: string[] = []
  const host: FilterHost = {
    now: () => 0,
    random: () => 0,
    log: () => undefined,
    code: (digest) =>
      digest === 'gone'
        ? undefined
        : {
            module: moduleOf(digest),
            load: () => {
              loads.push(digest)
              return digest === 'bad' ? { failure: 'mine.ts:3: no' } : stampOf(digest)
            },
          },
    guard: (filter, { user }, { kind }) => {
      told.push(`guard ${kind} ${user?.id}`)
      return { ...filter }
    },
    isolate: ({ user }, { digest }) => {
      told.push(`isolate ${digest} ${user?.id}`)
      return {}
    },
  }
  const mine = (changes: Partial<UserFilter> = {}): FilterSpec => ({
    kind: 'Mine',
    config: {},
    origin: 'Filter shop/mine at Service shop/api',
    user: {
      id: 'shop/mine',
      module: 'a',
      version: '1',
      failureMode: 'closed',
      hookMs: 10,
      waitMs: 1000,
      isolation: 'none',
      ...changes,
    },
  })

  test('are made of their own code, whatever built-in filter has the same kind, and guarded', () => {
    const instances = createFilterInstances([{ ...stampOf('built in'), kind: 'Mine' }], host)
    const made = instances.make(mine())
    assert.deepEqual('failure' in made ? made : [made.stage, made.kind, made.body], [
      'shape',
      'Mine',
      { request: 'stream' },
    ])
    assert.deepEqual([loads.splice(0), told.splice(0)], [['a'], ['guard Mine shop/mine']])
    assert.equal(instances.make(mine()), made)
    assert.notEqual(instances.make(mine({ version: '2' })), made)
    assert.notEqual(instances.make(mine({ module: 'b' })), made)
    loads.splice(0)
    told.splice(0)
  })

  test('that want a thread are not loaded here', () => {
    const made = createFilterInstances([], host).make(mine({ isolation: 'thread' }))
    assert.deepEqual('failure' in made ? made : [made.stage, made.kind, made.body], [
      'admit',
      'Mine',
      { response: 'buffer' },
    ])
    assert.deepEqual([loads.splice(0), told.splice(0)], [[], ['isolate a shop/mine', 'guard Mine shop/mine']])
  })

  test('whose code is bad or missing are a failure', () => {
    const instances = createFilterInstances([], host)
    const at = 'Filter shop/mine at Service shop/api'
    assert.deepEqual(instances.make(mine({ module: 'bad' })), { failure: `${at}: mine.ts:3: no` })
    assert.deepEqual(instances.make(mine({ module: 'gone' })), {
      failure: `${at}: the code of Filter shop/mine is not here`,
    })
  })
})
