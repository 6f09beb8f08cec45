import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttps } from 'node:https'
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net'
import { createServer as createTls, type TLSSocket } from 'node:tls'
import { afterEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { createBackendCa } from '../../../test/support/tls/backend-ca.ts'
import type { KubeConnection } from '../connect/connection.ts'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { readText } from '../read-answer.ts'
import { createTransport, type Transport, type TransportRequest } from '../transport.ts'

const ca = createBackendCa('kubernetes')
const shown = ca.issue(['127.0.0.1', 'kubernetes'])
const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0).toReversed()) close()
})

const listen = async (server: Server): Promise<number> => {
  const sockets = new Set<{ destroy: () => void }>()
  server.on('connection', (socket) => void sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

interface Connecting extends Partial<KubeConnection> {
  readonly clock?: Clock
}

const dial = (port: number, { clock = systemClock, ...changes }: Connecting = {}): Transport => {
  const credentials: KubeConnection['credentials'] = () =>
    Promise.resolve({ ok: true, value: { ca: ca.pem, authorization: 'Bearer t' } })
  const place = { server: `https://127.0.0.1:${port}`, source: 'a test', namespace: 'shop', isInsecure: false }
  const transport = createTransport({ ...place, credentials, ...changes }, {}, clock)
  open.push(transport.close)
  return transport
}

const question = (path: string, changes: Partial<TransportRequest> = {}): TransportRequest => ({
  ...{ method: 'GET', path, headMs: 10_000 },
  ...changes,
})

/** Sends and reads to the end: what came, or why it failed. */
const ask = async (transport: Transport, request: TransportRequest | string): Promise<string> => {
  const asked = typeof request === 'string' ? question(request) : request
  const answer = await transport.send(asked)
  if (!answer.ok) return `${answer.failure.reason}: ${answer.failure.message}`
  const read = await readText(answer.value, { asked: asked.path, clock: systemClock, idleMs: 10_000 })
  return read.ok ? `${answer.value.status} ${read.value}` : `${read.failure.reason}: ${read.failure.message}`
}

type Respond = (stream: ServerHttp2Stream, path: string, body: string) => void

interface Served {
  readonly server: Http2SecureServer
  readonly port: number
  readonly sessions: readonly ServerHttp2Session[]
}

const serve = async (respond: Respond, maxConcurrentStreams?: number): Promise<Served> => {
  const settings = maxConcurrentStreams === undefined ? {} : { settings: { maxConcurrentStreams } }
  const server = createSecureServer({ ...shown, ...settings })
  const sessions: ServerHttp2Session[] = []
  server.on('session', (session) => void sessions.push(session))
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.once('end', () => respond(stream, String(headers[':path']), Buffer.concat(chunks).toString()))
  })
  return { server, port: await listen(server), sessions }
}

/** Says that a watch is open, and nothing more. */
const hold = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200 })
  stream.write('{"a":')
}

const answer: Respond = (stream, path, body) => {
  if (path.startsWith('/watch')) return hold(stream)
  stream.respond({ ':status': 200, 'retry-after': '3' })
  stream.end(`${path} ${body}`)
}

describe('questions by HTTP/2', () => {
  it('share one connection, however many begin at once', async () => {
    const { port, sessions } = await serve(answer)
    const transport = dial(port)
    const watches = await Promise.all(Array.from({ length: 40 }, (_, i) => transport.send(question(`/watch${i}`))))
    assert.ok(watches.every(({ ok }) => ok))
    const body = { type: 'application/json', text: '{"é":1}' }
    assert.equal(await ask(transport, question('/a?b=c', { method: 'POST', body })), '200 /a?b=c {"é":1}')
    assert.equal(sessions.length, 1)
  })

  it('get more connections when the server lets a connection have only some', async () => {
    const { port, sessions } = await serve(answer, 2)
    const transport = dial(port)
    const watches = await Promise.all(Array.from({ length: 5 }, (_, i) => transport.send(question(`/watch${i}`))))
    assert.ok(watches.every(({ ok }) => ok))
    assert.equal(sessions.length, 3)
    // One that ended has made room.
    const [first] = watches
    if (first?.ok) first.value.body.destroy()
    assert.equal(await ask(transport, '/b'), '200 /b ')
    assert.equal(sessions.length, 3)
  })

  for (const [name, breakOff] of [
    ['connection', (stream: ServerHttp2Stream) => stream.session?.destroy()],
    ['socket', (stream: ServerHttp2Stream) => (stream.session?.socket as TLSSocket | undefined)?.destroy()],
    ['stream', (stream: ServerHttp2Stream) => stream.destroy(new Error('broken'))],
  ] as const) {
    it(`fail when the ${name} breaks before the end of an answer, and others come through afterwards`, async () => {
      const { port } = await serve((stream, path, body) => {
        answer(stream, path, body)
        if (path === '/watch') setImmediate(breakOff, stream)
      })
      const transport = dial(port)
      assert.match(await ask(transport, '/watch'), /^Unreachable: /)
      assert.equal(await ask(transport, '/b'), '200 /b ')
    })
  }

  it('fail when the connection breaks before the head of an answer', async () => {
    const { port } = await serve((stream) => (stream.session?.socket as TLSSocket | undefined)?.destroy())
    assert.match(await ask(dial(port), '/a'), /^Unreachable: /)
  })

  it('go to a new connection when the server says that it goes, while what is under way goes on', async () => {
    const opened = Promise.withResolvers<ServerHttp2Stream>()
    const { port, sessions } = await serve((stream, path, body) => {
      answer(stream, path, body)
      if (path === '/watch') opened.resolve(stream)
    })
    const transport = dial(port)
    const watch = ask(transport, '/watch')
    const held = await opened.promise
    sessions[0]?.close()
    // It is on its way when something later has come.
    assert.equal(await ask(transport, '/b'), '200 /b ')
    assert.equal(await ask(transport, '/c'), '200 /c ')
    held.end('1}')
    assert.equal(await watch, '200 {"a":1}')
    assert.equal(sessions.length, 2)
  })

  it('are sent again when the server has not looked at them, but not for ever', async () => {
    let times = 0
    const { port } = await serve((stream, path, body) => {
      times++
      if (path === '/never' || times === 1) stream.close(7)
      else answer(stream, path, body)
    })
    const transport = dial(port)
    assert.equal(await ask(transport, '/a'), '200 /a ')
    assert.match(await ask(transport, '/never'), /^Unreachable: the server has refused it 3 times/)
  })

  it('end when they are called off, and when the client is closed', async () => {
    const { port, sessions } = await serve(answer)
    const transport = dial(port)
    const calling = new AbortController()
    const watch = ask(transport, question('/watch', { signal: calling.signal }))
    assert.equal(await ask(transport, '/a'), '200 /a ')
    calling.abort()
    assert.match(await watch, /^(?:Aborted|Unreachable)/)
    assert.equal(await ask(transport, '/b'), '200 /b ')
    const other = ask(transport, '/watch')
    assert.equal(await ask(transport, '/c'), '200 /c ')
    transport.close()
    assert.match(await other, /^(?:Aborted|Unreachable)/)
    assert.match(await ask(transport, '/d'), /^Aborted/)
    assert.equal(sessions.length, 1)
  })
})

