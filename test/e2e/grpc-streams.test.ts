/** gRPC when something happens meanwhile: limits, refusals, retries, copies, drains, reloads and endpoints that die. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createH1 } from 'node:http'
import { connect, createServer } from 'node:http2'
import type { ClientHttp2Session, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { createReply } from '../../src/filter/reply.ts'
import type { FilterDefinition } from '../../src/filter/index.ts'
import { anything } from '../../src/lib/schema.ts'
import { formatEndpointKey } from '../../src/model/endpoint.ts'
import { advanceInSteps, createFakeClock } from '../support/fake-clock.ts'
import { GrpcMesh } from '../support/mesh/grpc-mesh.ts'
import type { MeshOptions } from '../support/mesh/mesh.ts'
import { until } from '../support/mesh/mesh.ts'
import { backendOf } from '../support/models.ts'

let setting: GrpcMesh
const owned: (() => void)[] = []
afterEach(async () => {
  for (const close of owned.splice(0)) close()
  await setting.close()
})

const start = async (options: MeshOptions = {}): Promise<GrpcMesh> => {
  setting = await GrpcMesh.start(options)
  return setting
}

/** A message in its five bytes of frame, which may lie about its length. */
const framed = (message: string, length = message.length): Buffer => {
  const frame = Buffer.alloc(5 + message.length)
  frame.writeUInt32BE(length, 1)
  frame.write(message, 5, 'latin1')
  return frame
}

/** A client of HTTP/2 that writes its frames itself. */
const rawClient = (): ClientHttp2Session => {
  const session = connect(`http://127.0.0.1:${setting.door.port}`)
  session.on('error', () => {})
  owned.push(() => session.destroy())
  return session
}

interface RawAnswer {
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders | undefined
  readonly body: Buffer
}

const ask = async (
  session: ClientHttp2Session,
  fields: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<RawAnswer> => {
  const grpcFields = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }
  const stream = session.request({ ...grpcFields, ...fields })
  let trailers: IncomingHttpHeaders | undefined
  stream.on('trailers', (each: IncomingHttpHeaders) => (trailers = each))
  const pieces: Buffer[] = []
  stream.on('data', (piece: Buffer) => pieces.push(piece))
  stream.end(body)
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  if (!stream.readableEnded) await once(stream, 'end')
  return { headers, trailers, body: Buffer.concat(pieces) }
}

/** A server that writes its frames itself. */
const rawServer = async (respond: (stream: ServerHttp2Stream) => void): Promise<number> => {
  const server: Http2Server = createServer()
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    respond(stream)
  })
  server.on('session', (session) => owned.push(() => session.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owned.push(() => void server.close())
  return (server.address() as AddressInfo).port
}

const succeed = (stream: ServerHttp2Stream, message: Buffer): void => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.resume()
  stream.end(message)
}

test('a thousand streams are open at once, each with its own, and may all be cancelled at once', async () => {
  // On a machine that is busy with others, the last of them may wait for seconds, and be refused as in any overload.
  const { mesh } = await start({ overload: { waitMs: 0 } })
  const chats = Array.from({ length: 1000 }, () => setting.chat())
  const first = await Promise.all(chats.map((chat, i) => chat.say(`first ${i}`)))
  assert.equal(mesh.counters.activeExchanges, 1000)
  const second = await Promise.all(chats.map((chat, i) => chat.say(`second ${i}`)))
  assert.deepEqual([first[999], second[0]], ['first 999', 'second 0'])
  for (const [i, chat] of chats.entries()) if (i % 2 === 0) chat.stream.end()
  for (const [i, chat] of chats.entries()) if (i % 2 === 1) chat.stream.cancel()
  const ends = await Promise.all(chats.map(({ status }) => status))
  assert.deepEqual(
    ends.map(({ code }) => code),
    chats.map((_, i) => (i % 2 === 0 ? grpc.status.OK : grpc.status.CANCELLED)),
  )
  await until(() => mesh.counters.activeExchanges === 0)
  assert.equal((await setting.call('and then')).value?.toString(), 'and then')
})

test('who says something in a call that has ended, or ends before it is answered, is told how', async () => {
  const { mesh } = await start({ overload: { maxRequests: 1 } })
  const chat = setting.chat()
  await chat.say('hello')
  const refused = setting.chat()
  await assert.rejects(refused.say('too many'), /status 14 \(overloaded, try again later\) before "too many"/)
  await assert.rejects(refused.say('and now'), /status 14/)
  assert.equal(mesh.counters.overloadRefused.requests, 1)
  chat.stream.end()
  assert.equal((await chat.status).code, grpc.status.OK)
})

