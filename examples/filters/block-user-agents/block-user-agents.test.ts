import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeEnv, runFilter } from 'fairway/filter/testing'
import blockUserAgents from './block-user-agents.ts'

const config = { deny: ['scrapy', 'curl/7.'], allow: ['our-monitor'] }

for (const [agent, isServed] of [
  ['Mozilla/5.0 (X11; Linux x86_64)', true],
  ['Scrapy/2.11 (+https://scrapy.org)', false],
  ['curl/7.88.1', false],
  ['curl/8.5.0', true],
  ['our-monitor/1 (curl/7.88.1)', true],
  [undefined, true],
] as const) {
  test(`${agent ?? 'nobody'} is ${isServed ? 'served' : 'refused, and counted'}`, async () => {
    const env = createFakeEnv()
    const headers = agent === undefined ? [] : [['User-Agent', agent] as const]
    const { kind, reply } = await runFilter(blockUserAgents, config, { env, exchange: { headers } })
    assert.equal(kind, isServed ? 'forwarded' : 'replied')
    assert.equal(reply?.reason, isServed ? undefined : 'user_agent_refused')
    assert.equal(env.counted('user_agents_refused_total'), isServed ? 0 : 1)
  })
}

test('nobody goes on without a name where one is required', async () => {
  assert.equal((await runFilter(blockUserAgents, { required: true })).response.status, 403)
})
