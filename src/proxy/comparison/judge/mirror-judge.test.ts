import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { comparisonOf } from '../../../../test/support/comparison.ts'
import { backendOf } from '../../../../test/support/models.ts'
import { seededRandom, type SeededRandom } from '../../../../test/support/random.ts'
import { runSteps } from '../../../lib/steps/run-steps.ts'
import type { MirrorComparison } from '../../../model/comparison/mirror-comparison.ts'
import type { ReadAnswer } from './compare-answers.ts'
import { MirrorJudge } from './mirror-judge.ts'

const judgeOf = (settings: Partial<MirrorComparison> = {}): MirrorJudge => {
  const { service, endpoints } = backendOf('next')
  const mirror = { service, endpoints, numerator: 1, denominator: 1, origin: 'HTTPRoute shop/api rules[0].filters[0]' }
  return new MirrorJudge(comparisonOf(settings), mirror)
}
const json = (value: unknown, parts: Partial<ReadAnswer> = {}): ReadAnswer => ({
  status: 200,
  headers: ['application/json'],
  grpcStatus: undefined,
  body: { kind: 'json', value, bytes: Buffer.alloc(0) },
  ...parts,
})
const seen = { method: 'GET', path: '/orders/7?token=a', atMs: 5 }

/** An answer as services give them: what is the same each time, and what never is. */
const noisyAnswer = (order: number, random: SeededRandom): Record<string, unknown> => {
  const items = [1, 2, 3, 4].map((id) => ({
    id,
    price: order * id + random.fraction() * 1e-12,
    token: `t${random.below(1e9)}`,
    ...(random.chance(0.3) ? { hint: 'few left' } : {}),
  }))
  const shuffled = items.map((item) => ({ item, at: random.fraction() })).toSorted((a, b) => a.at - b.at)
  return {
    order,
    requestId: `${random.below(2 ** 31)}`,
    servedAt: new Date(random.below(2 ** 31)).toISOString(),
    tookMs: random.fraction() * 10,
    items: shuffled.map(({ item }) => item),
    tags: random.chance(0.5) ? ['new', 'large'] : ['large', 'new'],
    // Keys that are names of things.
    traces: { [`s${random.below(1e9)}`]: { of: 'api' } },
    replica: random.chance(0.02) ? 'slow' : 'fast',
    state: random.chance(0.2) ? null : 'open',
  }
}
const rules: Partial<MirrorComparison> = {
  unordered: [{ path: '/items', by: '/id' }, { path: '/tags' }],
  noise: { percent: 10, methods: ['GET'], samples: 300 },
}

describe('answers with times, names, chance and lists without order', () => {
  const random = seededRandom(20261122)
  const judge = judgeOf(rules)
  const run = (requests: number, spoil: (answer: Record<string, unknown>, order: number) => void): void => {
    for (let order = 0; order < requests; order++) {
      const answer = (): ReadAnswer => json(noisyAnswer(order, random))
      const primary = answer()
      if (random.chance(0.1)) runSteps(judge.learn(primary, answer()))
      const value = noisyAnswer(order, random)
      spoil(value, order)
      runSteps(judge.judge(primary, json(value), { ...seen, atMs: order }))
    }
  }

  it('are different in less than one pair of a thousand', () => {
    run(20_000, () => {})
    const { outcomes, noise } = judge.read()
    const judged = outcomes.same + outcomes.different
    assert.ok(judged > 15_000 && outcomes.learning > 2000, JSON.stringify(outcomes))
    assert.ok(outcomes.different / judged < 0.001, `${outcomes.different} of ${judged}`)
    assert.deepEqual(
      noise.paths.filter(({ isSuspect }) => isSuspect),
      [],
    )
  })

  it('and a mistake among them is named by its path', () => {
    const before = judge.read().outcomes.different
    run(1000, (answer, order) => {
      if (order % 10 !== 0 || !Array.isArray(answer['items'])) return
      answer['items'] = answer['items'].map((item) => (item.id === 3 ? { ...item, price: item.price + 1 } : item))
    })
    const { outcomes, differences } = judge.read()
    assert.ok(outcomes.different - before >= 100)
    const [first] = differences
    assert.equal(first?.path, 'body /items/*/price')
    assert.equal(first.count, 100)
  })
})