test('a deadline is kept by the waypoint where neither client nor server does', async () => {
  const clock = createFakeClock()
  const { mesh, log } = await start({ clock })
  const answer = ask(rawClient(), { ':path': '/echo.Echo/Unary', 'grpc-timeout': '1500m' }, framed('never'))
  await until(() => log.metadata.length === 1)
  // The server hears of the time too, and would act on it by itself: here nobody's clock but ours moves.
  clock.advance(1499)
  assert.equal(mesh.counters.activeExchanges, 1)
  clock.advance(1)
  const { headers, trailers, body } = await answer
  assert.deepEqual([headers[':status'], headers['grpc-status'], trailers, body.length], [200, '4', undefined, 0])
  await until(() => log.cancelled.includes('unary'))
  const { grpcStatus, flags, details } = await mesh.record(1)
  assert.deepEqual([grpcStatus, flags, details], ['4', 'UT', 'request_timeout'])
})

test('the refusal of a filter is a status with a message, and has no body', async () => {
  const filter: FilterDefinition = {
    kind: 'Guard',
    stage: 'admit',
    config: anything(),
    create: () => ({ onRequest: () => createReply(403, { body: 'not you: ü', reason: 'guard' }) }),
  }
  await start({ filters: [filter], rule: { filters: [{ kind: 'Guard', config: {}, origin: 'test' }] } })
  const { error } = await setting.call('hello')
  assert.deepEqual([error?.code, error?.details], [grpc.status.PERMISSION_DENIED, 'not you: ü'])
  const { status } = setting.chat()
  assert.equal((await status).code, grpc.status.PERMISSION_DENIED)
  const { headers, trailers, body } = await ask(rawClient(), { ':path': '/echo.Echo/Unary' }, framed('x'))
  assert.deepEqual([headers['grpc-status'], trailers, body.length], ['7', undefined, 0])
})

for (const status of ['0', '7']) {
  test(`a filter that answers a call as gRPC does, with ${status}, is told of with that`, async () => {
    const headers: [string, string][] = [
      ['content-type', 'application/grpc'],
      ['grpc-status', status],
    ]
    const filter: FilterDefinition = {
      kind: 'Stub',
      stage: 'admit',
      config: anything(),
      create: () => ({ onRequest: () => createReply(200, { headers }) }),
    }
    const { mesh } = await start({
      filters: [filter],
      rule: { filters: [{ kind: 'Stub', config: {}, origin: 'test' }] },
    })
    const answer = await ask(rawClient(), { ':path': '/echo.Echo/Unary' }, framed('x'))
    assert.equal(answer.headers['grpc-status'], status)
    assert.equal((await mesh.record(1)).grpcStatus, status)
  })
}

for (const [name, fail] of Object.entries({
  'answered 503': (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 503 }, { endStream: true })
  },
  refused: (stream: ServerHttp2Stream) => stream.close(7),
})) {
  test(`a call that was ${name} is made again, with its message, and has the trailers of the try that counts`, async () => {
    const { mesh } = await start({ rule: { retry: { codes: [503], attempts: 2, backoffMs: 1 } } })
    let failed = 0
    setting.put(
      await rawServer((stream) => {
        if (failed++ < 2) return fail(stream)
        const pieces: Buffer[] = []
        stream.on('data', (piece: Buffer) => pieces.push(piece))
        stream.on('end', () => succeed(stream, Buffer.concat(pieces)))
      }),
    )
    const { error, value } = await setting.call('again')
    assert.deepEqual([error, value?.toString()], [null, 'again'])
    const { attempts, grpcStatus } = await mesh.record(1)
    assert.deepEqual([attempts, grpcStatus], [3, '0'])
  })
}

test('a call whose trailers repeat fields of the head arrives with its status', async () => {
  const { mesh } = await start()
  const repeated = { 'content-type': 'application/grpc', 'x-envoy-upstream-service-time': '3', 'x-forwarded-for': 'a' }
  setting.put(
    await rawServer((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ ...repeated, 'grpc-status': '0' }))
      stream.resume()
      stream.end(framed('hello'))
    }),
  )
  const { error, value, trailers } = await setting.call('hello')
  assert.deepEqual([error, value?.toString()], [null, 'hello'])
  assert.deepEqual(trailers.get('x-envoy-upstream-service-time'), ['3'])
  assert.equal((await mesh.record(1)).grpcStatus, '0')
})

