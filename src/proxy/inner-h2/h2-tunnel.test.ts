import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { openDoor } from '../../../test/support/mesh/door.ts'
import type { Door } from '../../../test/support/mesh/door.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../../test/support/mesh/pod.ts'
import { matchOf } from '../../../test/support/models.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const settings = '\0\0\0\x04\0\0\0\0\0'

let mesh: Mesh
let door: Door
let session: ClientHttp2Session
let socket: Socket
afterEach(async () => {
  session.destroy()
  door.close()
  await mesh.close()
})

const start = async (options: MeshOptions & { readonly pods?: readonly Partial<PodOptions>[] } = {}): Promise<void> => {
  mesh = await Mesh.start({ protocol: 'http2', ...options })
  door = await openDoor(mesh)
  socket = connectTcp(door.port, '127.0.0.1')
  session = connect('http://api', { createConnection: () => socket })
  session.on('error', () => {})
}

interface Response {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly trailers: IncomingHttpHeaders | undefined
}

const answerOf = async (stream: ClientHttp2Stream): Promise<Response> => {
  let trailers: IncomingHttpHeaders | undefined
  let body = ''
  stream.setEncoding('utf8')
  stream.on('trailers', (fields: IncomingHttpHeaders) => {
    trailers = fields
  })
  stream.on('data', (text: string) => {
    body += text
  })
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  if (!stream.readableEnded) await once(stream, 'end')
  return { headers, body, trailers }
}

const get = (path: string, headers: OutgoingHttpHeaders = {}): Promise<Response> =>
  answerOf(session.request({ ':path': path, ...headers }))

const statusOf = ({ headers }: Response): number => Number(headers[':status'])

test('a request by HTTP/2 is answered', async () => {
  await start()
  const { headers, body } = await get('/hello')
  assert.deepEqual([headers[':status'], body], [200, 'ok'])
  const record = await mesh.record(1)
  assert.deepEqual([record.httpVersion, record.status, record.path], ['HTTP/2', 200, '/hello'])
  assert.ok(record.requestBytes > 0 && record.responseBytes > 2)
})

test('a body goes to the endpoint with its trailers, and comes back with others', async () => {
  const pods: readonly Partial<PodOptions>[] = [
    {
      onRequest: (tunnel, { body, trailers }) => {
        const text = `${body.toString()} ${trailers?.get('x-sent') ?? 'none'}`
        tunnel.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
        tunnel.write(`${text.length.toString(16)}\r\n${text}\r\n0\r\nx-sum: 7\r\n\r\n`)
      },
    },
  ]
  await start({ pods })
  const stream = session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sent': 'yes' }))
  const answer = answerOf(stream)
  stream.end('hello')
  const { body, trailers } = await answer
  assert.deepEqual([body, trailers?.['x-sum']], ['hello yes', '7'])
})

// RFC 9110 section 6.5.1 forbids to merge them into the head, and Envoy passes them on.
for (const [forbidden, isKept] of [
  ['content-type: application/grpc', true],
  ['x-envoy-upstream-service-time: 3', true],
  ['x-forwarded-for: 10.0.0.9', true],
  ['content-length: 7', false],
] as const) {
  test(`an answer with ${forbidden} among its trailers arrives, and ${isKept ? 'has it' : 'loses that one alone'}`, async () => {
    const onRequest = (tunnel: PodTunnel): void => {
      tunnel.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${forbidden}\r\ngrpc-status: 0\r\n\r\n`)
    }
    await start({ pods: [{ onRequest }] })
    const { trailers } = await get('/')
    const [name = '', value] = forbidden.split(': ')
    assert.deepEqual([trailers?.['grpc-status'], trailers?.[name]], ['0', isKept ? value : undefined])
    assert.equal((await mesh.record(1)).flags, '-')
  })
}

for (const forbidden of ['content-type', 'x-envoy-foo', 'x-forwarded-client-cert', 'authorization']) {
  test(`a request with ${forbidden} among its trailers is refused, and others of its connection are answered`, async () => {
    await start()
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sent': 'yes', [forbidden]: '1' }))
    stream.end('hello')
    await assert.rejects(once(stream, 'response'), /NGHTTP2_PROTOCOL_ERROR/)
    const { flags, details, termination } = await mesh.record(1)
    assert.deepEqual([flags, details], ['DPE', 'http2_protocol_error{PROTOCOL_ERROR}'])
    assert.match(termination ?? '', new RegExp(forbidden))
    assert.equal(mesh.pod.tunnels[0]?.requests.length ?? 0, 0)
    assert.equal(statusOf(await get('/next')), 200)
    await until(() => mesh.counters.activeExchanges === 0)
  })
}

test('what the proxy answers itself goes out whole', async () => {
  await start({ rule: { matches: [matchOf({ path: { type: 'Exact', value: '/there' } })] } })
  const plain = await get('/nowhere')
  assert.deepEqual([statusOf(plain), plain.body], [404, 'no route of this service matches the request\n'])
  const call = await answerOf(
    session.request({ ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc', te: 'trailers' }),
  )
  assert.deepEqual([statusOf(call), call.headers['grpc-status'], call.body], [200, '12', ''])
  const records = [await mesh.record(2)]
  assert.deepEqual([records[0]?.protocol, records[0]?.grpcStatus], ['grpc', '12'])
})

test('the answer to HEAD keeps its length and has no body', async () => {
  const pods = [{ onRequest: (tunnel: PodTunnel) => void tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n') }]
  await start({ pods })
  const { headers, body } = await answerOf(session.request({ ':method': 'HEAD', ':path': '/' }))
  assert.deepEqual([headers['content-length'], body], ['5', ''])
})

test('a thousand requests at once are answered, each with its own', async () => {
  const pods: readonly Partial<PodOptions>[] = [
    {
      onRequest: (tunnel, { head }) =>
        void tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${head.target.length}\r\n\r\n${head.target}`),
    },
  ]
  await start({ pods })
  const paths = Array.from({ length: 1000 }, (_, i) => `/${i}`)
  const bodies = await Promise.all(paths.map(async (path) => (await get(path)).body))
  assert.deepEqual(bodies, paths)
  await until(() => mesh.counters.activeExchanges === 0)
})

