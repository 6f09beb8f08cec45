import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runFilter, type ExchangeOptions } from 'fairway/filter/testing'
import headersByCondition from './headers-by-condition.ts'

const config = {
  rules: [
    {
      when: { pathPrefix: '/export', methods: ['GET', 'HEAD'] },
      request: { set: { 'x-priority': 'low' } },
      response: { set: { 'cache-control': 'no-store' }, remove: ['server'] },
    },
    { when: { namespaces: ['partners'] }, request: { remove: ['x-debug'] } },
    { when: { hasHeader: 'x-trace-me' }, request: { set: { 'x-priority': 'high' } } },
  ],
}

const cases: readonly (readonly [
  what: string,
  exchange: ExchangeOptions,
  priority: string | undefined,
  debug: string | undefined,
  cacheControl: string | undefined,
])[] = [
  ['an export', { path: '/export/all' }, 'low', '1', 'no-store'],
  ['a POST to an export', { path: '/export/all', method: 'POST' }, undefined, '1', undefined],
  ['something else', { path: '/cart' }, undefined, '1', undefined],
  ['a partner', { path: '/cart', source: { namespace: 'partners' } }, undefined, undefined, undefined],
  ['nobody in particular', { path: '/cart', source: { namespace: undefined } }, undefined, '1', undefined],
]

for (const [what, exchange, priority, debug, cacheControl] of cases) {
  test(`${what} gets what the rules that hold say`, async () => {
    const { request, response } = await runFilter(headersByCondition, config, {
      exchange: { ...exchange, headers: [['x-debug', '1']] },
      response: { headers: [['server', 'app']] },
    })
    assert.equal(request.headers.get('x-priority'), priority)
    assert.equal(request.headers.get('x-debug'), debug)
    assert.equal(response.headers.get('cache-control'), cacheControl)
    assert.equal(response.headers.get('server'), cacheControl === undefined ? 'app' : undefined)
  })
}

test('a later rule writes over what an earlier one set', async () => {
  const { request } = await runFilter(headersByCondition, config, {
    exchange: { path: '/export', headers: [['X-Trace-Me', '']] },
  })
  assert.equal(request.headers.get('x-priority'), 'high')
})

test('a condition that nobody knows is refused: it would never hold, or always', async () => {
  await assert.rejects(runFilter(headersByCondition, { rules: [{ when: { path: '/x' } }] }), /pathPrefix/)
})