describe('a connection', () => {
  it('that is silent is given up', async () => {
    const clock = createFakeClock()
    const server = createTls({ ...shown, ALPNProtocols: ['h2'] })
    const came = once(server, 'secureConnection')
    const port = await listen(server)
    const told = ask(dial(port, { clock }), question('/a', { headMs: 1e9 }))
    const [socket]: TLSSocket[] = await came
    // An empty SETTINGS frame, and then what is asked, but no answer.
    socket?.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    for (let got = ''; !got.includes('/a');) got += String((await once(socket ?? server, 'data'))[0])
    clock.advance(30_000)
    clock.advance(15_000)
    assert.match(await told, /^Unreachable: the connection was silent/)
  })

  it('that nobody uses goes after a while', async () => {
    const clock = createFakeClock()
    const { port, sessions } = await serve(answer)
    assert.equal(await ask(dial(port, { clock }), '/a'), '200 /a ')
    const gone = once(sessions[0] ?? assert.fail('no session'), 'close')
    // What keeps it is over some turns after its answer.
    await advanceInSteps(clock, 31_000)
    await gone
  })

  it('that cannot be made says why', async () => {
    const { port } = await serve(answer)
    const other = createBackendCa('another').pem
    const credentials: KubeConnection['credentials'] = () => Promise.resolve({ ok: true, value: { ca: other } })
    assert.match(await ask(dial(port, { credentials }), '/a'), /^Untrusted: /)
    assert.match(await ask(dial(port, { serverName: 'somebody' }), '/a'), /^Untrusted: /)
    assert.equal(await ask(dial(port, { serverName: 'kubernetes' }), '/a'), '200 /a ')
    assert.equal(await ask(dial(port, { credentials, isInsecure: true }), '/a'), '200 /a ')
    const nobody = createTcp()
    const closed = await listen(nobody)
    nobody.close()
    await once(nobody, 'close')
    assert.match(await ask(dial(closed), '/a'), /^Unreachable: the connection was refused/)
  })

  it('that is not made in time is given up, and sooner when it is called off', async () => {
    const clock = createFakeClock()
    const server = createTcp()
    const came = once(server, 'connection')
    const transport = dial(await listen(server), { clock })
    const calling = new AbortController()
    const calledOff = ask(transport, question('/b', { signal: calling.signal }))
    const late = ask(transport, '/a')
    await came
    calling.abort()
    assert.match(await calledOff, /^Aborted/)
    clock.advance(10_000)
    assert.match(await late, /^Timeout: no answer after 10000 ms/)
  })
})

it('what cannot be sent is a failure, by either version, and nothing else is harmed', async () => {
  const { port } = await serve(answer)
  const plain = await listen(createHttps(shown, (_, response) => response.end()))
  for (const at of [port, plain]) {
    let authorization = 'Bearer a\nb'
    const credentials: KubeConnection['credentials'] = () =>
      Promise.resolve({ ok: true, value: { ca: ca.pem, authorization } })
    const transport = dial(at, { credentials })
    const told = await ask(transport, '/a')
    assert.match(told, /^Credentials: what is to be sent as authorization has a character/)
    assert.doesNotMatch(told, /a\nb/)
    authorization = 'Bearer a'
    assert.match(await ask(transport, '/b'), /^200 /)
  }
})

it('a server that speaks no HTTP/2 is asked by HTTP/1.1', async () => {
  const server = createHttps(shown, (request, response) => response.end(`${request.httpVersion} ${request.url}`))
  const transport = dial(await listen(server))
  assert.equal(await ask(transport, '/a'), '200 1.1 /a')
  assert.equal(await ask(transport, '/b'), '200 1.1 /b')
})
