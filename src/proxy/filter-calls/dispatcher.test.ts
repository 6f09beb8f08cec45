import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, describe, it } from 'node:test'
import { fetch as undiciFetch, interceptors, request as undiciRequest, RetryAgent } from 'undici'
import { CallBed } from '../../../test/support/filter/call-bed.ts'
import { until } from '../../../test/support/mesh/mesh.ts'
import { arrivals } from '../../../test/support/turns.ts'

let bed: CallBed
afterEach(() => bed.close())

const ORIGIN = 'http://auth.shop'

describe('env.dispatcher', () => {
  it('has undici’s own methods', async () => {
    bed = await CallBed.start({ answer: (_request, response, body) => void response.end(`got ${body}`) })
    const { dispatcher } = bed.env
    const { statusCode, headers, body } = await dispatcher.request({
      origin: ORIGIN,
      path: '/a',
      method: 'POST',
      query: { b: 'c d' },
      headers: { 'x-one': ['1', '2'] },
      body: Readable.from(['to', 'ken']),
    })
    assert.deepEqual([statusCode, headers['content-length'], await body.text()], [200, '9', 'got token'])
    const pieces: Buffer[] = []
    const sink = new PassThrough()
    const collected = buffer(sink).then((bytes) => pieces.push(bytes))
    await dispatcher.stream({ origin: ORIGIN, path: '/b', method: 'PUT', body: Buffer.from('more') }, () => sink)
    await collected
    assert.equal(String(pieces[0]), 'got more')
    const duplex = dispatcher.pipeline({ origin: ORIGIN, path: '/c', method: 'PUT' }, ({ body: answer }) => answer)
    duplex.end('piped')
    assert.equal(await text(duplex), 'got piped')
    assert.deepEqual(
      bed.asked.map(({ method, url }) => `${method} ${url}`),
      ['POST /a?b=c+d', 'PUT /b', 'PUT /c'],
    )
    assert.equal(bed.asked[0]?.headers['x-one'], '1, 2')
  })

  it('serves undici’s free functions, its fetch and its interceptors', async () => {
    let tries = 0
    bed = await CallBed.start({
      answer: (request, response) => {
        if (request.url === '/flaky' && ++tries < 3) response.writeHead(503).end()
        else response.end(request.url)
      },
    })
    const { dispatcher } = bed.env
    assert.equal(await (await undiciRequest(`${ORIGIN}/a`, { dispatcher })).body.text(), '/a')
    assert.equal(await (await undiciFetch(`${ORIGIN}/b`, { dispatcher })).text(), '/b')
    const again = dispatcher.compose(interceptors.retry({ minTimeout: 1, maxRetries: 3 }))
    assert.equal(await (await undiciRequest(`${ORIGIN}/flaky`, { dispatcher: again })).body.text(), '/flaky')
    tries = 0
    const agent = new RetryAgent(dispatcher, { minTimeout: 1, maxRetries: 3 })
    assert.equal(await (await undiciRequest(`${ORIGIN}/flaky`, { dispatcher: agent })).body.text(), '/flaky')
    assert.deepEqual(bed.counted(), { 'shop/auth 2xx': 4, 'shop/auth 5xx': 4 })
  })

  it('lets a reader be slow: no more comes than a window holds', async () => {
    const bytes = 8 * 1024 * 1024
    let sent = 0
    bed = await CallBed.start({
      answer: (_request, response) => {
        const piece = Buffer.alloc(64 * 1024)
        const more = (): void => {
          while (sent < bytes) {
            sent += piece.length
            if (!response.write(piece)) return void response.once('drain', more)
          }
          response.end()
        }
        more()
      },
    })
    const { body } = await bed.env.dispatcher.request({
      origin: ORIGIN,
      path: '/',
      method: 'GET',
      headersTimeout: 60_000,
    })
    let before = -1
    // It comes to a stop when the way is full.
    for (let quiet = 0; quiet < 50; quiet = sent === before ? quiet + 1 : 0) {
      before = sent
      await arrivals(1)
    }
    assert.ok(sent < bytes, `${sent} bytes were sent to a reader who reads nothing`)
    let read = 0
    for await (const piece of body) read += (piece as Buffer).length
    assert.equal(read, bytes)
  })

  it('fails a request whose body fails, or is not as long as announced', async () => {
    bed = await CallBed.start()
    const failing = Readable.from(
      (async function* () {
        yield 'half'
        throw new Error('no more')
      })(),
    )
    const options = { origin: ORIGIN, path: '/', method: 'POST' } as const
    await assert.rejects(bed.env.dispatcher.request({ ...options, body: failing }), { message: 'no more' })
    for (const length of ['3', '5']) {
      const headers = { 'content-length': length }
      const body = Readable.from(['abcd'])
      await assert.rejects(bed.env.dispatcher.request({ ...options, headers, body }), {
        code: 'EINVAL',
        message: new RegExp(`content-length says ${length} bytes`),
      })
    }
  })

  it('speaks HTTP/2 where the port is declared so, with trailers', async () => {
    const server = createServer()
    const echo = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
      const body = await text(stream)
      stream.respond({ ':status': 200, 'x-path': headers[':path'] }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(`got ${body}`)
    }
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void echo(stream, headers))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    bed = await CallBed.start({ h2Port: port })
    const origin = 'http://h2.shop'
    const { statusCode, headers, body, trailers } = await bed.env.dispatcher.request({
      origin,
      path: '/a',
      method: 'POST',
      body: Readable.from(['to', 'ken']),
    })
    assert.deepEqual([statusCode, headers['x-path'], await body.text()], [200, '/a', 'got token'])
    assert.deepEqual(trailers, { 'grpc-status': '0' })
    server.close()
  })

  const UNSENDABLE = [
    ['a value with a line break', { headers: { 'x-a': 'b\r\nx-evil: 1' } }],
    ['a name with a line break', { headers: { 'x-a\r\nx-evil': 'b' } }],
    ['a host with a line break', { headers: { host: 'a\r\nx-evil: 1' } }],
    ['names and values in turn with a line break', { headers: ['x-a', 'b\nx-evil: 1'] }],
    ['a list of values with a line break', { headers: { 'x-a': ['b', 'c\nx-evil: 1'] } }],
    ['an object for a value', { headers: { 'x-a': { b: 1 } } }],
    ['a path with a line break', { path: '/ HTTP/1.1\r\nx-evil: 1' }],
    ['a path with a space', { path: '/a b' }],
    ['a path that is a URL', { path: 'http://api.shop/' }],
    ['a method with a line break', { method: 'GET / HTTP/1.1\r\nx-evil: 1\r\n\r\nGET' }],
    ['an origin without a scheme', { origin: 'auth.shop' }],
    ['an origin of another scheme', { origin: 'ftp://auth.shop' }],
    ['a body of numbers', { method: 'POST', body: [1, 2] }],
  ] as const
  for (const [what, parts] of UNSENDABLE) {
    it(`does not send ${what}`, async () => {
      bed = await CallBed.start()
      // What types forbid plain JavaScript may give.
      const options = { origin: ORIGIN, path: '/', method: 'GET', ...parts } as never
      await assert.rejects(bed.env.dispatcher.request(options), { name: 'CallError', code: 'EINVAL' })
      assert.deepEqual(bed.asked, [])
    })
  }

  it('does not switch protocols, nor tunnel', async () => {
    bed = await CallBed.start()
    await assert.rejects(bed.env.dispatcher.upgrade({ path: '/', protocol: 'websocket', origin: ORIGIN } as never), {
      code: 'EINVAL',
    })
    await assert.rejects(bed.env.dispatcher.connect({ origin: ORIGIN, path: '/' }), { code: 'EINVAL' })
  })

  it('survives a handler that throws', async () => {
    bed = await CallBed.start()
    const errors: string[] = []
    for (const hook of ['onRequestStart', 'onResponseStart', 'onResponseData', 'onResponseEnd'] as const) {
      const handler = {
        onResponseError: (_controller: unknown, error: Error) => void errors.push(`${hook} ${error.message}`),
        [hook]: () => {
          throw new Error('mine')
        },
      }
      bed.env.dispatcher.dispatch({ origin: ORIGIN, path: '/', method: 'GET' }, handler)
    }
    await until(() => errors.length >= 4, 'the errors')
    assert.deepEqual(errors.toSorted(), [
      'onRequestStart mine',
      'onResponseData mine',
      'onResponseEnd mine',
      'onResponseStart mine',
    ])
    assert.equal(await (await bed.env.fetch(ORIGIN)).text(), 'hello')
  })
})
