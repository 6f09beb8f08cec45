import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { afterEach, describe, it } from 'node:test'
import { interceptors, request as undiciRequest } from 'undici'
import { CallBed } from '../../../../test/support/filter/call-bed.ts'
import { until } from '../../../../test/support/mesh/mesh.ts'
import { FilterMetrics } from '../../../filter/env/filter-metrics.ts'
import type { LentEnv } from '../../../filter/env/instance-env.ts'
import { linkEnv } from './link-env.ts'
import type { FromThread, ToThread } from './messages.ts'
import { createThreadEnv } from './thread-env.ts'

const ORIGIN = 'http://auth.shop'

let bed: CallBed
afterEach(() => bed.close())

/** An environment behind messages, which are cloned and arrive later as between threads. */
const start = async (options?: Parameters<typeof CallBed.start>[0]) => {
  bed = await CallBed.start(options)
  const metrics = new FilterMetrics()
  const { dispatcher } = bed.env
  const said: string[] = []
  const later = <T>(receive: (message: T) => void) => {
    return (message: T): void => {
      const copy = structuredClone(message)
      setImmediate(() => receive(copy))
    }
  }
  const link = linkEnv(
    {
      scope: metrics.open('shop/a'),
      forward: () => Promise.reject(new Error('there is no exchange')),
      exchangeOf: () => undefined,
      after: () => () => {},
      // The bed's own limits stand for those of the process.
      dispatch: ({ options: asked, limits }, handler) =>
        void dispatcher.dispatch({ ...asked, headersTimeout: limits.timeoutMs }, handler),
    },
    later<ToThread>((message) => {
      said.push(message.kind)
      thread.receive(message)
    }),
  )
  const heard: FromThread[] = []
  const thread = createThreadEnv(
    1000,
    later<FromThread>((message) => {
      heard.push(message)
      link.receive(message)
    }),
  )
  return { env: thread.lent, metrics, said, heard, link }
}

