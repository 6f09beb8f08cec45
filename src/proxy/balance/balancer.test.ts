import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyChain } from '../../filter/chain.ts'
import type { BackendPlan, EndpointGroup, RulePlan } from '../../snapshot/snapshot.ts'
import { backendOf, endpointsOf, ruleOf } from '../../../test/support/models.ts'
import { FakePools } from '../../../test/support/upstream/fake-pools.ts'
import type { EndpointPool } from '../upstream/pool.ts'

const backend = (name: string, weight: number): BackendPlan => {
  const { service, endpoints } = backendOf(name)
  return { kind: 'service', weight, destination: service, endpoints, chain: emptyChain, mirrors: [] }
}

const rule = (...weights: readonly number[]): RulePlan => ({
  route: 'HTTPRoute/shop/api',
  name: '0',
  chain: emptyChain,
  backends: weights.map((weight, index) => backend(`b${index}`, weight)),
  isGuarded: false,
  totalWeight: weights.reduce((sum, weight) => sum + weight, 0),
  timeouts: undefined,
  retry: undefined,
  mirrors: [],
  closed: undefined,
  source: ruleOf(),
})

const cases: readonly { readonly weights: readonly number[]; readonly picks: string }[] = [
  { weights: [1], picks: '000' },
  { weights: [1, 1], picks: '0101' },
  { weights: [2, 1], picks: '010010' },
  { weights: [5, 1, 1], picks: '0010200' },
  { weights: [0, 3], picks: '111' },
  { weights: [1, 0, 1], picks: '0202' },
]
for (const { weights, picks } of cases) {
  test(`weights ${weights.join(':')} give ${picks}`, () => {
    const { balancer } = new FakePools()
    const plan = rule(...weights)
    const picked = Array.from(picks, () => plan.backends.indexOf(balancer.pickBackend(plan) ?? backend('none', 0)))
    assert.equal(picked.join(''), picks)
  })
}

test('90 to 10 is exact over each hundred, and never two canaries in a row', () => {
  const { balancer } = new FakePools()
  const plan = rule(90, 10)
  let before = 0
  for (let hundred = 0; hundred < 5; hundred++) {
    let canary = 0
    for (let i = 0; i < 100; i++) {
      const at = plan.backends.indexOf(balancer.pickBackend(plan) ?? backend('none', 0))
      assert.ok(at === 0 || before === 0)
      before = at
      canary += at
    }
    assert.equal(canary, 10)
  }
})

test('rules count for themselves; no weight gives nothing', () => {
  const { balancer } = new FakePools()
  const [a, b] = [rule(1, 1), rule(1, 1)]
  assert.equal(balancer.pickBackend(a), a.backends[0])
  assert.equal(balancer.pickBackend(b), b.backends[0])
  assert.equal(balancer.pickBackend(a), a.backends[1])
  assert.equal(balancer.pickBackend(rule(0, 0)), undefined)
  assert.equal(balancer.pickBackend(rule()), undefined)
})