test('a client that cancels ends the request at the endpoint too', async () => {
  await start({ pods: [{ onRequest: () => {} }] })
  const stream = session.request({ ':path': '/slow' })
  stream.on('error', () => {})
  await until(() => mesh.pod.requests === 1)
  stream.close(constants.NGHTTP2_CANCEL)
  await until(() => mesh.pod.tunnels.at(-1)?.end !== 'open')
  const record = await mesh.record(1)
  assert.deepEqual([record.flags, record.status], ['DC', 0])
})

test('a slow reader holds up its own stream only, and no more than its window', async () => {
  const bytes = 4 * 1024 * 1024
  const pods: readonly Partial<PodOptions>[] = [
    {
      onRequest: (tunnel, { head }) => {
        const length = head.target === '/big' ? bytes : 2
        tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`)
        if (length === 2) tunnel.write('ok')
        else void tunnel.download(bytes)
      },
    },
  ]
  await start({ pods })
  const slow = session.request({ ':path': '/big' })
  slow.pause()
  await once(slow, 'response')
  for (let i = 0; i < 5; i++) assert.equal((await get(`/${i}`)).body, 'ok')
  assert.ok(mesh.counters.heldBytes < 1024 * 1024, `${mesh.counters.heldBytes} bytes held`)
  let got = 0
  slow.on('data', (chunk: Buffer) => {
    got += chunk.length
  })
  slow.resume()
  await once(slow, 'end')
  assert.equal(got, bytes)
})

test('a large upload waits for a slow endpoint, and arrives whole', async () => {
  const bytes = 2 * 1024 * 1024
  const pods: readonly Partial<PodOptions>[] = [
    { onHead: (tunnel, { target }) => (tunnel.isReading = target !== '/big') },
  ]
  await start({ pods })
  const stream = session.request({ ':method': 'POST', ':path': '/big' })
  const answer = answerOf(stream)
  stream.end(Buffer.alloc(bytes))
  const slow = (): PodTunnel | undefined =>
    mesh.pod.tunnels.find(({ isReading, unread }) => !isReading && unread > 200_000)
  await until(() => slow() !== undefined)
  assert.equal(statusOf(await get('/other')), 200)
  assert.ok(mesh.counters.heldBytes < 1024 * 1024, `${mesh.counters.heldBytes} bytes held`)
  const tunnel = slow()
  tunnel?.readOn()
  assert.equal(statusOf(await answer), 200)
  assert.equal(tunnel?.requests.at(-1)?.bodyBytes, bytes)
})

test('an answer that breaks off is a reset, and the connection goes on', async () => {
  const pods: readonly Partial<PodOptions>[] = [
    {
      onRequest: (tunnel, { head }) => {
        if (head.target !== '/broken') return void tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')
        tunnel.reset(constants.NGHTTP2_INTERNAL_ERROR)
      },
    },
  ]
  await start({ pods })
  const stream = session.request({ ':path': '/broken' })
  const [error] = (await once(stream, 'error')) as [Error & { code: string }]
  assert.match(error.message, /INTERNAL_ERROR/)
  assert.equal(statusOf(await get('/')), 200)
})

test('a server that answers 200 instead of switching has not granted an extended CONNECT', async () => {
  await start()
  await once(session, 'remoteSettings')
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' },
    { endStream: false },
  )
  stream.write('too early')
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  assert.equal(headers[':status'], 502)
  stream.end()
  await until(() => mesh.counters.activeExchanges === 0)
  assert.doesNotMatch(mesh.pod.tunnels.at(-1)?.seen ?? '', /too early/)
  const { status, flags, details } = await mesh.record(1)
  assert.deepEqual({ status, flags, details }, { status: 502, flags: 'UPE', details: 'upgrade_not_granted' })
})

test('an extended CONNECT to what cannot be switched to is 501, and no request of another kind', async () => {
  await start()
  await once(session, 'remoteSettings')
  const fields = { ':method': 'CONNECT', ':protocol': 'h2c', ':path': '/chat' }
  const stream = session.request(fields, { endStream: false })
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  assert.equal(headers[':status'], 501)
  assert.ok(Date.now() - Date.parse(headers.date ?? '') < 60_000)
  stream.end()
  await until(() => stream.closed)
  assert.equal(mesh.pod.tunnels.length, 0)
})

test('an endpoint that knows HTTP/1.1 alone is asked in it, and not in HTTP/2 again', async () => {
  await start()
  for (let i = 0; i < 3; i++) assert.equal(statusOf(await get(`/${i}`)), 200)
  assert.equal(mesh.pod.tunnels.length, 2)
  const call = await answerOf(
    session.request({ ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc' }),
  )
  assert.equal(call.headers['grpc-status'], '14')
  assert.match((await mesh.record(4)).upstreamFailure, /HTTP\/2, which gRPC needs/)
})

test('an interim answer passes', async () => {
  const pods: readonly Partial<PodOptions>[] = [
    {
      onRequest: (tunnel) => {
        tunnel.write('HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n')
        tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      },
    },
  ]
  await start({ pods })
  const stream = session.request({ ':path': '/' })
  const early = once(stream, 'headers')
  const answer = answerOf(stream)
  const [headers] = (await early) as [IncomingHttpHeaders]
  assert.deepEqual([headers[':status'], headers['link']], [103, '</a.css>'])
  assert.equal(statusOf(await answer), 200)
})

test('a client that ends its direction gets the answers to what it had asked whole', async () => {
  let answerNow = (): void => {}
  const pods: readonly Partial<PodOptions>[] = [
    {
      onRequest: (tunnel) => {
        answerNow = () => void tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      },
    },
  ]
  await start({ pods })
  const answer = get('/')
  await until(() => mesh.pod.requests === 1)
  socket.end()
  answerNow()
  assert.equal(statusOf(await answer), 200)
  await until(() => door.open() === 0)
})

test('when the process drains, clients are told to go elsewhere, and open requests are answered', async () => {
  let answerNow = (): void => {}
  const pods: readonly Partial<PodOptions>[] = [
    {
      onRequest: (tunnel) => {
        answerNow = () => void tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      },
    },
  ]
  await start({ pods })
  const answer = get('/')
  await until(() => mesh.pod.requests === 1)
  const goaway = once(session, 'goaway')
  const drained = mesh.plane.drain(1000)
  await goaway
  answerNow()
  assert.equal(statusOf(await answer), 200)
  await until(() => door.open() === 0)
  mesh.clients[0]?.destroy()
  await drained
})

const hostile: Readonly<Record<string, readonly [bytes: string, end: RegExp]>> = {
  'a frame that is too long': [`${preface}\xff\xff\xff\0\0\0\0\0\x01`, /exceeds/],
  'no SETTINGS first': [`${preface}\0\0\x08\x06\0\0\0\0\0${'\0'.repeat(8)}`, /SETTINGS/],
  'DATA on an idle stream': [`${preface}${settings}\0\0\x01\0\0\0\0\0\x01x`, /idle/],
}
for (const [name, [bytes, why]] of Object.entries(hostile)) {
  test(`${name} ends the tunnel with a reason, and no other`, async () => {
    await start()
    const raw = connectTcp(door.port, '127.0.0.1')
    let got = ''
    raw.setEncoding('latin1')
    raw.on('data', (text: string) => {
      got += text
    })
    raw.write(bytes, 'latin1')
    await until(() => why.test(got), 'a GOAWAY')
    raw.end()
    await once(raw, 'close')
    assert.equal(statusOf(await get('/')), 200)
    const warning = mesh.logs.find((line) => line.includes('HTTP/2 connection of spiffe://'))
    assert.match(warning ?? '', why)
  })
}

const silent: Readonly<Record<string, string>> = {
  'half a preface': preface.slice(0, 20),
  'a preface without SETTINGS': preface,
  'a header block without end': `${preface}${settings}\0\0\x01\x01\0\0\0\0\x01\x82`,
}
for (const [name, bytes] of Object.entries(silent)) {
  test(`${name}, then silence, is waited for no longer than a request head may take`, async () => {
    const clock = createFakeClock()
    await start({ clock, deadlines: { ...defaultDeadlines, requestHeadMs: 2000 } })
    const raw = connectTcp(door.port, '127.0.0.1')
    raw.resume()
    raw.write(bytes, 'latin1')
    const closed = once(raw, 'close')
    await until(() => mesh.counters.openTunnels === 2)
    await advanceInSteps(clock, 5000)
    await closed
    assert.equal(statusOf(await get('/')), 200)
    assert.equal(mesh.counters.deadlines.requestHead, 1)
  })
}
