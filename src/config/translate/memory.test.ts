import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createMemory, weakly, type Lookup } from './memory.ts'

interface Service {
  readonly object: { readonly port: number }
}

const setUp = () => {
  let steps = 0
  const remember = createMemory<readonly number[], { readonly services: Lookup<Service | readonly Service[]> }>()
  const subject = {}
  const ask = (services: ReadonlyMap<string, Service | readonly Service[]>, names = ['a', 'b']) =>
    remember(subject, { services: { get: (key) => services.get(key) } }, (seen) => {
      steps++
      return names.flatMap((name) => [seen.services.get(name) ?? []].flat().map(({ object }) => object.port))
    })
  return { ask, steps: () => steps }
}

const a = { port: 1 }
const b = { port: 2 }
const place = () => ({ locate: () => undefined })

test('a step is not taken again while it would find the same objects, wherever they stand now', () => {
  const { ask, steps } = setUp()
  const first = ask(new Map([['a', { object: a, ...place() }]]))
  assert.deepEqual(first, [1])
  assert.equal(ask(new Map([['a', { object: a, ...place() }]])), first)
  assert.equal(
    ask(
      new Map([
        ['a', { object: a }],
        ['unseen', { object: b }],
      ]),
    ),
    first,
  )
  assert.equal(steps(), 1)
})

const changes: readonly (readonly [string, ReadonlyMap<string, Service | readonly Service[]>])[] = [
  ['another object under the same name', new Map([['a', { object: { port: 1 } }]])],
  ['one that is gone', new Map()],
  [
    'one that was missed and is there now',
    new Map([
      ['a', { object: a }],
      ['b', { object: b }],
    ]),
  ],
  ['a list in place of one', new Map([['a', [{ object: a }]]])],
]
for (const [name, services] of changes) {
  test(`a step is taken again for ${name}`, () => {
    const { ask, steps } = setUp()
    ask(new Map([['a', { object: a }]]))
    ask(services)
    assert.equal(steps(), 2)
  })
}

test('a list is the same while its objects are', () => {
  const { ask, steps } = setUp()
  ask(new Map([['a', [{ object: a }, { object: b }]]]))
  ask(new Map([['a', [{ object: a, ...place() }, { object: b }]]]))
  assert.equal(steps(), 1)
  ask(new Map([['a', [{ object: a }]]]))
  assert.equal(steps(), 2)
})

test('what several subjects looked up is found to be another for each of them', () => {
  const remember = createMemory<number | undefined, { readonly services: Lookup<Service> }>()
  const subjects = [{}, {}, {}]
  const ask = (services: ReadonlyMap<string, Service>) => {
    const lookups = { services: { get: (key: string) => services.get(key) } }
    return subjects.map((subject, i) =>
      remember(subject, lookups, (seen) => seen.services.get(i < 2 ? 'a' : 'b')?.object.port),
    )
  }
  assert.deepEqual(ask(new Map([['a', { object: a }]])), [1, 1, undefined])
  assert.deepEqual(ask(new Map([['a', { object: b }]])), [2, 2, undefined])
  const both = new Map([
    ['a', { object: b }],
    ['b', { object: a }],
  ])
  assert.deepEqual(ask(both), [2, 2, 1])
})

test('held weakly, what was looked up goes with the result, and both are there as long as somebody has the result', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  const remember = createMemory<{ readonly port: number }, { readonly services: Lookup<Service> }>(weakly)
  const subject = {}
  let steps = 0
  const ask = (services: ReadonlyMap<string, Service>): { readonly port: number } =>
    remember(subject, { services: { get: (key) => services.get(key) } }, (seen) => {
      steps++
      return { port: seen.services.get('a')?.object.port ?? 0 }
    })
  const start = () => {
    const object = { port: 1 }
    return { seen: new WeakRef(object), result: ask(new Map([['a', { object }]])) }
  }
  const once: { seen: WeakRef<object>; result: unknown } = start()
  // What was looked up last is kept to be shared.
  ask(new Map([['a', { object: b }]]))
  const turn = async (): Promise<void> => {
    // A WeakRef that was made or read is strong until the turn ends.
    await new Promise((resolve) => setImmediate(resolve))
    collect({ type: 'major', execution: 'sync' })
  }
  once.result = undefined
  await turn()
  assert.equal(once.seen.deref(), undefined)
  const held = ask(new Map([['a', { object: a }]]))
  await turn()
  const before = steps
  assert.equal(ask(new Map([['a', { object: a }]])), held)
  assert.equal(steps, before)
})

test('held weakly, one result that came of different answers is found anew for each', () => {
  const remember = createMemory<readonly number[], { readonly services: Lookup<Service> }>(weakly)
  const [one, other] = [{}, {}]
  const nothing: readonly number[] = []
  const ask = (subject: object, key: string, services: ReadonlyMap<string, Service>): readonly number[] =>
    remember(subject, { services: { get: (name) => services.get(name) } }, (seen) => {
      const found = seen.services.get(key)
      return found === undefined ? nothing : [found.object.port]
    })
  assert.equal(ask(one, 'a', new Map()), nothing)
  assert.equal(ask(other, 'b', new Map()), nothing)
  const services = new Map([['b', { object: b }]])
  assert.equal(ask(one, 'a', services), nothing)
  assert.deepEqual(ask(other, 'b', services), [b.port])
})