test('a status of the application is no reason to ask again, and neither is a stream that is under way', async () => {
  const { mesh } = await start({ rule: { retry: { codes: [503], attempts: 2, backoffMs: 1 } } })
  assert.equal((await setting.call('fail 14')).error?.code, 14)
  assert.equal((await mesh.record(1)).attempts, 1)
  const chat = setting.chat()
  await chat.say('hello')
  setting.server.forceShutdown()
  assert.notEqual((await chat.status).code, grpc.status.OK)
  assert.equal((await mesh.record(2)).attempts, 1)
})

test("a copy of a call is a call, and its answer is nobody's", async () => {
  const { service, endpoints } = backendOf('shadow')
  const mirrors = [{ service, endpoints, numerator: 1, denominator: 1, origin: 'the test' }]
  const { mesh, serverPort, log } = await start({ rule: { mirrors } })
  const other = await setting.startOther()
  const set = (name: string, port: number) => ({
    key: formatEndpointKey('shop', name, 80),
    protocol: 'grpc' as const,
    endpoints: [mesh.endpoint('127.0.0.1', { transport: 'plain', port })],
  })
  mesh.apply(mesh.model({ endpoints: [set('api', serverPort), set('shadow', other.port)] }))
  const { value, trailers } = await setting.call('twice')
  assert.deepEqual([value?.toString(), trailers.get('x-trailer')], ['twice', ['end']])
  const failing = await setting.call('fail 5')
  assert.equal(failing.error?.code, 5)
  const chat = setting.chat()
  assert.equal(await chat.say('one'), 'one')
  assert.equal(await chat.say('two'), 'two')
  chat.stream.end()
  assert.equal((await chat.status).code, 0)
  await until(() => mesh.counters.openMirrors === 0, 'the copies to end')
  assert.deepEqual([log.metadata.length, other.log.metadata.length, mesh.counters.mirrorsDropped], [2, 2, 0])
})

test('the time that a route gives a request ends a stream in the middle, and tells both sides', async () => {
  const clock = createFakeClock()
  const { mesh, log } = await start({ clock, rule: { timeouts: { requestMs: 500 } } })
  const chat = setting.chat()
  await chat.say('hello')
  clock.advance(499)
  assert.equal(await chat.say('still'), 'still')
  clock.advance(1)
  const { code } = await chat.status
  assert.ok(code === grpc.status.INTERNAL || code === grpc.status.UNAVAILABLE, `${code}`)
  const { flags, grpcStatus } = await mesh.record(1)
  assert.deepEqual([flags, grpcStatus], ['UT', ''])
  await until(() => log.cancelled.includes('chat'), 'the server to hear of it')
})

test('a stream that is silent for many minutes is left alone where no route sets a time', async () => {
  const clock = createFakeClock()
  await start({ clock })
  const chat = setting.chat()
  await chat.say('hello')
  await advanceInSteps(clock, 50 * 60_000)
  assert.equal(await chat.say('still there?'), 'still there?')
  chat.stream.end()
  assert.equal((await chat.status).code, grpc.status.OK)
})

test('when the process drains, streams go on to their own end', async () => {
  const { mesh } = await start()
  const chats = Array.from({ length: 20 }, () => setting.chat())
  await Promise.all(chats.map((chat) => chat.say('before')))
  let isDrained = false
  const drained = mesh.plane.drain(60_000).then(() => (isDrained = true))
  const words = await Promise.all(chats.map((chat) => chat.say('behind')))
  assert.ok(words.every((word) => word === 'behind'))
  assert.equal(isDrained, false)
  for (const { stream } of chats) stream.end()
  for (const { status } of chats) assert.equal((await status).code, grpc.status.OK)
  mesh.clients[0]?.destroy()
  await drained
})

test('streams stay where they are when endpoints change, and calls go to the new ones', async () => {
  const { log } = await start()
  const other = await setting.startOther()
  const chat = setting.chat()
  await chat.say('before')
  setting.put(other.port)
  assert.equal((await setting.call('new')).value?.toString(), 'new')
  assert.equal(await chat.say('behind'), 'behind')
  assert.deepEqual([log.metadata.length, other.log.metadata.length], [0, 1])
  chat.stream.end()
  assert.equal((await chat.status).code, grpc.status.OK)
})

