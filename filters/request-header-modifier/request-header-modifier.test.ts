import assert from 'node:assert/strict'
import test from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import requestHeaderModifier from './request-header-modifier.ts'

test('the request is changed, the response is not', async () => {
  const outcome = await runFilter(
    requestHeaderModifier,
    { set: [{ name: 'X-Header-Set', value: 'new' }], remove: ['X-Gone'] },
    {
      exchange: {
        headers: [
          ['x-header-set', 'old'],
          ['x-gone', '1'],
        ],
      },
      response: { headers: [['x-gone', '2']] },
    },
  )
  assert.deepEqual([...outcome.request.headers], [['x-header-set', 'new']])
  assert.deepEqual([...outcome.response.headers], [['x-gone', '2']])
})

test('set host replaces the authority, and leaves no header beside it', async () => {
  const outcome = await runFilter(requestHeaderModifier, { set: [{ name: 'Host', value: 'other.shop' }] })
  assert.equal(outcome.request.authority, 'other.shop')
  assert.equal(outcome.request.headers.has('host'), false)
})

for (const config of [{ add: [{ name: 'host', value: 'x' }] }, { remove: ['Host'] }]) {
  test(`${JSON.stringify(config)} is refused: there is exactly one host`, async () => {
    await assert.rejects(runFilter(requestHeaderModifier, config), /exactly one host/)
  })
}
