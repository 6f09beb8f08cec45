import assert from 'node:assert/strict'
import test from 'node:test'
import { composeChain, createExchange, createFakeEnv, runChain, runFilter } from 'fairway/filter/testing'
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

for (const value of ['a_b.shop', 'api.shop:8080', '10.0.0.7', '[fd00::1]', '[fd00::1]:80', 'API']) {
  test(`${value} can be set as host`, async () => {
    const outcome = await runFilter(requestHeaderModifier, { set: [{ name: 'HOST', value }] })
    assert.equal(outcome.request.authority, value)
  })
}

for (const value of ['a b', 'a/b', 'user@a', 'a, b', 'a:b', 'a:65536', 'http://a', 'fd00::1', '[fd00::1', ':80']) {
  test(`${value} cannot be a host, and is refused before a request could fail on it`, async () => {
    const config = { set: [{ name: 'host', value }] }
    await assert.rejects(runFilter(requestHeaderModifier, config), /cannot be a host/)
  })
}

test('the filter of a backend sees what that of the rule left', async () => {
  const modifier = (config: unknown) => {
    const decoded = requestHeaderModifier.config.decode(config, '')
    assert.ok(decoded.ok)
    const filter = requestHeaderModifier.create(decoded.value, createFakeEnv())
    return composeChain([{ stage: requestHeaderModifier.stage, filter }])
  }
  const exchange = createExchange({ headers: [['x-a', 'client']] })
  await runChain(modifier({ set: [{ name: 'x-a', value: 'rule' }], add: [{ name: 'x-b', value: 'rule' }] }), exchange)
  await runChain(modifier({ add: [{ name: 'X-A', value: 'backend' }], remove: ['X-B'] }), exchange)
  assert.deepEqual([exchange.request.headers.get('x-a'), exchange.request.headers.has('x-b')], ['rule, backend', false])
})

for (const config of [{ add: [{ name: 'host', value: 'x' }] }, { remove: ['Host'] }]) {
  test(`${JSON.stringify(config)} is refused: there is exactly one host`, async () => {
    await assert.rejects(runFilter(requestHeaderModifier, config), /exactly one host/)
  })
}
