import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createFakeClock, type FakeClock } from '../../test/support/fake-clock.ts'
import type { Answer, ClientTunnel } from '../../test/support/mesh/client-tunnel.ts'
import { Mesh, until } from '../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../test/support/mesh/pod.ts'
import { arrivals } from '../../test/support/turns.ts'
import { INTERNAL_ERROR } from '../../src/http/h2/constants.ts'
import { commandFilters } from '../../src/proxy/apply/command-filters.ts'
import compression from '../compression/compression.ts'
import { defineApp } from '../../src/filter/app/define-app.ts'
import type { AppPlugin } from '../../src/filter/app/build-app.ts'
import responseCache from './response-cache.ts'

let mesh: Mesh
afterEach(() => mesh.close())

/** Requests that the pod has got and not answered. */
let waiting: PodTunnel[] = []
let clock: FakeClock

const start = async (config: object = {}, kinds = [responseCache.kind]): Promise<void> => {
  waiting = []
  clock = createFakeClock()
  mesh = await Mesh.start({
    clock,
    filters: [responseCache, compression],
    rule: { filters: kinds.map((kind) => ({ kind, config: kind === responseCache.kind ? config : {}, origin: kind })) },
    pods: [{ onRequest: (tunnel) => void waiting.push(tunnel) }],
  })
}

const head = (fields: string, status = '200 OK'): string => `HTTP/1.1 ${status}\r\n${fields}`
const HELLO = head('cache-control: max-age=5\r\netag: "1"\r\ncontent-length: 5\r\n\r\nhello')
const arrived = (count: number): Promise<void> => until(() => mesh.pod.requests === count, `request ${count}`)
const answer = (index: number, text: string): void => void waiting[index]?.write(text)

/** Asks for what nobody has asked for yet; `HELLO` is kept then, for five seconds. */
const keepHello = async (tunnel: ClientTunnel, path = '/'): Promise<Answer> => {
  const first = tunnel.get(path)
  await arrived(1)
  answer(0, HELLO)
  return first
}

describe('a cache in the data path', () => {
  it('leaves what passes as it is, and answers the next one without a backend', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    const missed = await keepHello(tunnel)
    assert.deepEqual(
      [missed.head.headers.get('content-length'), missed.head.headers.get('cache-status')],
      ['5', 'fairway; fwd=uri-miss; stored'],
    )
    const hit = await tunnel.get()
    assert.equal(String(hit.body), 'hello')
    assert.deepEqual([hit.head.headers.get('content-length'), hit.head.headers.get('age')], ['5', '0'])
    const { body, head: only } = await tunnel.request('HEAD', '/')
    assert.deepEqual([body.length, only.headers.get('content-length')], [0, '5'])
    const known = await tunnel.get('/', 'if-none-match: "1"\r\n')
    assert.deepEqual([known.head.status, known.body.length], [304, 0])
    assert.equal(mesh.pod.requests, 1)
    const { details, attempts, status } = await mesh.record(4)
    assert.deepEqual([details, attempts, status], ['cache_hit', 0, 304])
  })

  it('keeps an empty body', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    const first = tunnel.get()
    await arrived(1)
    answer(0, head('cache-control: max-age=60\r\ncontent-length: 0\r\n\r\n'))
    await first
    assert.equal((await tunnel.get()).body.length, 0)
    assert.equal(mesh.pod.requests, 1)
  })

  it('is purged by those who operate it', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    await keepHello(tunnel, '/a')
    const order = { kind: 'ResponseCache', command: 'purge', parameters: { path: '/a' } }
    const origin = 'ResponseCache'
    assert.deepEqual(await commandFilters(mesh.plane.snapshot, order, clock), [
      { origin, result: { forgotten: 1, left: 0 } },
    ])
    assert.deepEqual(await commandFilters(mesh.plane.snapshot, { ...order, parameters: { a: 'b' } }, clock), [
      { origin, failure: 'a: purge takes path, prefix and host, or all=true' },
    ])
    for (const none of [{ kind: 'Compression' }, { origin: 'elsewhere' }])
      assert.deepEqual(await commandFilters(mesh.plane.snapshot, { ...order, ...none }, clock), [])
    const next = tunnel.get('/a')
    await arrived(2)
    answer(1, HELLO)
    await next
  })

  it('does not keep what breaks off', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await arrived(1)
    answer(0, head('cache-control: max-age=60\r\ncontent-length: 9\r\n\r\nhalf'))
    await until(() => tunnel.received > 0)
    waiting[0]?.reset(INTERNAL_ERROR)
    assert.equal(await tunnel.ended, 'reset-error')
    const next = (await mesh.tunnel()).get()
    await arrived(2)
    answer(1, HELLO)
    assert.equal(String((await next).body), 'hello')
  })

  it('does not keep what was asked for before something has changed it', async () => {
    await start()
    const [reading, writing] = [await mesh.tunnel(), await mesh.tunnel()]
    const old = reading.get()
    await arrived(1)
    const change = writing.request('PUT', '/')
    await arrived(2)
    answer(1, head('content-length: 0\r\n\r\n', '204 No Content'))
    await change
    answer(0, HELLO)
    assert.equal(String((await old).body), 'hello')
    const next = reading.get()
    await arrived(3)
    answer(2, HELLO)
    await next
  })

  it('asks again for what is stale, while others wait, and tells them the same', async () => {
    await start()
    const [one, other] = [await mesh.tunnel(), await mesh.tunnel()]
    await keepHello(one)
    clock.advance(5000)
    const again = [one.get(), other.get()]
    await arrived(2)
    await arrivals()
    answer(1, head('cache-control: max-age=60\r\netag: "1"\r\n\r\n', '304 Not Modified'))
    const got = await Promise.all(again)
    assert.deepEqual(
      got.map(({ body, head: { status } }) => `${status} ${String(body)}`),
      ['200 hello', '200 hello'],
    )
    assert.equal(mesh.pod.requests, 2)
    assert.equal(mesh.records.filter(({ attempts }) => attempts === 1).length, 2)
  })

  it('passes on what is newer as it comes, and keeps it', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    await keepHello(tunnel)
    clock.advance(5000)
    const again = tunnel.get()
    await arrived(2)
    answer(1, head('cache-control: max-age=60\r\ncontent-length: 5\r\n\r\nworld'))
    const { head: newer, body } = await again
    assert.deepEqual([newer.headers.get('content-length'), String(body)], ['5', 'world'])
    assert.equal(String((await tunnel.get()).body), 'world')
    assert.equal(mesh.counters.activeExchanges, 0)
  })
})

