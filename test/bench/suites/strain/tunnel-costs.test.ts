import assert from 'node:assert/strict'
import { test } from 'node:test'
import { solveCosts } from './tunnel-costs.ts'

const growthOf = (connections: number, tunnels: number) => ({
  connections,
  tunnels,
  growthKb: 500 + 70 * connections + 2.5 * tunnels,
})

test('connections, tunnels and the rest are told apart', () => {
  const costs = solveCosts([growthOf(100, 100), growthOf(1000, 1000), growthOf(100, 10_000)])
  assert.deepEqual(
    Object.values(costs).map((value) => Math.round(value * 10) / 10),
    [70, 2.5, 500],
  )
})

test('measurements that cannot tell them apart are refused', () => {
  assert.throws(() => solveCosts([growthOf(1, 1), growthOf(2, 2), growthOf(3, 3)]), /tell/)
  assert.throws(() => solveCosts([growthOf(1, 1)]), /three/)
})
