import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { LoadBalancing } from '../../model/backend/backend-policy.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { EndpointPool } from '../upstream/pool.ts'
import { endpointsOf } from '../../../test/support/models.ts'
import { FakePools } from '../../../test/support/upstream/fake-pools.ts'
import { pickAll } from '../../../test/support/upstream/pick-all.ts'
import { hashText } from '../../lib/hash/hash-text.ts'

const PICKS = 100_000
const addressesOf = (size: number): readonly string[] =>
  Array.from({ length: size }, (_, i) => `10.0.${i >> 8}.${i & 255}`)

const groupOf = (size: number, loadBalancing: LoadBalancing): EndpointGroup => ({
  ...endpointsOf('api', addressesOf(size)),
  policy: { source: 'BackendPolicy shop/api', loadBalancing },
})

const count = (
  group: EndpointGroup,
  pick: (i: number) => EndpointPool | undefined,
  picks = PICKS,
): readonly number[] => {
  const counts = new Map(group.endpoints.map(({ address }) => [address, 0]))
  for (let i = 0; i < picks; i++) {
    const address = pick(i)?.endpoint.address ?? assert.fail('nobody')
    counts.set(address, (counts.get(address) ?? 0) + 1)
  }
  return [...counts.values()]
}

/** How far counts are from `shares`, which add up to 1. */
const chiSquared = (counts: readonly number[], shares: readonly number[]): number => {
  const all = counts.reduce((sum, n) => sum + n, 0)
  return counts.reduce((sum, n, i) => sum + (n - all * (shares[i] ?? 0)) ** 2 / (all * (shares[i] ?? 0)), 0)
}

const even = (size: number): readonly number[] => Array.from({ length: size }, () => 1 / size)

/** By degrees of freedom: one in a thousand of even distributions is above it. */
const LIMITS: ReadonlyMap<number, number> = new Map([
  [1, 10.83],
  [2, 13.82],
  [9, 27.88],
  [99, 148.23],
])
const limitOf = (size: number): number => LIMITS.get(size - 1) ?? assert.fail(`no limit for ${size}`)

const hashed: LoadBalancing = { algorithm: 'ConsistentHash', key: { type: 'SourceAddress' } }
const algorithms: readonly LoadBalancing[] = [
  { algorithm: 'RoundRobin' },
  { algorithm: 'LeastRequest' },
  { algorithm: 'Random' },
  hashed,
  { ...hashed, maxLoadPercent: 125 },
]
for (const loadBalancing of algorithms) {
  const { algorithm } = loadBalancing
  const name = 'maxLoadPercent' in loadBalancing ? `bounded ${algorithm}` : algorithm
  for (const size of [2, 3, 10, 100]) {
    test(`${name} gives each of ${size} endpoints the same`, () => {
      const pools = new FakePools()
      const group = groupOf(size, loadBalancing)
      const counts = count(group, (i) => pools.balancer.pickEndpoint(group, [], hashText(`key-${i}`)))
      assert.ok(chiSquared(counts, even(size)) < limitOf(size), counts.join(' '))
    })
  }
}

test('without anything to hash the choice is by chance', () => {
  const pools = new FakePools()
  const group = groupOf(10, hashed)
  const counts = count(group, () => pools.balancer.pickEndpoint(group, []))
  assert.ok(chiSquared(counts, even(10)) < limitOf(10))
})

for (const algorithm of ['RoundRobin', 'LeastRequest', 'Random'] as const) {
  test(`${algorithm}: who has asked for rest has a tenth of what the others have`, () => {
    const pools = new FakePools()
    const group = groupOf(3, { algorithm })
    const [, second] = group.endpoints.map((endpoint) => pools.poolOf(endpoint))
    second?.health.rest(60_000)
    const counts = count(group, () => pools.balancer.pickEndpoint(group, []))
    assert.ok(chiSquared(counts, [10 / 21, 1 / 21, 10 / 21]) < limitOf(3) * 2, counts.join(' '))
    pools.advance(60_250)
    const after = count(group, () => pools.balancer.pickEndpoint(group, []))
    assert.ok(chiSquared(after, even(3)) < limitOf(3), after.join(' '))
    assert.equal(pools.health.noted.size, 0)
  })
}

