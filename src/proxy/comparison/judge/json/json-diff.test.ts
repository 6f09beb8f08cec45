import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { comparisonOf } from '../../../../../test/support/comparison.ts'
import { seededRandom, type SeededRandom } from '../../../../../test/support/random.ts'
import type { MirrorComparison } from '../../../../model/comparison/mirror-comparison.ts'
import { compileRules } from '../compare-answers.ts'
import type { Difference } from '../difference.ts'
import { runSteps } from '../../../../lib/steps/run-steps.ts'
import { diffJson as diffInSteps, type JsonRules } from './json-diff.ts'

const diffJson = (primary: unknown, mirror: unknown, rules: JsonRules): readonly Difference[] | undefined =>
  runSteps(diffInSteps(primary, mirror, rules))

interface Case {
  readonly what: string
  readonly primary: unknown
  readonly mirror: unknown
  readonly rules?: Partial<MirrorComparison>
  /** `KIND POINTER`, with `*` for places in lists behind a `|`. */
  readonly found: readonly string[]
}

const item = (id: number, price = id): object => ({ id, price })

const cases: readonly Case[] = [
  { what: 'the same', primary: { a: [1, { b: null }] }, mirror: { a: [1, { b: null }] }, found: [] },
  { what: 'fields in another order', primary: { a: 1, b: 2 }, mirror: { b: 2, a: 1 }, found: [] },
  { what: 'a value', primary: { a: { b: 1 } }, mirror: { a: { b: 2 } }, found: ['value /a/b'] },
  { what: 'a value in a list', primary: { a: [1, 2] }, mirror: { a: [1, 3] }, found: ['value /a/1 | /a/*'] },
  { what: 'a type', primary: { a: 1 }, mirror: { a: '1' }, found: ['type /a'] },
  { what: 'null for an object', primary: { a: {} }, mirror: { a: null }, found: ['type /a'] },
  { what: 'a list for an object', primary: {}, mirror: [], found: ['type '] },
  { what: 'a field gone', primary: { a: 1, b: 2 }, mirror: { b: 2 }, found: ['missing /a'] },
  { what: 'a field more', primary: {}, mirror: { a: undefined }, found: ['extra /a'] },
  { what: 'a longer list', primary: [1], mirror: [1, 2], found: ['length '] },
  { what: 'names that stand for others', primary: { 'a/b~c': 1 }, mirror: { 'a/b~c': 2 }, found: ['value /a~1b~0c'] },
  {
    what: 'what an object inherits is no field of it',
    primary: { toString: 1 },
    mirror: {},
    found: ['missing /toString'],
  },
  {
    what: 'a field called __proto__',
    primary: JSON.parse('{"__proto__":{"a":1}}'),
    mirror: JSON.parse('{"__proto__":{"a":2}}'),
    found: ['value /__proto__/a'],
  },
  { what: 'floating noise', primary: { a: 0.1 + 0.2 }, mirror: { a: 0.3 }, found: [] },
  { what: 'more than noise', primary: { a: 0.3001 }, mirror: { a: 0.3 }, found: ['value /a'] },
  { what: 'as much as is told', primary: { a: 1.01 }, mirror: { a: 1 }, rules: { tolerance: 0.02 }, found: [] },
  { what: 'integers have no tolerance', primary: 1e12, mirror: 1e12 + 1, rules: { tolerance: 0.1 }, found: ['value '] },
  { what: 'integers beyond numbers', primary: 9007199254740993n, mirror: 9007199254740995n, found: ['value '] },
  { what: 'the same of them', primary: 9007199254740993n, mirror: 9007199254740993n, found: [] },
  {
    what: 'ignored fields, also missing and extra ones',
    primary: { at: 1, a: { at: 1, b: [{ id: 1 }] }, x: 1 },
    mirror: { at: 2, a: { at: '2', b: [{ id: 2 }] }, y: 1 },
    rules: { ignore: ['/at', '/a/at', '/a/b/*/id', '/x', '/y'] },
    found: [],
  },
  {
    what: 'fields ignored at any depth, and only those',
    primary: { at: 1, a: { b: [{ at: 1, of: 1 }] } },
    mirror: { at: 2, a: { b: [{ at: 2, of: 2 }] } },
    rules: { ignore: ['/**/at'] },
    found: ['value /a/b/0/of | /a/b/*/of'],
  },
  {
    what: 'fields ignored at any depth, however often that is said: it would hold the loop for half a minute',
    primary: nested(40, 1, (a) => ({ a, at: 1 })),
    mirror: nested(40, 1, (a) => ({ a, at: 2 })),
    rules: { ignore: Array.from({ length: 64 }, (_, i) => `${'/**'.repeat(300)}/${i === 7 ? 'at' : i}`) },
    found: [],
  },
  { what: 'all that is ignored', primary: { a: 1 }, mirror: [2], rules: { ignore: ['/**'] }, found: [] },
  { what: 'a list in another order', primary: [1, 2], mirror: [2, 1], found: ['value /0 | /*', 'value /1 | /*'] },
  { what: 'a list whose order means nothing', primary: [1, 2], mirror: [2, 1], rules: unordered(''), found: [] },
  {
    what: 'lists of lists, only the outer ones without order',
    primary: [[1, 2], [3]],
    mirror: [[3], [2, 1]],
    rules: unordered(''),
    found: ['value /0/0 | /*/*', 'value /0/1 | /*/*'],
  },
  {
    what: 'lists of lists, none of which has an order',
    primary: [[1, 2], [3], [[4, 5]]],
    mirror: [[[5, 4]], [3], [2, 1]],
    rules: unordered('/**'),
    found: [],
  },
  { what: 'twice and once', primary: [1, 1], mirror: [1, 2], rules: unordered(''), found: ['value /1 | /*'] },
  {
    what: 'items by their names',
    primary: { items: [item(1), item(2), item(3)] },
    mirror: { items: [item(3), item(4), item(2, 9)] },
    rules: unordered('/items', '/id'),
    found: ['value /items/1/price | /items/*/price', 'missing /items/0 | /items/*', 'extra /items/1 | /items/*'],
  },
  {
    what: 'items alike but for what is ignored',
    primary: { items: [{ ...item(1), at: 1 }, item(2)] },
    mirror: { items: [item(2), { ...item(1), at: 9 }] },
    rules: { ...unordered('/items'), ignore: ['/items/*/at'] },
    found: [],
  },
  {
    what: 'items without a name, in their order',
    primary: [null, 1, {}],
    mirror: [null, 1, { a: 1 }],
    rules: unordered('', '/constructor'),
    found: ['extra /2/a | /*/a'],
  },
]

