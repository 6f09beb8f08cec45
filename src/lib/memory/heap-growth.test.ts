import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeapGrowth } from './heap-growth.ts'

test('the largest growth that is asked for counts, until it is given back', () => {
  const applied: number[] = []
  const allow = createHeapGrowth((percent) => applied.push(percent))
  const [first, second] = [allow(200), allow(100)]
  first()
  first()
  second()
  assert.deepEqual(applied, [200, 200, 100, 25])
})