test('turns of eight requests give who has asked for rest a tenth too', () => {
  const turns = { turn: 0 }
  const pools = new FakePools(turns)
  const group = groupOf(3, { algorithm: 'RoundRobin' })
  pools.poolOf(group.endpoints[2] ?? assert.fail()).health.rest(60_000)
  const counts = count(group, (i) => {
    if (i % 24 === 0) turns.turn++
    return pools.balancer.pickEndpoint(group, [])
  })
  const [first = 0, second = 0, third = 0] = counts
  assert.ok(Math.abs(first - second) < first * 0.05, counts.join(' '))
  assert.ok(third > first * 0.08 && third < first * 0.12, counts.join(' '))
})

test('least request of two: who is busy gets less, and nobody who is busier than all others', () => {
  const pools = new FakePools()
  const group = groupOf(10, { algorithm: 'LeastRequest' })
  for (const [i, endpoint] of group.endpoints.entries()) pools.poolOf(endpoint).active = i
  const counts = count(group, () => pools.balancer.pickEndpoint(group, []))
  // Of 90 pairs the i-th is the lesser one in 2 × (9 - i).
  const shares = Array.from({ length: 10 }, (_, i) => (2 * (9 - i)) / 90)
  assert.equal(counts.at(-1), 0)
  assert.ok(chiSquared(counts.slice(0, 9), shares.slice(0, 9)) < limitOf(10), counts.join(' '))
})

for (const size of [2, 3, 10, 100]) {
  test(`when one of ${size} endpoints goes only its keys move, and to all of the others`, () => {
    const keys = 20_000
    const addresses = addressesOf(size)
    const before = pickAll(keys, addresses)
    const gone = addresses[size >> 1] ?? ''
    const after = pickAll(keys, addresses.filter((address) => address !== gone).toReversed())
    const moved = before.filter((address, i) => address !== after[i])
    assert.deepEqual(new Set(moved), new Set([gone]))
    assert.ok(moved.length <= (1.1 * keys) / size, `${moved.length} of ${keys}`)
    const heirs = new Set(after.filter((_, i) => before[i] === gone))
    assert.ok(size > 10 || heirs.size === size - 1)
  })
}

test('an ejected endpoint gives its keys to others, and has the same ones when it is back', () => {
  const pools = new FakePools()
  const group = groupOf(10, hashed)
  const pickKeys = () =>
    Array.from({ length: 5000 }, (_, i) => pools.balancer.pickEndpoint(group, [], hashText(`${i}`)))
  const before = pickKeys()
  const gone = pools.poolOf(group.endpoints[3] ?? assert.fail())
  for (let i = 0; i < 3; i++) {
    const trying = pools.balancer.trying(group, gone, pools.clock.monotonicMs())
    pools.balancer.outcomes.onUnreachable(trying, { kind: 'timeout', message: 'late' })
  }
  const during = pickKeys()
  assert.equal(during.includes(gone), false)
  assert.deepEqual(new Set(before.filter((pool, i) => pool !== during[i])), new Set([gone]))
  pools.advance(1000)
  pools.balancer.outcomes.onConnected(pools.balancer.trying(group, gone, pools.clock.monotonicMs()))
  assert.deepEqual(pickKeys(), before)
})

test('a retry of a key goes to the next one of that key, which has its share of them', () => {
  const pools = new FakePools()
  const group = groupOf(10, hashed)
  const seconds = count(
    group,
    (i) => {
      const hash = hashText(`key-${i}`)
      const first = pools.balancer.pickEndpoint(group, [], hash) ?? assert.fail()
      const second = pools.balancer.pickEndpoint(group, [first], hash)
      assert.notEqual(second, first)
      assert.equal(pools.balancer.pickEndpoint(group, [first], hash), second)
      return second
    },
    50_000,
  )
  assert.ok(chiSquared(seconds, even(10)) < limitOf(10), seconds.join(' '))
})

test('bounded load: no endpoint has more than its share of the mean, whatever the keys', () => {
  const pools = new FakePools()
  const group = groupOf(5, { ...hashed, maxLoadPercent: 125 })
  const hash = hashText('everybody')
  const first = pools.balancer.pickEndpoint(group, [], hash)
  for (let active = 1; active <= 500; active++) {
    const pool = pools.balancer.pickEndpoint(group, [], hash)
    assert.ok(pool)
    pool.active++
    assert.ok(pool.active <= Math.ceil((active * 1.25) / 5))
  }
  assert.equal(first?.active, 125)
})

test('processes agree on every key, whatever order they know the endpoints in', () => {
  const script = fileURLToPath(import.meta.resolve('../../../test/support/upstream/pick-all.ts'))
  const addresses = addressesOf(17)
  const other = execFileSync(process.execPath, [script, '5000', ...addresses.toReversed()], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(other), pickAll(5000, addresses))
})
