import assert from 'node:assert/strict'
import test from 'node:test'
import { composeChain, emptyChain } from './chain.ts'
import type { Filter, Stage } from './index.ts'
import { createExchange, runChain } from './testing.ts'

const traced = (trace: string[], name: string): Filter => ({
  onRequest: () => void trace.push(`request ${name}`),
  onResponse: () => void trace.push(`response ${name}`),
  onComplete: () => void trace.push(`complete ${name}`),
})

test('requests pass by stage, then as listed; responses in reverse', async () => {
  const trace: string[] = []
  const listed: readonly (readonly [Stage, string])[] = [
    ['select', 's'],
    ['shape', 'a'],
    ['preflight', 'p'],
    ['shape', 'b'],
    ['admit', 'm'],
    ['identify', 'i'],
  ]
  const chain = composeChain(listed.map(([stage, name]) => ({ stage, filter: traced(trace, name) })))
  await runChain(chain, createExchange())
  const order = ['p', 'i', 'm', 'a', 'b', 's']
  assert.deepEqual(trace, [
    ...order.map((name) => `request ${name}`),
    ...order.toReversed().map((name) => `response ${name}`),
    ...order.map((name) => `complete ${name}`),
  ])
})

test('only hooks that are there are in the chain', () => {
  const chain = composeChain([
    { stage: 'shape', filter: {} },
    { stage: 'shape', filter: { onResponse: () => {} } },
  ])
  assert.deepEqual(
    [chain.filters.length, chain.onRequest.length, chain.onResponse.length, chain.onComplete.length],
    [2, 0, 1, 0],
  )
})

test('a hook finds its filter, although it is called alone', () => {
  const seen: string[] = []
  const filter = {
    name: 'counter',
    onRequest() {
      seen.push(this.name)
    },
  }
  void composeChain([{ stage: 'shape', filter }]).onRequest[0]?.(createExchange())
  assert.deepEqual(seen, ['counter'])
})

test('no filters give the one empty chain', () => {
  assert.equal(composeChain([]), emptyChain)
})
