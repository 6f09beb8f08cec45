/** WebSocket as people use it: the `ws` package as client and server, with the waypoint between them. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect as connectH2, constants } from 'node:http2'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { createFakeClock } from '../support/fake-clock.ts'
import { defaultDeadlines } from '../../src/proxy/limits/deadlines.ts'
import { openDoor } from '../support/mesh/door.ts'
import type { Door } from '../support/mesh/door.ts'
import { Mesh, until } from '../support/mesh/mesh.ts'
import type { MeshOptions } from '../support/mesh/mesh.ts'
import { serveTcp } from '../support/tls/tls-app.ts'
import { arrivals } from '../support/turns.ts'

let mesh: Mesh
let door: Door
const closers: (() => void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  door.close()
  await mesh.close()
})

/** A server that sends back what it gets, closes with the code it is told, and remembers its handshakes. */
const start = async (options: MeshOptions = {}): Promise<{ readonly handshakes: IncomingMessage[] }> => {
  const http = createServer((_request, response) => response.end('plain'))
  const server = new WebSocketServer({ server: http, path: '/chat', maxPayload: 4 * 1024 * 1024 })
  const handshakes: IncomingMessage[] = []
  server.on('connection', (socket, request) => {
    handshakes.push(request)
    socket.on('message', (data: Buffer, isBinary) => {
      const text = isBinary ? '' : data.toString()
      if (text.startsWith('close ')) socket.close(Number(text.slice(6)), 'as you wish')
      else socket.send(data, { binary: isBinary })
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  closers.push(() => {
    server.close()
    http.close()
    http.closeAllConnections()
    for (const socket of server.clients) socket.terminate()
  })
  const { port } = http.address() as AddressInfo
  mesh = await Mesh.start(options)
  const endpoint = mesh.endpoint('127.0.0.1', { transport: 'plain', port })
  mesh.apply(mesh.model({ api: [endpoint] }))
  door = await openDoor(mesh)
  return { handshakes }
}

const open = async (path = '/chat'): Promise<WebSocket> => {
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}${path}`)
  closers.push(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

test('frames of any size pass, pings are answered, and the code of the end arrives', async () => {
  const { handshakes } = await start()
  const socket = await open()
  assert.equal(typeof handshakes[0]?.headers['x-forwarded-for'], 'string')
  for (const size of [0, 1, 125, 126, 65_536, 1024 * 1024]) {
    const sent = randomBytes(size)
    socket.send(sent)
    const [got] = (await once(socket, 'message')) as [Buffer]
    assert.ok(got.equals(sent), `${size} bytes`)
  }
  socket.ping('are you there')
  const [pong] = (await once(socket, 'pong')) as [Buffer]
  assert.equal(pong.toString(), 'are you there')
  socket.send('close 4001')
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  assert.deepEqual([code, reason.toString()], [4001, 'as you wish'])
  const record = await mesh.record(1)
  assert.deepEqual([record.status, record.upgrade, record.details], [101, 'websocket', 'via_upstream'])
  assert.ok(record.requestBytes > 1024 * 1024 && record.responseBytes > 1024 * 1024)
})

test('a client that closes is told to the server', async () => {
  await start()
  const socket = await open()
  socket.close(1000)
  await once(socket, 'close')
  assert.equal((await mesh.record(1)).status, 101)
  await until(() => door.open() === 0)
})

test('a hundred conversations at once keep apart', async () => {
  await start()
  const sockets = await Promise.all(Array.from({ length: 100 }, () => open()))
  const answers = await Promise.all(
    sockets.map(async (socket, i) => {
      const answer = once(socket, 'message') as Promise<[Buffer]>
      socket.send(`from ${i}`)
      return (await answer)[0].toString()
    }),
  )
  assert.deepEqual(
    answers,
    sockets.map((_, i) => `from ${i}`),
  )
})

test('a server that does not switch is heard, and the tunnel goes on with HTTP', async () => {
  await start()
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/elsewhere`)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  assert.equal(response.statusCode, 400)
  response.resume()
  socket.on('error', () => {})
  socket.terminate()
  const tunnel = await mesh.tunnel()
  const upgrade = 'connection: upgrade\r\nupgrade: another\r\n'
  assert.equal((await tunnel.get('/', upgrade)).head.status, 400)
  assert.equal((await tunnel.get('/again')).head.status, 200)
})

test('a server that answers 200 has not switched: the client is told so, and what it asks next is read as HTTP', async () => {
  await start()
  const app = await serveTcp({ address: '127.0.0.1' }, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      const body = chunk.toString().includes('websocket') ? 'plain' : 'again'
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n${body}`)
    })
  })
  closers.push(() => void app[Symbol.asyncDispose]())
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port: app.port })] }))
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/chat`)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  assert.equal(response.statusCode, 200)
  socket.on('error', () => {})
  socket.terminate()
  const tunnel = await mesh.tunnel()
  const refused = await tunnel.get('/chat', 'connection: upgrade\r\nupgrade: websocket\r\n')
  assert.deepEqual([refused.head.status, refused.body.toString()], [200, 'plain'])
  const next = await tunnel.get('/again')
  assert.deepEqual([next.head.status, next.body.toString()], [200, 'again'])
  assert.ok(mesh.records.every(({ upgrade }) => upgrade === undefined))
})

test('the time that a route gives a request is not that of a conversation', async () => {
  const clock = createFakeClock()
  await start({ clock, rule: { timeouts: { requestMs: 500, backendRequestMs: 300 } } })
  const socket = await open()
  clock.advance(10_000)
  socket.send('still here')
  const [got] = (await once(socket, 'message')) as [Buffer]
  assert.equal(got.toString(), 'still here')
})

test('one that lasts too long is ended, and so is one that is silent for too long', async () => {
  const clock = createFakeClock()
  await start({ clock, deadlines: { ...defaultDeadlines, upgradeMaxMs: 60_000, upgradeIdleMs: 20_000 } })
  const lasting = await open()
  const closed = once(lasting, 'close')
  lasting.on('error', () => {})
  for (let passedMs = 0; passedMs < 60_000; passedMs += 10_000) {
    lasting.send('on')
    await once(lasting, 'message')
    clock.advance(10_000)
  }
  await closed
  assert.equal((await mesh.record(1)).details, 'upgrade_max_duration_reached')
  const silent = await open()
  silent.on('error', () => {})
  const ended = once(silent, 'close')
  for (let i = 0; i < 60; i++) {
    clock.advance(1000)
    await arrivals(1)
  }
  await ended
  assert.match((await mesh.record(2)).details, /idle_timeout|max_duration/)
})

test('an endpoint that dies in the middle is seen as an error by the client', async () => {
  await start()
  const socket = await open()
  const closed = once(socket, 'close') as Promise<[number]>
  socket.on('error', () => {})
  closers.shift()?.()
  const [code] = await closed
  assert.equal(code, 1006)
  assert.match((await mesh.record(1)).flags, /UC|-/)
})

test('bytes that a client sends before it was answered are kept until then', async () => {
  await start()
  const raw = connect(door.port, '127.0.0.1')
  closers.push(() => raw.destroy())
  const key = randomBytes(16).toString('base64')
  raw.write(
    `GET /chat HTTP/1.1\r\nhost: api\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
  )
  // A masked text frame: "hi" under a mask of zeros.
  raw.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
  let got = ''
  raw.setEncoding('latin1')
  raw.on('data', (text: string) => {
    got += text
  })
  await until(() => got.includes('\x81\x02hi'), 'the echo')
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  assert.ok(got.startsWith('HTTP/1.1 101 Switching Protocols\r\n'))
  assert.ok(got.toLowerCase().includes(`sec-websocket-accept: ${accept.toLowerCase()}`))
})

test('WebSocket over HTTP/2 (extended CONNECT) reaches a server of HTTP/1.1', async () => {
  await start({ protocol: 'http2' })
  const session = connectH2(`http://127.0.0.1:${door.port}`)
  closers.push(() => session.destroy())
  await once(session, 'remoteSettings')
  assert.equal(session.remoteSettings.enableConnectProtocol, true)
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', 'sec-websocket-version': '13' },
    { endStream: false },
  )
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  assert.equal(headers[':status'], 200)
  assert.equal(headers['sec-websocket-accept'], undefined)
  stream.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
  const [echo] = (await once(stream, 'data')) as [Buffer]
  assert.deepEqual([...echo], [0x81, 0x02, 0x68, 0x69])
  stream.close(constants.NGHTTP2_CANCEL)
  const record = await mesh.record(1)
  assert.deepEqual([record.upgrade, record.httpVersion, record.status], ['websocket', 'HTTP/2', 101])
  const refused = session.request(
    { ':method': 'CONNECT', ':protocol': 'other', ':path': '/', 'sec-websocket-version': '13' },
    { endStream: false },
  )
  const [no] = (await once(refused, 'response')) as [Record<string, unknown>]
  assert.equal(no[':status'], 400)
})
