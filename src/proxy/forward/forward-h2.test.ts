import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import { Mesh, VIP, until } from '../../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../../test/support/mesh/mesh.ts'
import { backendOf } from '../../../test/support/models.ts'
import { createBackendCa } from '../../../test/support/tls/backend-ca.ts'
import { answerEach, serveTls } from '../../../test/support/tls/tls-app.ts'
import { arrivals } from '../../../test/support/turns.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import type { BackendTls } from '../../model/endpoint.ts'
import type { BackendLimits } from '../../model/backend/backend-policy.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'

let mesh: Mesh
let server: Http2Server
const sessions: ServerHttp2Session[] = []
afterEach(async () => {
  await mesh.close()
  server?.close()
  for (const session of sessions.splice(0)) session.destroy()
})

type Respond = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void
const ca = createBackendCa()
const HOST = 'orders.shop.svc'

const put = (port: number, tls?: BackendTls): void => {
  const endpoints = [mesh.endpoint('127.0.0.1', { transport: 'plain', port })]
  const parts = { protocol: 'http2', endpoints, ...(tls === undefined ? {} : { tls }) } as const
  const keys = ['api', 'shadow'].map((name) => formatEndpointKey('shop', name, 80))
  mesh.apply(mesh.model({ endpoints: keys.map((key) => ({ key, ...parts })) }))
}

