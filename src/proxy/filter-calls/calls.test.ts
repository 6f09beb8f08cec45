import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { afterEach, describe, it } from 'node:test'
import { CallBed } from '../../../test/support/filter/call-bed.ts'
import { until } from '../../../test/support/mesh/mesh.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'

let bed: CallBed
afterEach(() => bed.close())

const ORIGIN = 'http://auth.shop'

describe('env.fetch', () => {
  it('asks a Service by its name, with method, path, fields and body', async () => {
    bed = await CallBed.start()
    const response = await bed.env.fetch(`${ORIGIN}/check?a=b%20c`, {
      method: 'POST',
      headers: { 'x-tenant': 'a', authorization: 'Bearer x' },
      body: 'token',
    })
    assert.deepEqual([response.status, await response.text()], [200, 'hello'])
    const [asked] = bed.asked
    assert.ok(asked)
    const {
      host,
      authorization,
      'x-tenant': tenant,
      'content-length': length,
      'accept-encoding': coding,
    } = asked.headers
    assert.deepEqual([asked.method, asked.url, asked.body], ['POST', '/check?a=b%20c', 'token'])
    assert.deepEqual([host, authorization, tenant, length], ['auth.shop', 'Bearer x', 'a', '5'])
    assert.equal(coding, 'identity')
    assert.deepEqual(bed.counted(), { 'shop/auth 2xx': 1 })
  })

  it('reaches pods of the mesh by HBONE, where they see the identity of the waypoint', async () => {
    bed = await CallBed.start()
    const response = await bed.env.fetch('http://api.shop.svc.cluster.local/')
    assert.equal(response.status, 200)
    assert.match(await response.text(), /./)
    const [tunnel] = bed.mesh.pod.tunnels
    assert.match(tunnel?.authority ?? '', /:8080$/)
    assert.equal(tunnel?.requests[0]?.head.host, 'api.shop.svc.cluster.local')
  })

  it('uses a connection again', async () => {
    bed = await CallBed.start()
    for (let i = 0; i < 3; i++) await (await bed.env.fetch(ORIGIN)).text()
    assert.equal(bed.mesh.counters.upstreamConnectionsTotal, 1)
  })

  it('gives fields that come several times, and JSON', async () => {
    bed = await CallBed.start({
      answer: (_request, response) => {
        response.writeHead(
          201,
          'Made',
          [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
            ['x-y', 'z'],
          ].flat(),
        )
        response.end('{"user":"ann"}')
      },
    })
    const response = await bed.env.fetch(ORIGIN)
    assert.deepEqual([response.status, response.statusText, response.headers.get('x-y')], [201, 'Made', 'z'])
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
    assert.deepEqual(await response.json(), { user: 'ann' })
  })

  it('carries large bodies in both directions, as they come', async () => {
    const big = Buffer.alloc(3_000_000, 'x')
    bed = await CallBed.start({ answer: (_request, response, body) => void response.end(body) })
    const pieces = Readable.from([big.subarray(0, 1_000_000), big.subarray(1_000_000)])
    const response = await bed.env.fetch(ORIGIN, {
      method: 'PUT',
      body: Readable.toWeb(pieces) as ReadableStream,
      duplex: 'half',
      maxBytes: 4_000_000,
      timeoutMs: 30_000,
    })
    assert.equal((await response.arrayBuffer()).byteLength, big.length)
    assert.equal(bed.asked[0]?.headers['transfer-encoding'], 'chunked')
  })

  it('takes forms and URL parameters, as Node has them', async () => {
    bed = await CallBed.start()
    const form = new FormData()
    form.set('user', 'ann')
    await (await bed.env.fetch(ORIGIN, { method: 'POST', body: form })).text()
    await (await bed.env.fetch(ORIGIN, { method: 'POST', body: new URLSearchParams({ user: 'ann' }) })).text()
    assert.match(bed.asked[0]?.body ?? '', /name="user"\r\n\r\nann/)
    assert.equal(bed.asked[1]?.body, 'user=ann')
  })

  it('hands back a redirect', async () => {
    bed = await CallBed.start({
      answer: (_request, response) => void response.writeHead(302, { location: '/login' }).end(),
    })
    const response = await bed.env.fetch(ORIGIN)
    assert.deepEqual([response.status, response.headers.get('location')], [302, '/login'])
    await response.text()
  })

  it('follows one to the same host when asked to, and never to another', async () => {
    bed = await CallBed.start({
      answer: (request, response) => {
        const location = request.url === '/same' ? '/end' : 'http://api.shop/'
        if (request.url === '/end') response.end('there')
        else response.writeHead(307, { location }).end()
      },
    })
    assert.equal(await (await bed.env.fetch(`${ORIGIN}/same`, { redirect: 'follow' })).text(), 'there')
    await assert.rejects(bed.env.fetch(`${ORIGIN}/other`, { redirect: 'follow' }), {
      code: 'ENOTALLOWED',
      message: 'http://auth.shop redirects to http://api.shop, which is another host: not followed',
    })
  })

  it('passes no filter, and says in its request how deep it is', async () => {
    bed = await CallBed.start()
    await (await bed.env.fetch(ORIGIN)).text()
    await (await bed.env.fetch(ORIGIN, { headers: { 'x-fairway-filter-hops': '3' } })).text()
    assert.deepEqual(
      bed.asked.map(({ headers }) => headers['x-fairway-filter-hops']),
      ['1', '4'],
    )
    assert.deepEqual(bed.mesh.records, [])
    for (const hops of ['4', 'x']) {
      await assert.rejects(bed.env.fetch(ORIGIN, { headers: { 'x-fairway-filter-hops': hops } }), { code: 'ELOOP' })
    }
  })

  it('leaves out what only the waypoint may say, or what speaks of a connection', async () => {
    bed = await CallBed.start()
    const headers = { 'x-forwarded-client-cert': 'By=me', te: 'gzip', 'x-istio-anything': '1', 'x-mine': '2' }
    await (await bed.env.fetch(ORIGIN, { headers })).text()
    const fields = bed.asked[0]?.headers ?? {}
    assert.deepEqual(
      Object.keys(headers).filter((name) => name in fields),
      ['x-mine'],
    )
  })

  it('is over with its signal', async () => {
    bed = await CallBed.start({ answer: () => {} })
    const abort = new AbortController()
    const call = bed.env.fetch(ORIGIN, { signal: abort.signal })
    await until(() => bed.asked.length === 1, 'the call to arrive')
    abort.abort()
    await assert.rejects(call, { name: 'AbortError' })
    assert.deepEqual(bed.counted(), { 'shop/auth aborted': 1 })
    await until(() => bed.mesh.counters.openUpstreamConnections === 0, 'the connection to be closed')
  })

  it('ends when the filter is closed', async () => {
    bed = await CallBed.start({ answer: () => {} })
    const call = bed.env.fetch(ORIGIN)
    await until(() => bed.asked.length === 1, 'the call to arrive')
    const { env } = bed
    bed.mesh.apply(bed.mesh.model())
    await assert.rejects(call, { code: 'ECLOSED', message: 'Service shop/auth:80: the filter was closed meanwhile' })
    assert.ok(env.signal.aborted)
    await assert.rejects(env.fetch(ORIGIN), { code: 'ECLOSED' })
    assert.deepEqual(bed.metrics.dump(), [])
  })

  it('has nine tenths of a second to the end of its answer, or what it asks for', async () => {
    const clock = createFakeClock()
    bed = await CallBed.start({ clock, answer: (_request, response) => void response.write('half') })
    const late = bed.env.fetch(ORIGIN)
    const patient = bed.env.fetch(ORIGIN, { timeoutMs: 5000 })
    const texts = await Promise.all([late, patient])
    clock.advance(900)
    const why = /terminated|no whole answer within 900 ms/
    await assert.rejects(
      texts[0].text(),
      (error: Error) => why.test(error.message) && /900 ms/.test(String(error.cause)),
    )
    assert.deepEqual(bed.counted(), { 'shop/auth ETIMEDOUT': 1 })
    clock.advance(4100)
    await assert.rejects(texts[1].text(), (error: Error) => /5000 ms/.test(String(error.cause)))
  })

  it('does not keep a connection for an answer that nobody reads', async () => {
    const clock = createFakeClock()
    bed = await CallBed.start({ clock, answer: (_request, response) => void response.end(Buffer.alloc(900_000)) })
    await bed.env.fetch(ORIGIN)
    assert.equal(bed.mesh.counters.openUpstreamConnections, 1)
    clock.advance(1000)
    await until(() => bed.mesh.counters.openUpstreamConnections === 0, 'the connection to be closed')
    assert.deepEqual(bed.counted(), { 'shop/auth ETIMEDOUT': 1 })
  })

  it('may have a thousand calls under way, and all of them end with the filter', async () => {
    bed = await CallBed.start({ answer: () => {} })
    const calls = Array.from({ length: 1000 }, () => bed.env.fetch(ORIGIN, { timeoutMs: 60_000 }))
    const ends = Promise.allSettled(calls)
    await assert.rejects(bed.env.fetch(ORIGIN), { code: 'EOVERFLOW', message: /Caller has 1000 calls under way/ })
    bed.mesh.apply(bed.mesh.model())
    const codes = (await ends).map((end) =>
      end.status === 'rejected' ? (end.reason as { code: string }).code : 'none',
    )
    assert.deepEqual(new Set(codes), new Set(['ECLOSED']))
  })

  it('may wait a minute at most', async () => {
    bed = await CallBed.start()
    for (const timeoutMs of [0, -1, Number.NaN, 60_001]) {
      await assert.rejects(bed.env.fetch(ORIGIN, { timeoutMs }), { code: 'EINVAL', message: /^timeoutMs: / })
    }
    await assert.rejects(bed.env.fetch(ORIGIN, { maxBytes: 1e9 }), { code: 'EINVAL', message: /^maxBytes: / })
  })

  for (const [how, announced] of [
    ['says so', true],
    ['does not say so', false],
  ] as const) {
    it(`refuses an answer that is too long and ${how}`, async () => {
      bed = await CallBed.start({
        answer: (_request, response) => {
          if (announced) response.setHeader('content-length', 2000)
          response.write('x'.repeat(1000))
          response.end('x'.repeat(1000))
        },
      })
      const whole = (async () => (await bed.env.fetch(ORIGIN, { maxBytes: 1999 })).text())()
      await assert.rejects(whole, (error: Error) => /more than 1999 bytes/.test(String(error.cause ?? error)))
      assert.deepEqual(bed.counted(), { 'shop/auth ETOOLARGE': 1 })
    })
  }

  const FAILING: readonly (readonly [url: string, code: string, message: string])[] = [
    [
      'http://nobody.shop',
      'ENOSERVICE',
      'no Service of that name in the configuration: shop/nobody (nobody.shop:80); hosts outside of the mesh: --filter-egress',
    ],
    [
      'http://auth.shop:8080',
      'ENOSERVICE',
      'Service shop/auth has no port 8080: it has 80; hosts outside of the mesh: --filter-egress',
    ],
    ['http://empty.shop', 'ENOENDPOINT', 'Service shop/empty:80: no endpoint of it is ready'],
    [
      'https://auth.shop:80',
      'EINVAL',
      'https://auth.shop:80: a Service of the mesh is called by http://; mutual TLS is the mesh’s business',
    ],
    [
      'https://example.com',
      'ENOTALLOWED',
      'no Service of that name in the configuration: com/example (example.com:443); hosts outside of the mesh: --filter-egress',
    ],
    [
      'http://169.254.169.254/latest',
      'ENOSERVICE',
      'no Service of that name in the configuration: 169.254.169.254:80; hosts outside of the mesh: --filter-egress',
    ],
  ]
  for (const [url, code, message] of FAILING) {
    it(`says why nobody answers at ${url}`, async () => {
      bed = await CallBed.start()
      await assert.rejects(bed.env.fetch(url), { name: 'CallError', code, message })
    })
  }
})

describe('limits of the Service', () => {
  it('hold for calls as for requests', async () => {
    bed = await CallBed.start({
      answer: (request, response) => {
        if (request.url === '/wait') setTimeout(() => response.end(), 20)
        else response.end()
      },
      authPolicy: { limits: { maxRequests: 1 } },
    })
    const first = bed.env.fetch(`${ORIGIN}/wait`)
    await until(() => bed.asked.length === 1, 'the first to arrive')
    await assert.rejects(bed.env.fetch(ORIGIN), { code: 'EOVERFLOW' })
    await (await first).text()
  })
})