function unordered(path: string, by?: string): Pick<MirrorComparison, 'unordered'> {
  return { unordered: [{ path, ...(by === undefined ? {} : { by }) }] }
}

const join = (steps: readonly string[]): string =>
  steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

describe('of two JSON values is told', () => {
  for (const { what, primary, mirror, rules, found } of cases) {
    it(what, () => {
      const differences = diffJson(primary, mirror, compileRules(comparisonOf(rules)).json)
      const told = differences?.map(({ kind, steps, pattern }) =>
        join(steps) === join(pattern) ? `${kind} ${join(steps)}` : `${kind} ${join(steps)} | ${join(pattern)}`,
      )
      assert.deepEqual(told?.toSorted(), found.toSorted())
    })
  }
})

function nested(depth: number, leaf: unknown, wrap: (inner: unknown) => unknown): unknown {
  let value = leaf
  for (let i = 0; i < depth; i++) value = wrap(value)
  return value
}

describe('values that are nested too deeply are not compared', () => {
  for (const [what, wrap] of [
    ['objects', (inner: unknown) => ({ a: inner })],
    ['lists', (inner: unknown) => [inner]],
  ] as const) {
    it(what, () => {
      const of = (leaf: number) => nested(100_000, leaf, wrap)
      assert.equal(diffJson(of(1), of(2), compileRules(comparisonOf()).json), undefined)
      const rules = compileRules(comparisonOf(unordered('/**'))).json
      assert.equal(diffJson(of(1), of(2), rules), undefined)
    })
  }
})

it('lists without order within each other are gone through once, not once for each list above', () => {
  const of = (length: number) =>
    nested(
      60,
      Array.from({ length }, (_, i) => i),
      (inner) => [inner, 'and'],
    )
  const steps = diffInSteps(of(12_000), of(11_999), compileRules(comparisonOf(unordered('/**'))).json)
  let pauses = 0
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      assert.deepEqual(
        step.value?.map(({ kind, primary }) => [kind, primary]),
        [['missing', 11_999]],
      )
      break
    }
    pauses++
  }
  // Some hundreds of values between two pauses: it took 1.2 s when each list wrote down all that is below it.
  assert.ok(pauses > 100 && pauses < 1000, `${pauses} pauses`)
})

it('no more differences are told than somebody could read', () => {
  const list = (of: number): readonly number[] => Array.from({ length: 10_000 }, () => of)
  assert.equal(diffJson(list(1), list(2), compileRules(comparisonOf()).json)?.length, 256)
})

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const randomJson = (random: SeededRandom, depth: number): Json => {
  const kind = random.below(depth === 0 ? 4 : 6)
  if (kind === 0) return null
  if (kind === 1) return random.chance(0.5)
  if (kind === 2) return random.below(1000) / 8
  if (kind === 3) return random.pick(['', 'a', '/', '~1', '*', '**', '__proto__', 'é'])
  const size = random.below(5)
  if (kind === 4) return Array.from({ length: size }, () => randomJson(random, depth - 1))
  const names = Array.from({ length: size }, () =>
    random.pick(['a', 'b', '*', 'a/b', '', '0', 'length', 'constructor']),
  )
  return Object.fromEntries(names.map((name) => [name, randomJson(random, depth - 1)]))
}

/** The same with another value at one place, and the steps to it. */
const spoil = (value: Json, random: SeededRandom): { readonly value: Json; readonly steps: readonly string[] } => {
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : []
  if (names.length === 0 || random.chance(0.2)) return { value: 'spoilt', steps: [] }
  const name = random.pick(names)
  const below = spoil(Array.isArray(value) ? value[Number(name)] : Reflect.get(Object(value), name), random)
  const steps = [name, ...below.steps]
  if (Array.isArray(value)) return { value: value.with(Number(name), below.value), steps }
  return { value: { ...Object(value), [name]: below.value }, steps }
}

const reversed = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(reversed).toReversed()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, field]) => [name, reversed(field)]),
  )
}

it('of whatever JSON, one place that is spoilt is found, and nothing beside', () => {
  const random = seededRandom(7)
  const strict = compileRules(comparisonOf({ tolerance: 0 })).json
  const loose = compileRules(comparisonOf(unordered('/**'))).json
  for (let i = 0; i < 3000; i++) {
    const value = randomJson(random, 4)
    const same = structuredClone(value)
    assert.deepEqual(diffJson(value, same, strict), [])
    assert.deepEqual(diffJson(value, reversed(value), loose), [], JSON.stringify(value))
    const spoilt = spoil(value, random)
    const found = diffJson(value, spoilt.value, strict)?.map(({ steps }) => join(steps))
    assert.deepEqual(found, [join(spoilt.steps)], JSON.stringify(value))
    const ignoring = compileRules(comparisonOf({ ignore: [join(spoilt.steps)] })).json
    assert.deepEqual(diffJson(value, spoilt.value, ignoring), [])
  }
})