/** A waypoint before an application that speaks HTTP/2 alone. */
const start = async (respond: Respond, options: MeshOptions = {}): Promise<void> => {
  server = createServer()
  server.on('session', (session) => sessions.push(session))
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    respond(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  mesh = await Mesh.start(options)
  put((server.address() as AddressInfo).port)
}

const answer = (stream: ServerHttp2Stream, status: number, body: string): void => {
  stream.respond({ ':status': status })
  stream.end(body)
}

describe('an HTTP/1.1 client and an endpoint that speaks HTTP/2', () => {
  it('exchange bodies and trailers both ways', async () => {
    await start((stream) => {
      let sent: IncomingHttpHeaders = {}
      stream.on('trailers', (fields) => (sent = fields))
      stream.respond({ ':status': 200, 'x-a': 'b' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': `${String(sent['x-sum'])} too` }))
      stream.pipe(stream)
    })
    const tunnel = await mesh.tunnel()
    const chunks = '5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n'
    const { head, body, trailers } = await tunnel.request('POST', '/', 'transfer-encoding: chunked\r\n', chunks)
    assert.deepEqual([head.status, head.headers.get('x-a'), String(body)], [200, 'b', 'hello'])
    assert.deepEqual(trailers?.fields, ['x-sum', '5 too'])
    await tunnel.get()
    assert.equal(sessions.length, 1)
  })

  it('share what is kept, however many clients there are', async () => {
    await start((stream) => answer(stream, 200, 'ok'))
    const tunnels = await Promise.all(Array.from({ length: 20 }, () => mesh.tunnel()))
    for (const { head } of await Promise.all(tunnels.map((tunnel) => tunnel.get()))) assert.equal(head.status, 200)
    assert.equal(sessions.length, 1)
  })
})

describe('limits of the Service port, and HTTP/2', () => {
  const limited = async (limits: BackendLimits, respond: Respond): Promise<readonly Promise<number>[]> => {
    await start(respond)
    server.updateSettings({ maxConcurrentStreams: 2 })
    const { port } = server.address() as AddressInfo
    const endpoints = [mesh.endpoint('127.0.0.1', { transport: 'plain', port })]
    const key = formatEndpointKey('shop', 'api', 80)
    mesh.apply(mesh.model({ endpoints: [{ key, protocol: 'http2', endpoints, policy: { source: 'test', limits } }] }))
    const tunnels = await Promise.all(Array.from({ length: 9 }, () => mesh.tunnel()))
    return tunnels.map(async (tunnel) => (await tunnel.get()).head.status)
  }

  it('have requests share a connection, and wait while it has no room', async () => {
    const limits = { maxConnections: 1, maxRequests: 100, maxPendingRequests: 10 }
    let most = 0
    let open = 0
    const asked = await limited(limits, (stream) => {
      most = Math.max(most, ++open)
      setImmediate(() => {
        open--
        answer(stream, 200, 'ok')
      })
    })
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([200]))
    assert.deepEqual([sessions.length, most, mesh.counters.pendingRequests], [1, 2, 0])
  })

  it('refuse what would need one connection more', async () => {
    const held: ServerHttp2Stream[] = []
    const asked = await limited({ maxConnections: 1 }, (stream) => void held.push(stream))
    await until(() => mesh.counters.upstreamOverflow.connections === 7)
    assert.deepEqual([held.length, sessions.length], [2, 1])
    for (const stream of held) answer(stream, 200, 'ok')
    const statuses = await Promise.all(asked)
    assert.equal(statuses.filter((status) => status === 503).length, 7)
    const late = (await mesh.tunnel()).get()
    await until(() => held.length === 3)
    answer(held[2] ?? assert.fail(), 200, 'ok')
    assert.equal((await late).head.status, 200)
  })
})

describe('a request to an endpoint that speaks HTTP/2', () => {
  it('is sent again after an answer that the route does not want, body and all', async () => {
    let count = 0
    await start(
      (stream) => {
        let got = ''
        stream.on('data', (chunk: Buffer) => (got += String(chunk)))
        stream.on('end', () => answer(stream, ++count < 3 ? 503 : 200, got))
      },
      { rule: { retry: { codes: [503], attempts: 2, backoffMs: 1 } } },
    )
    const { head, body } = await (await mesh.tunnel()).request('PUT', '/', 'content-length: 4\r\n', 'body')
    assert.deepEqual([head.status, String(body)], [200, 'body'])
    const { attempts, flags } = await mesh.record(1)
    assert.deepEqual([attempts, flags], [3, '-'])
    assert.equal(sessions.length, 1)
  })

  it('is sent again when its stream was refused, whatever its method', async () => {
    let count = 0
    await start((stream) => (++count === 1 ? stream.close(7) : answer(stream, 200, 'ok')))
    const { head } = await (await mesh.tunnel()).request('POST', '/', 'content-length: 1\r\n', 'x')
    assert.equal(head.status, 200)
    const { attempts, tries } = await mesh.record(1)
    assert.deepEqual([attempts, tries[0]?.reason], [2, 'refused'])
  })

  it('is given up when its answer does not begin in time; the connection goes on', async () => {
    const clock = createFakeClock()
    let lost = 0
    await start(
      (stream, headers) => {
        stream.on('aborted', () => lost++)
        if (headers[':path'] !== '/slow') answer(stream, 200, 'ok')
      },
      { clock, deadlines: { ...defaultDeadlines, responseHeadMs: 2000 } },
    )
    const tunnel = await mesh.tunnel()
    const slow = tunnel.request('GET', '/slow')
    await until(() => sessions.length === 1)
    await arrivals()
    await advanceInSteps(clock, 5000)
    assert.equal((await slow).head.status, 504)
    await until(() => lost === 1)
    assert.equal((await tunnel.get()).head.status, 200)
    assert.equal(sessions.length, 1)
  })

  it('is reset when its client goes in the middle of the answer', async () => {
    let code: number | undefined
    await start((stream) => {
      stream.respond({ ':status': 200 })
      stream.write('half')
      stream.on('close', () => (code = stream.rstCode))
    })
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => tunnel.partial.bytes === 4)
    tunnel.channel.abort()
    await until(() => code === 8)
    assert.equal(sessions.length, 1)
    assert.equal((await mesh.record(1)).flags, 'DC')
  })

  it('whose answer breaks off in the middle breaks off for the client', async () => {
    await start((stream) => {
      stream.respond({ ':status': 200, 'content-length': '10' })
      stream.write('half')
      setImmediate(() => sessions[0]?.destroy())
    })
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    assert.equal(await tunnel.ended, 'reset-error')
    assert.match((await mesh.record(1)).upstreamFailure, /^HTTP\/2 with 127\.0\.0\.1:\d+ was/)
  })

  it('whose answer is empty, and has no end, ends with its client', async () => {
    await start((stream) => stream.respond({ ':status': 200, 'content-length': '0' }))
    const client = await openInner(await mesh.dial(), VIP)
    let status = ''
    const head = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api']
    const onHeaders = (fields: readonly string[]): void => void (status = fields[1] ?? '')
    client.h2.open(head, { ...ignoreStream, onHeaders }, true)
    await until(() => status === '200')
    client.reset(true)
    assert.equal((await mesh.record(1)).flags, 'DC')
  })

  it('may have trailers behind an answer of no bytes', async () => {
    await start((stream) => {
      stream.respond({ ':status': 200, 'content-length': '0' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '0' }))
      stream.end()
    })
    const client = await openInner(await mesh.dial(), VIP)
    const heads: (readonly string[])[] = []
    const head = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api']
    const over = Promise.withResolvers<void>()
    const onHeaders = (fields: readonly string[]): void => void heads.push(fields)
    client.h2.open(head, { ...ignoreStream, onHeaders, onEnd: over.resolve }, true)
    await over.promise
    assert.deepEqual(heads[1], ['x-sum', '0'])
  })

  it('is copied to a mirror that speaks HTTP/2 too', async () => {
    const seen: string[] = []
    const { service, endpoints } = backendOf('shadow')
    const mirror = { service, endpoints, numerator: 1, denominator: 1, origin: 'the test' }
    await start(
      (stream) => {
        stream.on('data', (chunk: Buffer) => seen.push(String(chunk)))
        stream.on('end', () => answer(stream, 200, 'ok'))
      },
      { rule: { mirrors: [mirror] } },
    )
    await (await mesh.tunnel()).request('POST', '/', 'content-length: 4\r\n', 'twin')
    await until(() => mesh.counters.openMirrors === 0)
    assert.deepEqual([seen, mesh.counters.mirrorsDropped], [['twin', 'twin'], 0])
  })
})

