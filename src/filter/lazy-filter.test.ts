import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createLazyFilter } from './lazy-filter.ts'
import { createExchange } from './testing.ts'

it('a lazy filter is made once, by the first call, and not to be closed', () => {
  let made = 0
  let closed = 0
  const filter = createLazyFilter(['onRequest', 'onComplete'], () => {
    made++
    return { onRequest: ({ request }) => request.headers.set('a', 'b'), close: () => void closed++ }
  })
  assert.deepEqual(Object.keys(filter), ['onRequest', 'onComplete', 'close'])
  filter.onComplete?.({} as never, createExchange())
  filter.close?.()
  assert.deepEqual([made, closed], [0, 0])
  const exchange = createExchange()
  for (let i = 0; i < 2; i++) void filter.onRequest?.(exchange)
  assert.equal(exchange.request.headers.get('a'), 'b')
  filter.close?.()
  assert.deepEqual([made, closed], [1, 1])
})

it('one that cannot be made fails its call, and is tried again', () => {
  let times = 0
  const filter = createLazyFilter(['onRequest'], () => {
    if (times++ === 0) throw new Error('not yet')
    return {}
  })
  assert.throws(() => filter.onRequest?.(createExchange()), /not yet/)
  assert.equal(filter.onRequest?.(createExchange()), undefined)
})