describe('an answer that is asked for again', () => {
  it('is left to its backend when the client is gone before it has come', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    await keepHello(tunnel)
    clock.advance(5000)
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await arrived(2)
    tunnel.channel.reset(INTERNAL_ERROR)
    await until(() => mesh.counters.activeExchanges === 1)
    answer(1, head('cache-control: max-age=60\r\ncontent-length: 100\r\n\r\nbegun'))
    await until(() => mesh.counters.activeExchanges === 0, 'the request of the cache to be given up')
  })

  /** A page that knows its tag, in the waypoint. */
  const plugin: AppPlugin = async (app) => {
    app.get('/', (request, reply) => {
      reply.headers({ 'cache-control': 'max-age=5', etag: '"1"' })
      return request.headers['if-none-match'] === '"1"' ? reply.code(304).send() : reply.send('hello')
    })
  }

  for (const order of [
    ['App', 'ResponseCache'],
    ['ResponseCache', 'App'],
  ])
    it(`comes from the App that gave it, in the order ${order.join()}`, async () => {
      clock = createFakeClock()
      mesh = await Mesh.start({
        clock,
        filters: [responseCache, defineApp({ plugin, config: undefined })],
        rule: {
          filters: order.map((kind) => ({
            kind,
            config: kind === 'App' ? { config: {}, limits: { body: 1024 } } : {},
            origin: kind,
          })),
        },
        pods: [{ onRequest: (pod) => pod.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\npod') }],
      })
      const tunnel = await mesh.tunnel()
      for (const status of ['fwd=uri-miss; stored', 'hit; fwd=stale; fwd-status=304', 'hit; ttl=5']) {
        const { head: got, body } = await tunnel.get()
        assert.deepEqual(
          [got.status, String(body), got.headers.get('cache-status')],
          [200, 'hello', `fairway; ${status}`],
        )
        if (!status.includes('304')) clock.advance(5000)
      }
      assert.equal(mesh.pod.requests, 0)
    })
})

describe('requests for the same at the same time', () => {
  const ask = async (count: number): Promise<Promise<string>[]> => {
    const tunnels = await Promise.all(Array.from({ length: count }, () => mesh.tunnel()))
    return tunnels.map(async (tunnel) => String((await tunnel.get()).body))
  }

  it('are one request to the backend', async () => {
    await start()
    const answers = await ask(20)
    await arrived(1)
    await arrivals()
    answer(0, HELLO)
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(['hello']))
    assert.equal(mesh.pod.requests, 1)
    assert.equal(mesh.records.filter(({ details }) => details === 'cache_collapsed').length, 19)
  })

  it('each go their way when the answer is for one alone', async () => {
    await start()
    const answers = await ask(3)
    await arrived(1)
    answer(0, head('cache-control: no-store\r\ncontent-length: 3\r\n\r\nown'))
    await arrived(3)
    for (const index of [1, 2]) answer(index, head('cache-control: no-store\r\ncontent-length: 3\r\n\r\nown'))
    assert.deepEqual(await Promise.all(answers), ['own', 'own', 'own'])
    const later = await ask(2)
    await arrived(5)
    for (const index of [3, 4]) answer(index, HELLO)
    await Promise.all(later)
  })

  it('have the next one go when the first one is gone', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    const client = mesh.clients.at(-1)
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await arrived(1)
    const answers = await ask(3)
    await arrivals()
    client?.destroy()
    await arrived(2)
    await arrivals()
    answer(1, HELLO)
    assert.deepEqual(await Promise.all(answers), ['hello', 'hello', 'hello'])
    assert.equal(mesh.pod.requests, 2)
  })

  it('take no more memory on their way than what is kept may', async () => {
    await start({ maxBytes: 65_536, maxResponseBytes: 32_768 })
    const tunnels = await Promise.all(Array.from({ length: 4 }, () => mesh.tunnel()))
    const answers = tunnels.map(async (tunnel, index) => (await tunnel.get(`/${index}`)).body.length)
    await arrived(4)
    const half = 'x'.repeat(15_000)
    const pieces = head('cache-control: max-age=60\r\ncontent-length: 30000\r\n\r\n')
    for (let index = 0; index < 3; index++) answer(index, pieces + half)
    await arrivals()
    for (let index = 0; index < 3; index++) answer(index, half)
    await until(() => mesh.records.length === 3)
    assert.equal(mesh.records.filter(({ details }) => details === 'via_upstream').length, 3)
    // And all of it is given back.
    answer(3, pieces + half + half)
    assert.deepEqual(await Promise.all(answers), [30_000, 30_000, 30_000, 30_000])
    assert.equal((await tunnels[0]?.get('/3'))?.head.headers.get('cache-status'), 'fairway; hit; ttl=60')
  })

  it('wait for nobody who was gone before it was his turn', async () => {
    await start()
    const [first, second] = [await mesh.tunnel(), await mesh.tunnel()]
    first.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await arrived(1)
    second.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => mesh.counters.activeExchanges === 2)
    for (const tunnel of [second, first]) {
      tunnel.channel.reset(INTERNAL_ERROR)
      await arrivals()
    }
    const [third] = await ask(1)
    await arrived(2)
    answer(1, HELLO)
    assert.equal(await third, 'hello')
  })

  it('do not wait for a client that does not read for longer than they may', async () => {
    await start({ maxWait: '1s', maxBytes: 64 << 20, maxResponseBytes: 32 << 20 })
    const slow = await mesh.tunnel()
    slow.isReading = false
    slow.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await arrived(1)
    const bytes = 8 << 20
    answer(0, head(`cache-control: max-age=60\r\ncontent-length: ${bytes}\r\n\r\n`))
    void waiting[0]?.download(bytes)
    await until(() => (mesh.pod.tunnels[0]?.stream.queuedBytes ?? 0) > 0 && slow.unread > 0)
    const [other] = await ask(1)
    await arrivals()
    assert.equal(mesh.pod.requests, 1)
    clock.advance(1000)
    await arrived(2)
    answer(1, HELLO)
    assert.equal(await other, 'hello')
  })
})