describe('an application that speaks HTTP/2 is told that the client asked by', () => {
  const cases: readonly (readonly [target: string, fields: string, scheme: string, proto: string])[] = [
    ['/', '', 'http', 'http'],
    ['/', 'x-forwarded-proto: https\r\n', 'https', 'https'],
    ['https://api/', '', 'https', 'http'],
  ]
  for (const [target, fields, scheme, proto] of cases) {
    it(`${scheme}, where it asked for ${target} with ${JSON.stringify(fields)}`, async () => {
      const seen: unknown[] = []
      await start((stream, headers) => {
        seen.push(headers[':scheme'], headers['x-forwarded-proto'])
        answer(stream, 200, 'ok')
      })
      assert.equal((await (await mesh.tunnel()).get(target, fields)).head.status, 200)
      assert.deepEqual(seen, [scheme, proto])
    })
  }

  it('https, where that is the :scheme of HTTP/2', async () => {
    const seen: unknown[] = []
    await start((stream, headers) => {
      seen.push(headers[':scheme'])
      answer(stream, 200, 'ok')
    })
    const { h2 } = await openInner(await mesh.dial(), VIP)
    const over = Promise.withResolvers<void>()
    const fields = [
      ':method',
      'GET',
      ':scheme',
      'https',
      ':authority',
      'api',
      ':path',
      '/',
      'x-forwarded-proto',
      'http',
    ]
    h2.open(fields, { ...ignoreStream, onEnd: over.resolve }, true)
    await over.promise
    assert.deepEqual(seen, ['https'])
  })
})

it('where TLS does not agree on HTTP/2, HTTP goes as HTTP/1.1 and gRPC not at all', async () => {
  await start(() => {})
  const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
  await using app = await serveTls(ca.issue([HOST]), { address: '127.0.0.1' }, answerEach(ok))
  put(app.port, ca.tls(HOST))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 200)
  const refused = await tunnel.request(
    'POST',
    '/',
    'content-length: 0\r\ncontent-type: application/grpc\r\nte: trailers\r\n',
  )
  assert.equal(refused.head.headers.get('grpc-status'), '14')
  assert.match(
    (await mesh.record(2)).upstreamFailure,
    /TLS of 127\.0\.0\.1:\d+ did not agree on HTTP\/2, which gRPC needs/,
  )
})