it('nothing counts before enough is known, but for requests that the primary never gets twice', () => {
  const judge = judgeOf({ noise: { percent: 10, methods: ['GET'], samples: 2 } })
  runSteps(judge.judge(json(1), json(2), seen))
  runSteps(judge.judge(json(1), json(2), { ...seen, method: 'POST' }))
  runSteps(judge.learn(json(1), json(1)))
  runSteps(judge.learn(json(1), json(1)))
  runSteps(judge.judge(json(1), json(2), seen))
  const { outcomes, differences } = judge.read()
  assert.deepEqual([outcomes.learning, outcomes.different, differences[0]?.count], [1, 2, 2])
})

it('a difference that turns out to be noise is not listed any more', () => {
  const judge = judgeOf()
  runSteps(judge.judge(json({ a: 1, b: 1 }), json({ a: 2, b: 2 }), seen))
  runSteps(judge.learn(json({ a: 1 }), json({ a: 2 })))
  assert.deepEqual(
    judge.read().differences.map(({ path }) => path),
    ['body /b'],
  )
})

describe('of a difference people see', () => {
  const found = (a: unknown, b: unknown, settings: Partial<MirrorComparison> = {}) => {
    const judge = judgeOf(settings)
    runSteps(judge.judge(json(a), json(b), seen))
    return judge.read().differences[0]
  }

  it('where and when it was, and both values', () => {
    assert.deepEqual(found({ list: [{ of: 'a' }] }, { list: [{ of: 'b' }] }), {
      path: 'body /list/*/of',
      kind: 'value',
      count: 1,
      firstAtMs: 5,
      lastAtMs: 5,
      example: {
        method: 'GET',
        path: '/orders/7?token=(hidden)',
        place: 'body /list/0/of',
        primary: '"a"',
        mirror: '"b"',
      },
    })
  })

  for (const [what, a, b, primary, mirror] of [
    ['no secret by its name', { password: 'x' }, { password: 'y' }, '(hidden)', '(hidden)'],
    ['no secret below such a name', { tokens: [{ a: 1 }] }, { tokens: [{ a: 2 }] }, '(hidden)', '(hidden)'],
    ['no secret by its form', { a: 'Bearer abcdefgh' }, { a: 1 }, '"Bearer (hidden)"', '1'],
    ['how much there is of what is large', { a: { b: 1 } }, { a: [1, 2] }, 'an object with 1 fields', 'a list of 2'],
    ['the begin of long texts', 'a'.repeat(500), 'b', `"${'a'.repeat(119)}…`, '"b"'],
    ['what is not there', { a: 1 }, {}, '1', undefined],
  ] as const) {
    it(what, () => {
      const example = found(a, b)?.example
      assert.deepEqual([example?.primary, example?.mirror], [primary, mirror])
    })
  }

  it('no values where they are not to be shown', () => {
    const example = found({ a: 1 }, { a: 2 }, { showsValues: false })?.example
    assert.deepEqual(Object.keys(example ?? {}), ['method', 'path', 'place'])
  })
})

it('secrets that are keys are not shown either, different or noise', () => {
  const judge = judgeOf()
  const of = (key: string) => json({ [`eyJhbGciOi.${key}.sig`]: 1 })
  runSteps(judge.judge(of('abc'), json({}), seen))
  runSteps(judge.learn(of('def'), of('ghi')))
  assert.doesNotMatch(JSON.stringify(judge.read()), /abc|def|ghi/)
})

it('places that come and go give way to one that comes again', () => {
  const judge = judgeOf()
  for (let i = 0; i < 300; i++) {
    const price = i % 50 === 0 ? { price: i } : {}
    runSteps(judge.judge(json({ [`a${i}`]: 1, price: -1 }), json({ price: -1, ...price }), seen))
  }
  const { differences, omitted } = judge.read()
  assert.deepEqual([differences.length, differences[0]?.path, differences[0]?.count], [100, 'body /price', 6])
  assert.equal(omitted, 201)
})

it('the list of places has an end, and says so', () => {
  const judge = judgeOf()
  const of = (value: number) => json(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`field${i}`, value])))
  runSteps(judge.judge(of(1), of(2), seen))
  const { differences, omitted } = judge.read()
  assert.deepEqual([differences.length, omitted], [100, 50])
})