test('an endpoint that dies in the middle ends its streams with an error, and those of others go on', async () => {
  const { mesh, serverPort } = await start()
  const other = await setting.startOther()
  setting.put(serverPort, other.port)
  const chats = Array.from({ length: 20 }, () => setting.chat())
  await Promise.all(chats.map((chat) => chat.say('hello')))
  const ofOther = other.log.open()
  assert.ok(ofOther > 0 && ofOther < 20, `${ofOther} of 20 are at one of two`)
  other.server.forceShutdown()
  await until(() => mesh.counters.activeExchanges === 20 - ofOther)
  const ended = mesh.records.map(({ flags }) => flags)
  assert.deepEqual(
    ended,
    ended.map(() => 'UC'),
  )
  const codes: number[] = []
  for (const chat of chats) {
    const word = await chat.say('and now').catch(() => chat.status)
    if (typeof word === 'string') chat.stream.end()
    else codes.push(word.code)
  }
  assert.equal(codes.length, ofOther)
  assert.ok(!codes.includes(grpc.status.OK))
})

test('a frame longer than announced, or shorter, is for the ends to judge, and hurts nobody else', async () => {
  const { mesh } = await start()
  const session = rawClient()
  const chat = setting.chat()
  await chat.say('before')
  const long = await ask(session, { ':path': '/echo.Echo/Unary' }, framed('hello, world', 5))
  const short = await ask(session, { ':path': '/echo.Echo/Unary' }, framed('hello', 50))
  for (const { headers, trailers } of [long, short]) {
    const status = headers['grpc-status'] ?? trailers?.['grpc-status']
    assert.ok(Number(status) > 0, `grpc-status ${String(status)}`)
  }
  setting.put(await rawServer((stream) => succeed(stream, framed('hello, world', 5))))
  assert.ok(((await setting.call('x')).error?.code ?? 0) > 0)
  setting.put(await rawServer((stream) => succeed(stream, framed('hello', 50))))
  assert.ok(((await setting.call('x')).error?.code ?? 0) > 0)
  assert.equal(await chat.say('behind'), 'behind')
  chat.stream.end()
  assert.equal((await chat.status).code, 0)
  assert.ok(mesh.records.every(({ details }) => details === 'via_upstream'))
})

test('a server without HTTP/2 is no server of gRPC: UNAVAILABLE, with the reason in the log', async () => {
  const { mesh } = await start()
  const server = createH1((_request, response) => response.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owned.push(() => void server.close())
  setting.put((server.address() as AddressInfo).port)
  const { error } = await setting.call(randomBytes(4 * 1024 * 1024))
  assert.equal(error?.code, grpc.status.UNAVAILABLE)
  assert.match((await mesh.record(1)).upstreamFailure, /HTTP\/2/)
})

for (const version of ['HTTP/1.1', 'HTTP/2']) {
  test(`gRPC-Web by ${version} is HTTP: it passes as it is, 4 MB of it, to a server of HTTP/1.1 too`, async () => {
    const { mesh } = await start({ protocol: 'http' })
    const server = createH1((request, response) => {
      response.setHeader('content-type', request.headers['content-type'] ?? '')
      request.pipe(response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    owned.push(() => void server.close())
    setting.put((server.address() as AddressInfo).port)
    const message = randomBytes(4 * 1024 * 1024)
    const trailer = Buffer.from('\x80\0\0\0\x0fgrpc-status:0\r\n', 'latin1')
    const body = Buffer.concat([framed(''), message, trailer])
    const type = 'application/grpc-web+proto'
    const post = async (): Promise<readonly [status: number, type: unknown, body: Buffer]> => {
      if (version === 'HTTP/2') {
        const { headers, body: got } = await ask(
          rawClient(),
          { ':path': '/echo.Echo/Unary', 'content-type': type },
          body,
        )
        return [Number(headers[':status']), headers['content-type'], got]
      }
      const url = `http://127.0.0.1:${setting.door.port}/echo.Echo/Unary`
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type, connection: 'close' }, body })
      return [answer.status, answer.headers.get('content-type'), Buffer.from(await answer.arrayBuffer())]
    }
    const [status, answered, got] = await post()
    assert.deepEqual([status, answered, got.equals(body)], [200, type, true])
    assert.equal((await mesh.record(1)).protocol, 'http')
    mesh.apply(mesh.model({ api: [] }))
    assert.equal((await post())[0], 503)
  })
}