it('what is compressed, and tagged, comes of one response that is kept', async () => {
  await start({}, ['Compression', 'ResponseCache'])
  const tunnel = await mesh.tunnel()
  const text = 'what is sent, '.repeat(200)
  const gzip = 'accept-encoding: gzip\r\n'
  const first = tunnel.get('/', gzip)
  await arrived(1)
  answer(
    0,
    head(
      `cache-control: max-age=60\r\netag: "1"\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
    ),
  )
  for (const got of [await first, await tunnel.get('/', gzip)]) {
    const { headers } = got.head
    assert.deepEqual(
      ['content-encoding', 'etag', 'vary'].map((name) => headers.get(name)),
      ['gzip', 'W/"1"', 'Accept-Encoding'],
    )
    assert.equal(gunzipSync(got.body).toString(), text)
  }
  const plain = await tunnel.get()
  assert.deepEqual([plain.head.headers.get('etag'), String(plain.body)], ['"1"', text])
  const known = await tunnel.get('/', `${gzip}if-none-match: W/"1"\r\n`)
  assert.deepEqual(
    [known.head.status, known.head.headers.get('etag'), known.head.headers.get('vary')],
    [304, 'W/"1"', 'Accept-Encoding'],
  )
  assert.equal(mesh.pod.requests, 1)
})
