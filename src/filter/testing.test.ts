import assert from 'node:assert/strict'
import test from 'node:test'
import { composeChain } from './chain.ts'
import { schema } from './index.ts'
import type { FilterDefinition, RequestView } from './index.ts'
import type { ExchangeRecord } from './record.ts'
import { createExchange, createFakeEnv, createSeededRandom, runChain, runFilter } from './testing.ts'

const refuse: FilterDefinition<{ readonly status: number }> = {
  kind: 'Refuse',
  stage: 'admit',
  config: schema.object({ status: schema.integer() }),
  create: ({ status }, env) => ({
    onRequest: async () => env.reply(status, { headers: [['X-Why', 'no']], reason: 'refused' }),
  }),
}

test('a reply ends the requests: response hooks see it, as in the proxy, and the record says why', async () => {
  const records: ExchangeRecord[] = []
  const late: string[] = []
  const ended: RequestView[] = []
  const filter = refuse.create({ status: 403 }, createFakeEnv())
  const chain = composeChain([
    { stage: 'admit', filter },
    {
      stage: 'shape',
      filter: {
        onRequest: () => void late.push('request'),
        onResponse: () => void late.push('response'),
        onComplete: (record, { request }) => {
          records.push(record)
          ended.push(request)
        },
      },
    },
  ])
  const exchange = createExchange()
  const outcome = await runChain(chain, exchange)
  assert.deepEqual(ended, [exchange.request])
  assert.deepEqual(
    [outcome.kind, outcome.response.status, outcome.response.headers.get('x-why')],
    ['replied', 403, 'no'],
  )
  assert.deepEqual(late, ['response'])
  assert.deepEqual(
    records.map((record) => [record.status, record.details, record.attempts]),
    [[403, 'refused', 0]],
  )
})

test('a response hook may change the answer or replace it', async () => {
  const change = composeChain([
    {
      stage: 'shape',
      filter: { onResponse: ({ response }) => void (response !== undefined && (response.status = 418)) },
    },
  ])
  const changed = await runChain(change, createExchange(), { status: 200, headers: [['A', 'b']] })
  assert.deepEqual([changed.kind, changed.response.status, changed.response.headers.get('a')], ['forwarded', 418, 'b'])
  const env = createFakeEnv()
  const replace = composeChain([{ stage: 'shape', filter: { onResponse: () => env.reply(502) } }])
  assert.equal((await runChain(replace, createExchange())).response.status, 502)
})

test('a bad configuration fails the test that gave it', async () => {
  await assert.rejects(runFilter(refuse, { status: 'no' }), /bad configuration/)
  assert.equal((await runFilter(refuse, { status: 401 })).response.status, 401)
})

test('the environment has a clock that stands still, a log that is kept and a signal', () => {
  const env = createFakeEnv({ nowMs: 1000 })
  env.advance(250)
  env.log('warn', 'careful')
  env.abort()
  assert.deepEqual([env.now(), env.logged, env.signal.aborted], [1250, ['warn: careful'], true])
})

test('chance is spread over its range and repeats with its seed', () => {
  const random = createSeededRandom(5)
  const again = createSeededRandom(5)
  const buckets = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 10_000; i++) {
    const number = random()
    assert.equal(again(), number)
    const bucket = Math.floor(number * 10)
    buckets[bucket] = (buckets[bucket] ?? Number.NaN) + 1
  }
  for (const bucket of buckets) assert.ok(bucket > 850 && bucket < 1150, `buckets: ${buckets.join(' ')}`)
  assert.notEqual(createSeededRandom(6)(), createSeededRandom(5)())
})

test('a fake environment answers calls as the test says, counts, and knows undici', async () => {
  const asked: string[] = []
  const env = createFakeEnv({
    fetch: async (request) => {
      asked.push(`${request.method} ${request.url} ${await request.text()}`)
      return Response.json({ user: 'ann' }, { status: 201, headers: { 'x-a': '1' } })
    },
  })
  const response = await env.fetch('http://auth.shop/check?q=1', { method: 'POST', body: 'token' })
  assert.deepEqual([response.status, await response.json()], [201, { user: 'ann' }])
  const origin = 'http://auth.shop'
  const headers = ['x-b', '2']
  const answer = await env.dispatcher.request({ origin, path: '/again', method: 'PUT', body: 'more', headers })
  assert.deepEqual([answer.statusCode, answer.headers['x-a'], await answer.body.json()], [201, '1', { user: 'ann' }])
  assert.deepEqual(asked, ['POST http://auth.shop/check?q=1 token', 'PUT http://auth.shop/again more'])
  const calls = env.counter('asked_total', { help: 'Calls', labels: ['to'] })
  calls.inc({ to: 'auth' })
  calls.inc({ to: 'cart' }, 2)
  env.histogram('wait_seconds', { help: 'Waits' }).observe(0.2)
  assert.deepEqual([env.counted('asked_total'), env.counted('asked_total', { to: 'cart' })], [3, 2])
  assert.equal(env.observed('wait_seconds'), 1)
})

test('a fake environment without an answer has no Services, and a closed one calls nobody', async () => {
  const env = createFakeEnv()
  await assert.rejects(env.fetch('http://auth.shop/'), { code: 'ENOSERVICE', message: /auth\.shop/ })
  await assert.rejects(env.dispatcher.request({ origin: 'http://auth.shop', path: '/', method: 'GET' }), {
    code: 'ENOSERVICE',
  })
  env.abort()
  await assert.rejects(env.fetch('http://auth.shop/'), { code: 'ECLOSED' })
})

test('timers of a test are called in their order, when it says that their time is over', () => {
  const env = createFakeEnv({ nowMs: 5 })
  const seen: string[] = []
  env.after(20, () => seen.push(`late ${env.now()}`))
  env.after(10, () => {
    seen.push(`early ${env.now()}`)
    env.after(5, () => seen.push(`made ${env.now()}`))
  })
  env.after(10, () => seen.push('never'))()
  env.advance(19)
  assert.deepEqual(seen, ['early 15', 'made 20'])
  env.advance(1)
  assert.deepEqual([seen.at(-1), env.now()], ['late 25', 25])
})
