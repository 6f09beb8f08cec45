import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream, ServerOptions, IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { until } from '../../../../test/support/mesh/mesh.ts'
import { PlainPools } from '../../../../test/support/upstream/plain-pools.ts'
import { UpstreamExchange, acquire } from '../../../../test/support/upstream/upstream-exchange.ts'
import { arrivals } from '../../../../test/support/turns.ts'
import { systemClock } from '../../../lib/clock.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { CHUNKED } from '../../../http/h1/message.ts'

const MIB = 1024 * 1024

let setting: PlainPools
const servers: Server[] = []
beforeEach(() => {
  setting = new PlainPools()
})
afterEach(async () => {
  setting[Symbol.dispose]()
  for (const server of servers.splice(0)) server.close()
  await until(() => setting.counters.openUpstreamConnections === 0)
  assert.deepEqual(setting.faults, [])
  assert.equal(setting.counters.heldBytes, 0)
})

type Respond = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

/** `node:http2` without TLS. */
class Server {
  readonly sessions: ServerHttp2Session[] = []
  readonly #server: Http2Server

  private constructor(server: Http2Server) {
    this.#server = server
    server.on('session', (session) => this.sessions.push(session))
  }

  static async start(respond: Respond, options: ServerOptions = {}): Promise<Server> {
    const server = createServer(options)
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => {})
      respond(stream, headers)
    })
    server.on('sessionError', () => {})
    const started = new Server(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(started)
    return started
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const session of this.sessions) session.destroy()
  }
}

const ok: Respond = (stream) => {
  stream.respond({ ':status': 200, 'content-length': '2' })
  stream.end('ok')
}