describe('an environment in a thread', () => {
  it('calls as the one in the process does', async () => {
    const { env } = await start({
      answer: (_request, response, body) => {
        response.writeHead(
          201,
          [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ].flat(),
        )
        response.end(`got ${body}`)
      },
    })
    const init = { method: 'POST', headers: { 'x-a': 'b' }, body: 'token' }
    const response = await env.fetch(`${ORIGIN}/a?b`, init)
    assert.deepEqual([response.status, await response.text()], [201, 'got token'])
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
    const again = await env.dispatcher.request({
      origin: ORIGIN,
      path: '/c',
      method: 'PUT',
      query: { d: 'e f' },
      body: Readable.from(['mo', 're']),
    })
    assert.deepEqual([again.statusCode, await again.body.text()], [201, 'got more'])
    assert.deepEqual(
      bed.asked.map(({ method, url, headers }) => `${method} ${url} ${headers['x-a'] ?? ''}`),
      ['POST /a?b b', 'PUT /c?d=e+f '],
    )
  })

  it('has errors with their codes', async () => {
    const { env } = await start()
    await assert.rejects(env.fetch('http://nobody.shop'), { name: 'CallError', code: 'ENOSERVICE', message: /nobody/ })
    await assert.rejects(env.fetch(ORIGIN, { timeoutMs: -1 }), { code: 'EINVAL' })
    const long = Readable.from([Buffer.alloc(5_000_000), Buffer.alloc(5_000_000)])
    const upload = env.dispatcher.request({ origin: ORIGIN, path: '/', method: 'PUT', body: long })
    await assert.rejects(upload, { code: 'ETOOLARGE' })
    await assert.rejects(env.dispatcher.connect({ origin: ORIGIN, path: '/' }), { code: 'EINVAL' })
  })

  it('is heard when it gives up', async () => {
    const { env, said } = await start({ answer: () => {} })
    const abort = new AbortController()
    const call = env.fetch(ORIGIN, { signal: abort.signal })
    await until(() => bed.asked.length === 1, 'the call to arrive')
    abort.abort()
    await assert.rejects(call, { name: 'AbortError' })
    await until(() => bed.mesh.counters.openUpstreamConnections === 0, 'the connection to be closed')
    assert.deepEqual(said, [])
  })

  it('takes its calls along when it ends', async () => {
    const { env, said, link } = await start({ answer: () => {} })
    env.fetch(ORIGIN).catch(() => {})
    await until(() => bed.asked.length === 1, 'the call to arrive')
    link.close()
    await until(() => bed.mesh.counters.openUpstreamConnections === 0, 'the connection to be closed')
    assert.deepEqual(said, [])
  })

  it('can be slow to read', async () => {
    const bytes = 4 * 1024 * 1024
    const { env } = await start({ answer: (_request, response) => void response.end(Buffer.alloc(bytes)) })
    const { body } = await env.dispatcher.request({ origin: ORIGIN, path: '/', method: 'GET', headersTimeout: 30_000 })
    let read = 0
    for await (const piece of body) {
      read += (piece as Buffer).length
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(read, bytes)
  })

  it('serves interceptors', async () => {
    let tries = 0
    const { env } = await start({
      answer: (_request, response) => void (++tries < 3 ? response.writeHead(503).end() : response.end('well')),
    })
    const dispatcher = env.dispatcher.compose(interceptors.retry({ minTimeout: 1 }))
    assert.equal(await (await undiciRequest(ORIGIN, { dispatcher })).body.text(), 'well')
  })

  it('says little of what is counted very often, and no more than is kept', async () => {
    const { env, metrics, heard } = await start()
    const hits = env.counter('hits_total', { help: 'Hits', labels: ['tenant'] })
    for (let i = 0; i < 50_000; i++) hits.inc({ tenant: String(i % 1000) })
    for (let i = 0; i < 500; i++) env.counter(`hits_${i}_total`, { help: 'Hits' }).inc()
    const countOf = (name: string) =>
      (metrics.dump().find((one) => one.name === `fairway_filter_${name}`)?.series ?? []).reduce(
        (sum, { numbers }) => sum + (numbers[0] ?? 0),
        0,
      )
    await until(() => countOf('hits_total') === 50_000, 'the numbers')
    assert.equal(metrics.dump().find(({ name }) => name === 'fairway_filter_hits_total')?.series.length, 201)
    assert.equal(countOf('series_overflow_total'), 40_000)
    assert.deepEqual([countOf('hits_98_total'), countOf('hits_99_total')], [1, 0])
    const counted = heard.flatMap((message) => (message.kind === 'counted' ? [message.counts] : []))
    assert.equal(heard.filter(({ kind }) => kind === 'metric').length, 100)
    assert.ok(counted.length <= 3 && counted.flat().length <= 102)
  })

  it('has its metrics kept in the process, by the same rules', async () => {
    const { env, metrics } = await start()
    const make = (lent: Pick<LentEnv, 'counter' | 'histogram'>) => ({
      hits: lent.counter('hits_total', { help: 'Hits', labels: ['tenant'] }),
      waits: lent.histogram('wait', { help: 'Waits', buckets: [1, 2] }),
    })
    const { hits, waits } = make(env)
    hits.inc({ tenant: 'a' })
    hits.inc({ tenant: 'a' }, 2)
    waits.observe(1.5)
    assert.throws(() => env.counter('errors_total', { help: '' }), /the proxy's own/)
    await until(() => (metrics.dump()[1]?.series[0]?.numbers[1] ?? 0) === 1, 'the numbers')
    assert.deepEqual(
      metrics.dump().map(({ name, series }) => [name, series]),
      [
        ['fairway_filter_hits_total', [{ values: ['a'], numbers: [3] }]],
        ['fairway_filter_wait', [{ values: [], numbers: [0, 1, 0, 1.5] }]],
      ],
    )
  })
})