test('endpoints come in turn; one that failed is passed over while there is another', () => {
  const { balancer } = new FakePools()
  const group: EndpointGroup = endpointsOf('api', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  const pick = (...avoid: readonly (EndpointPool | undefined)[]): EndpointPool | undefined =>
    balancer.pickEndpoint(
      group,
      avoid.flatMap((pool) => pool ?? []),
    )
  const first = pick()
  assert.deepEqual(
    [first, pick(), pick(), pick()].map((pool) => pool?.endpoint.address),
    ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1'],
  )
  const second = pick()
  assert.equal(second?.endpoint.address, '10.0.0.2')
  pick()
  assert.equal(pick(first)?.endpoint.address, '10.0.0.2')
  const alone: EndpointGroup = endpointsOf('one', ['10.0.0.9'])
  const only = balancer.pickEndpoint(alone, [])
  assert.ok(only)
  assert.equal(balancer.pickEndpoint(alone, [only]), only)
  assert.equal(balancer.pickEndpoint(endpointsOf('none', []), []), undefined)
})

test('of those that failed the one that failed last is the last to be tried again', () => {
  const { balancer } = new FakePools()
  const group: EndpointGroup = endpointsOf('api', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  for (let i = 0; i < 12; i++) {
    const tried: EndpointPool[] = []
    for (let n = 0; n < 6; n++) {
      const next = balancer.pickEndpoint(group, tried)
      assert.ok(next)
      if (n < 3) assert.ok(!tried.includes(next))
      else assert.notEqual(next, tried.at(-1))
      tried.push(next)
      // Others have their turns meanwhile.
      for (let k = 0; k < i; k++) balancer.pickEndpoint(group, [])
    }
  }
})

test('in one turn of the loop a few requests go to the same endpoint, and over time each gets the same', () => {
  const turns = { turn: 0 }
  const { balancer } = new FakePools(turns)
  const group: EndpointGroup = endpointsOf('api', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  const counts = new Map<string, number>()
  let changes = 0
  let before = ''
  for (let i = 0; i < 1200; i++) {
    if (i % 40 === 0) turns.turn++
    const address = balancer.pickEndpoint(group, [])?.endpoint.address ?? ''
    counts.set(address, (counts.get(address) ?? 0) + 1)
    if (address !== before) changes++
    before = address
  }
  assert.deepEqual([...counts.values()], [400, 400, 400])
  assert.ok(changes <= 600, `${changes} changes`)
})

for (const [perTurn, endpoints] of [
  [10, 2],
  [3, 2],
  [9, 4],
  [1, 3],
]) {
  test(`of ${perTurn} requests a turn each of ${endpoints} endpoints gets the same`, () => {
    const turns = { turn: 0 }
    const { balancer } = new FakePools(turns)
    const group = endpointsOf(
      'api',
      Array.from({ length: endpoints ?? 0 }, (_, i) => `10.0.0.${i}`),
    )
    const counts = new Map<string, number>()
    for (let i = 0; i < 1200; i++) {
      if (i % (perTurn ?? 1) === 0) turns.turn++
      const address = balancer.pickEndpoint(group, [])?.endpoint.address ?? ''
      counts.set(address, (counts.get(address) ?? 0) + 1)
    }
    const [least, most] = [Math.min(...counts.values()), Math.max(...counts.values())]
    assert.equal(counts.size, endpoints)
    assert.ok(most - least <= 8, `${least} to ${most}`)
  })
}

for (const [size, refreshes] of [
  [100, 50],
  [1000, 1],
] as const) {
  test(`of ${size} endpoints it is found out ${refreshes} times who may be picked while 50 are ejected at once`, () => {
    const pools = new FakePools()
    const group = endpointsOf(
      'api',
      Array.from({ length: size }, (_, i) => `10.0.${i >> 8}.${i & 255}`),
    )
    const pick = (): EndpointPool => pools.balancer.pickEndpoint(group, []) ?? assert.fail()
    pick()
    pools.clock.advance(10)
    const seen = new Set<readonly EndpointPool[]>()
    const dead = pools.balancer.pools(group).slice(0, 50)
    for (const pool of dead) {
      pools.health.noteSilent(pool.health, 'silence')
      pick()
      seen.add(pools.balancer.eligible(group))
    }
    assert.equal(seen.size, refreshes)
    pools.clock.advance(5)
    const picked = Array.from({ length: size * 2 }, pick)
    assert.equal(
      picked.some((pool) => dead.includes(pool)),
      false,
    )
  })
}

const hundred = Array.from({ length: 100 }, (_, i) => `10.0.0.${i + 100}`)
for (const { name, sets } of [
  { name: 'the last one comes and goes', sets: [hundred, hundred.slice(0, -1)] },
  { name: 'the first one comes and goes', sets: [hundred, hundred.slice(1)] },
  { name: 'a tenth is replaced', sets: [hundred.slice(10), hundred.slice(0, 90)] },
  { name: 'each change takes away another one', sets: hundred.map((gone) => hundred.filter((one) => one !== gone)) },
]) {
  test(`turns go on where they were while endpoints change: ${name}`, () => {
    const { balancer } = new FakePools()
    const counts = new Map(hundred.map((address) => [address, 0]))
    for (let change = 0; change < 400; change++) {
      const group: EndpointGroup = endpointsOf('api', sets[change % sets.length] ?? [])
      for (let i = 0; i < 7; i++) {
        const address = balancer.pickEndpoint(group, [])?.endpoint.address ?? assert.fail()
        counts.set(address, (counts.get(address) ?? 0) + 1)
      }
    }
    const always = hundred.filter((address) => sets.length > 2 || sets.every((set) => set.includes(address)))
    const had = always.map((address) => counts.get(address) ?? 0)
    assert.ok(Math.max(...had) - Math.min(...had) <= 2, had.join(' '))
  })
}

test('an endpoint that goes in the middle of its turn takes none of the next one’s, and gives it none', () => {
  const turns = { turn: 0 }
  const { balancer } = new FakePools(turns)
  const pick = (...addresses: readonly string[]): string | undefined =>
    balancer.pickEndpoint(endpointsOf('api', addresses), [])?.endpoint.address
  const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
  const first = Array.from({ length: 10 }, () => pick(a, b, c))
  assert.deepEqual(first, [...Array.from({ length: 8 }, () => a), b, b])
  assert.deepEqual(
    Array.from({ length: 9 }, () => pick(a, c)),
    [...Array.from({ length: 8 }, () => c), a],
  )
})