describe('an endpoint that speaks HTTP/2 (node:http2)', () => {
  it('gets head, body and trailers as they were sent, and answers likewise', async () => {
    let seen: IncomingHttpHeaders = {}
    let trailer: IncomingHttpHeaders = {}
    const server = await Server.start((stream, headers) => {
      seen = headers
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' })
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.on('trailers', (fields) => (trailer = fields))
      stream.pipe(stream)
    })
    const exchange = await UpstreamExchange.run(
      setting.of(server.port),
      {
        method: 'POST',
        target: '/shop.Orders/Get?x=1',
        host: 'orders.shop',
        headers: new HeaderList(['te', 'trailers', 'x-forwarded-for', '10.0.0.9', 'connection', 'close']),
        bodyLength: CHUNKED,
      },
      { bytes: Buffer.from('hello'), trailers: new HeaderList(['x-sum', '5']) },
    )
    assert.equal(exchange.outcome, '200 hello')
    assert.deepEqual(exchange.interim, [103])
    assert.equal(exchange.head?.headers.get('content-type'), 'application/grpc')
    assert.equal(exchange.head.bodyLength, CHUNKED)
    assert.deepEqual(exchange.trailers?.fields, ['grpc-status', '0'])
    assert.equal(trailer['x-sum'], '5')
    const { ':method': method, ':path': path, ':authority': authority, ':scheme': scheme } = seen
    assert.deepEqual([method, path, authority, scheme], ['POST', '/shop.Orders/Get?x=1', 'orders.shop', 'http'])
    assert.deepEqual([seen.te, seen['x-forwarded-for'], seen.connection], ['trailers', '10.0.0.9', undefined])
  })

  it('may answer with a head alone: no body, and no trailers beside', async () => {
    const server = await Server.start((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true })
    })
    const { head, trailers, outcome } = await UpstreamExchange.run(setting.of(server.port))
    assert.equal(outcome, '200 ')
    assert.equal(head?.bodyLength, 0)
    assert.equal(head.headers.get('grpc-status'), '5')
    assert.equal(trailers, undefined)
  })

  for (const [name, respond] of [
    ['HEAD', (stream: ServerHttp2Stream) => stream.respond({ ':status': 200, 'content-length': '7' })],
    ['GET', (stream: ServerHttp2Stream) => stream.respond({ ':status': 204 })],
  ] as const) {
    it(`has no body behind its answer to ${name}, and the connection is used again`, async () => {
      const server = await Server.start((stream) => {
        respond(stream)
        stream.end()
      })
      const pool = setting.of(server.port)
      for (let i = 0; i < 3; i++) {
        const exchange = await UpstreamExchange.run(pool, { method: name })
        assert.equal(exchange.head?.bodyLength, 0)
      }
      assert.equal(server.sessions.length, 1)
    })
  }

  it('serves a thousand requests at once over as many connections as its limit asks for', async () => {
    const streams: ServerHttp2Stream[] = []
    const server = await Server.start((stream) => void streams.push(stream), {
      settings: { maxConcurrentStreams: 100 },
    })
    const pool = setting.of(server.port)
    const exchanges = Array.from({ length: 1000 }, () => UpstreamExchange.run(pool))
    await until(() => streams.length === 1000)
    assert.equal(server.sessions.length, 10)
    assert.equal(setting.counters.openUpstreamConnections, 10)
    for (const stream of streams) ok(stream, {})
    for (const exchange of exchanges) assert.equal((await exchange).outcome, '200 ok')
  })

  it('that resets a stream fails that request alone, with the name of the code', async () => {
    const server = await Server.start((stream, headers) => {
      if (headers[':path'] === '/refused') stream.close(7)
      else if (headers[':path'] === '/calm') stream.close(11)
      else setTimeout(() => ok(stream, headers), 20)
    })
    const pool = setting.of(server.port)
    const fine = UpstreamExchange.run(pool)
    const outcomes: string[] = []
    for (const target of ['/refused', '/calm']) outcomes.push((await UpstreamExchange.run(pool, { target })).outcome)
    assert.deepEqual(outcomes, [
      'refused: the upstream refused the stream',
      'reset: the upstream reset the stream with ENHANCE_YOUR_CALM',
    ])
    assert.equal((await fine).outcome, '200 ok')
    assert.equal(server.sessions.length, 1)
  })

  it('that says GOAWAY finishes what it has, and gets the next request on another connection', async () => {
    const streams: ServerHttp2Stream[] = []
    const server = await Server.start((stream) => void streams.push(stream))
    const pool = setting.of(server.port)
    const first = await UpstreamExchange.send(pool)
    await until(() => streams.length === 1)
    server.sessions[0]?.goaway(0, 1)
    await until(() => pool.takeIdle(2) === undefined)
    const second = await UpstreamExchange.send(pool)
    await until(() => streams.length === 2)
    assert.equal(server.sessions.length, 2)
    for (const stream of streams) ok(stream, {})
    await Promise.all([first.over, second.over])
    assert.deepEqual([first.outcome, second.outcome], ['200 ok', '200 ok'])
    // This server does not follow our end, once it has said GOAWAY.
    setting.pools.tick(systemClock.monotonicMs() + 6000)
    await until(() => setting.counters.openUpstreamConnections === 1)
  })

  it('that says GOAWAY for what it has not looked at: the request is refused, and safe to send again', async () => {
    const server = await Server.start(() => {})
    const exchange = await UpstreamExchange.send(setting.of(server.port), { method: 'POST' })
    await until(() => server.sessions[0] !== undefined)
    server.sessions[0]?.goaway(0, 0)
    await exchange.over
    assert.equal(exchange.outcome, 'refused: the upstream refused the stream')
  })

  it('that is lost fails all that it had, with where it was', async () => {
    let count = 0
    const server = await Server.start(() => void count++)
    const pool = setting.of(server.port)
    const exchanges = await Promise.all([UpstreamExchange.send(pool), UpstreamExchange.send(pool)])
    await until(() => count === 2)
    server.sessions[0]?.socket.resetAndDestroy?.()
    server.sessions[0]?.destroy()
    for (const exchange of exchanges) {
      await exchange.over
      assert.match(exchange.outcome, new RegExp(`^reset: HTTP/2 with 127.0.0.1:${server.port} was (reset|closed)`))
    }
    assert.equal(pool.takeIdle(2), undefined)
  })

  it('bodies of 10 MiB go both ways, and wait for whoever does not read', async () => {
    let isReading = false
    let stream: ServerHttp2Stream | undefined
    const server = await Server.start((opened) => {
      stream = opened
      opened.respond({ ':status': 200 })
      opened.pause()
      const pour = (left: number): void => {
        if (left === 0) return
        if (opened.write(Buffer.alloc(64 * 1024))) setImmediate(pour, left - 1)
        else opened.once('drain', () => pour(left - 1))
      }
      pour(160)
      let got = 0
      opened.on('data', (chunk: Buffer) => (got += chunk.length))
      opened.on('end', () => opened.end(String(got)))
      if (!isReading) opened.pause()
    })
    const exchange = new UpstreamExchange(await acquire(setting.of(server.port)))
    exchange.isReading = false
    exchange.begin({ method: 'POST', bodyLength: 10 * MIB })
    const piece = Buffer.alloc(64 * 1024)
    let sent = 0
    const sendOn = async (): Promise<void> => {
      while (sent < 160) {
        const before = exchange.drains
        sent++
        if (!exchange.session.write(piece, 0, piece.length)) await until(() => exchange.drains > before)
      }
      exchange.session.finish(undefined)
    }
    const upload = sendOn()
    await until(() => exchange.held >= 200 * 1024)
    await arrivals()
    assert.ok(exchange.held <= 256 * 1024, `${exchange.held} bytes held`)
    assert.equal(setting.counters.heldBytes, exchange.held)
    assert.ok(sent < 100, `${sent} pieces were taken though nobody reads`)
    isReading = true
    stream?.resume()
    exchange.readOn()
    await upload
    await exchange.over
    assert.equal(exchange.bytes, 10 * MIB + String(10 * MIB).length)
  })

  it('is left politely after half a minute without a request', async () => {
    const clock = createFakeClock()
    setting[Symbol.dispose]()
    setting = new PlainPools({ clock })
    const server = await Server.start(ok)
    const pool = setting.of(server.port)
    await UpstreamExchange.run(pool)
    let goaways = 0
    server.sessions[0]?.on('goaway', () => goaways++)
    for (let at = 0; at < 32; at++) {
      clock.advance(1000)
      setting.pools.tick(clock.monotonicMs())
      assert.equal(pool.takeIdle(2) === undefined, at >= 31)
    }
    await until(() => goaways === 1 && setting.counters.openUpstreamConnections === 0)
    assert.ok(pool.isUnused)
  })
})
