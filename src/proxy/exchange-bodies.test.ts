import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { INTERNAL_ERROR } from '../http/h2/constants.ts'
import { defaultOwnSettings } from '../http/h2/settings.ts'
import { Mesh, until } from '../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../test/support/mesh/pod.ts'
import { arrivals } from '../../test/support/turns.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const MIB = 1 << 20
const WINDOW = defaultOwnSettings.streamWindowBytes

/** Answers with as many bytes as the path names: `/65536`. */
const sendAsked = (tunnel: PodTunnel, { head }: { readonly head: { readonly target: string } }): void => {
  const bytes = Number(head.target.slice(1))
  tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
  void tunnel.download(bytes)
}

const echoSize = (tunnel: PodTunnel, { bodyBytes }: { readonly bodyBytes: number }): void => {
  tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${String(bodyBytes).length}\r\n\r\n${bodyBytes}`)
}

const sizes = [0, 1, 16_383, 16_384, 65_537, WINDOW, 3 * MIB, 64 * MIB]

test('answers of all sizes arrive whole on one tunnel', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: sendAsked }] })
  const tunnel = await mesh.tunnel()
  for (const bytes of sizes) assert.equal((await tunnel.get(`/${bytes}`)).body.length, bytes)
  assert.equal(mesh.pod.tunnels.length, 1)
})

test('request bodies of all sizes arrive whole on one tunnel', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: echoSize }] })
  const tunnel = await mesh.tunnel()
  for (const bytes of sizes) {
    tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${bytes}\r\n\r\n`, 'POST')
    await tunnel.upload(bytes)
    assert.equal((await tunnel.answer()).body.toString(), String(bytes))
  }
  assert.equal(mesh.pod.tunnels.length, 1)
})

test('a body in ten thousand chunks of one byte arrives whole', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: echoSize }] })
  const tunnel = await mesh.tunnel()
  const body = `${'1\r\nx\r\n'.repeat(10_000)}0\r\n\r\n`
  const answer = await tunnel.request('POST', '/', 'transfer-encoding: chunked\r\n', body)
  assert.equal(answer.body.toString(), '10000')
})

test('bodies in both directions at once do not stop each other', async () => {
  mesh = await Mesh.start({
    pods: [
      {
        onHead: (tunnel) => {
          tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${8 * MIB}\r\n\r\n`)
          void tunnel.download(8 * MIB)
        },
        onRequest: () => {},
      },
    ],
  })
  const tunnel = await mesh.tunnel()
  tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${8 * MIB}\r\n\r\n`, 'POST')
  const upload = tunnel.upload(8 * MIB)
  assert.equal((await tunnel.answer()).body.length, 8 * MIB)
  await Promise.race([upload, tunnel.ended])
})

test('a client that does not read stops the pod after what the windows hold, and then gets everything', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: sendAsked }] })
  const tunnel = await mesh.tunnel()
  tunnel.isReading = false
  tunnel.write(`GET /${16 * MIB} HTTP/1.1\r\nhost: api\r\n\r\n`, 'GET')
  const pod = await stalled(() => mesh.pod.tunnels[0])
  // The client's window, and ours towards the pod: nothing else may hold any of it.
  const sent = 16 * MIB - pod.stream.queuedBytes
  assert.ok(tunnel.received <= WINDOW, `${tunnel.received} at the client`)
  assert.equal(pod.stream.sendWindow, 0)
  assert.ok(sent > 0)
  tunnel.readOn()
  assert.equal((await tunnel.answer()).body.length, 16 * MIB)
})

test('a pod that does not read stops the client after what the windows hold, and then gets everything', async () => {
  mesh = await Mesh.start({ pods: [{ onHead: (tunnel) => void (tunnel.isReading = false), onRequest: echoSize }] })
  const tunnel = await mesh.tunnel()
  tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${4 * MIB}\r\n\r\n`, 'POST')
  const upload = tunnel.upload(4 * MIB)
  const pod = await stalled(() => mesh.pod.tunnels[0])
  assert.ok(pod.unread <= WINDOW, `${pod.unread} at the pod`)
  assert.equal(mesh.records.length, 0)
  pod.readOn()
  await upload
  assert.equal((await tunnel.answer()).body.toString(), String(4 * MIB))
})

test('a tunnel that was filled and drained has its credit back, however often', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: sendAsked }] })
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 12; i++) {
    tunnel.isReading = false
    tunnel.write(`GET /${2 * WINDOW + 1000 * i} HTTP/1.1\r\nhost: api\r\n\r\n`, 'GET')
    await until(() => tunnel.received > 0)
    await stalled(() => mesh.pod.tunnels[0])
    tunnel.readOn()
    assert.equal((await tunnel.answer()).body.length, 2 * WINDOW + 1000 * i)
  }
  const [pod] = mesh.pod.tunnels
  assert.equal(mesh.pod.tunnels.length, 1)
  // Credit comes in halves of the window: less than a half may be under way.
  await until(() => (pod?.stream.sendWindow ?? 0) > WINDOW / 2, 'the credit of the tunnel to the pod')
})

test('the last bytes of an answer may wait for the client while the pod has finished: its credit is not lost', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: sendAsked }] })
  const tunnel = await mesh.tunnel()
  // One window of it is with the client, the other one waits here: the pod is done, and its tunnel free for the next.
  const bytes = 2 * WINDOW - 8000
  for (let i = 0; i < 12; i++) {
    tunnel.isReading = false
    tunnel.write(`GET /${bytes} HTTP/1.1\r\nhost: api\r\n\r\n`, 'GET')
    await until(() => mesh.pod.requests === i + 1)
    await stalled(() => mesh.pod.tunnels[0])
    tunnel.readOn()
    assert.equal((await tunnel.answer()).body.length, bytes)
  }
  assert.equal(mesh.pod.tunnels.length, 1)
})

test('the credit of a refused body comes back to the client', async () => {
  mesh = await Mesh.start({ pods: [{}] })
  mesh.apply(mesh.model({ api: [] }))
  const tunnel = await mesh.tunnel()
  tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${4 * WINDOW}\r\n\r\n`, 'POST')
  const upload = tunnel.upload(4 * WINDOW)
  const { head } = await tunnel.answer()
  assert.equal(head.status, 503)
  assert.equal(head.headers.get('connection'), 'close')
  await upload
})

for (const { how, run, status } of [
  { how: 'goes away', run: (pod: PodTunnel): void => pod.reset(INTERNAL_ERROR), status: 503 },
  {
    how: 'answers',
    run: (pod: PodTunnel): unknown => pod.write('HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n'),
    status: 413,
  },
]) {
  test(`the pod ${how} without reading the body: the client has its credit back and can send the rest`, async () => {
    mesh = await Mesh.start({ pods: [{ onHead: (pod) => void (pod.isReading = false), onRequest: () => {} }] })
    const tunnel = await mesh.tunnel()
    tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${8 * WINDOW}\r\n\r\n`, 'POST')
    const upload = tunnel.upload(8 * WINDOW)
    run(await stalled(() => mesh.pod.tunnels[0]))
    const { head } = await tunnel.answer()
    // Before it is so, the client is told that this was the last request here (RFC 9112 section 9.6).
    assert.deepEqual([head.status, head.headers.get('connection')], [status, 'close'])
    await upload
    assert.equal(await tunnel.ended, 'end')
  })
}

test('what a client sends behind its last request is dropped, and it has the credit back', async () => {
  let pending: PodTunnel | undefined
  mesh = await Mesh.start({ pods: [{ onRequest: (pod) => (pending = pod) }] })
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n', 'GET')
  const upload = tunnel.upload(4 * WINDOW)
  await until(() => pending !== undefined)
  await stalled(() => pending)
  pending?.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  assert.equal((await tunnel.answer()).body.toString(), 'ok')
  assert.equal(await tunnel.ended, 'end')
  await upload
  assert.equal(mesh.records.length, 1)
})

test('a client that gives up while it does not read leaves nothing behind', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: sendAsked }] })
  const tunnel = await mesh.tunnel()
  tunnel.isReading = false
  tunnel.write(`GET /${8 * MIB} HTTP/1.1\r\nhost: api\r\n\r\n`, 'GET')
  await stalled(() => mesh.pod.tunnels[0])
  mesh.clients[0]?.destroy()
  await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
  await until(() => mesh.counters.activeExchanges === 0)
})

/** A plaintext endpoint. */
const plain = async (onSocket: (socket: Socket) => void): Promise<{ readonly port: number } & Disposable> => {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.dispose]: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

test('a plaintext endpoint: bodies both ways, kept alive, slow on either side', async () => {
  let head = ''
  let received = 0
  let slow: Socket | undefined
  using server = await plain((socket) => {
    slow = socket
    socket.on('data', (chunk: Buffer) => {
      if (head === '') {
        head = chunk.toString('latin1')
        received -= head.indexOf('\r\n\r\n') + 4
        if (received < 0) socket.pause()
      }
      received += chunk.length
      if (received < 4 * MIB) return
      head = ''
      received = 0
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${4 * MIB}\r\n\r\n`)
      socket.write(Buffer.alloc(4 * MIB, 'p'))
    })
  })
  mesh = await Mesh.start({ pods: [] })
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port: server.port })] }))
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 3; i++) {
    tunnel.isReading = false
    tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${4 * MIB}\r\n\r\n`, 'POST')
    const upload = tunnel.upload(4 * MIB)
    await until(() => slow?.isPaused() === true)
    slow?.resume()
    await upload
    await until(() => tunnel.unread > 100_000)
    tunnel.readOn()
    assert.equal((await tunnel.answer()).body.length, 4 * MIB)
  }
  assert.equal(mesh.counters.upstreamConnectionsTotal, 1)
  assert.equal(mesh.counters.openUpstreamConnections, 1)
})

test('a client that does not read stops a plaintext endpoint, and then gets everything', async () => {
  // More than the kernel's buffers on the way take.
  const bytes = 32 * MIB
  let server: Socket | undefined
  using listener = await plain((socket) => {
    server = socket
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
      socket.write(Buffer.alloc(bytes, 'p'))
    })
  })
  mesh = await Mesh.start({ pods: [] })
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port: listener.port })] }))
  const tunnel = await mesh.tunnel()
  tunnel.isReading = false
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => tunnel.unread > WINDOW - 65_536)
  await arrivals(100)
  assert.ok(tunnel.unread <= WINDOW)
  assert.ok((server?.writableLength ?? 0) > 0, 'the endpoint has bytes left to send')
  tunnel.readOn()
  assert.equal((await tunnel.answer()).body.length, bytes)
})

test('a plaintext endpoint that does not read stops the client, and then gets everything', async () => {
  const bytes = 32 * MIB
  let server: Socket | undefined
  let received = 0
  using listener = await plain((socket) => {
    server = socket
    socket.pause()
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
  })
  mesh = await Mesh.start({ pods: [] })
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port: listener.port })] }))
  const tunnel = await mesh.tunnel()
  tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${bytes}\r\n\r\n`, 'POST')
  const state = { isSent: false }
  const upload = tunnel.upload(bytes).then(() => (state.isSent = true))
  await until(() => server !== undefined)
  await arrivals(100)
  assert.equal(state.isSent, false)
  server?.resume()
  await upload
  await until(() => received > bytes)
  tunnel.channel.reset(INTERNAL_ERROR)
})

test('a plaintext endpoint that answers until it closes, and one that breaks off', async () => {
  let isGood = true
  using server = await plain((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhello', () => (isGood ? socket.end() : socket.resetAndDestroy()))
    })
  })
  mesh = await Mesh.start({ pods: [] })
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port: server.port })] }))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).body.toString(), 'hello')
  await until(() => mesh.counters.openUpstreamConnections === 0)
  isGood = false
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  assert.equal(await tunnel.ended, 'reset-error')
})

test('nobody listens at a plaintext endpoint: 503', async () => {
  let port = 0
  {
    using server = await plain(() => {})
    port = server.port
  }
  mesh = await Mesh.start({ pods: [] })
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port })] }))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 503)
  assert.match((await mesh.record(1)).upstreamFailure, /ECONNREFUSED/)
})

test('an endpoint that is this waypoint itself is not dialled: 503', async () => {
  mesh = await Mesh.start({ pods: [] })
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1', { transport: 'plain', port: mesh.port })] }))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 503)
  assert.match((await mesh.record(1)).upstreamFailure, /is this waypoint itself/)
  assert.equal(mesh.counters.connectionsTotal, 1)
})

/** Waits until nothing moves any more. */
const stalled = async (tunnelOf: () => PodTunnel | undefined): Promise<PodTunnel> => {
  await until(() => tunnelOf() !== undefined)
  const tunnel = tunnelOf()
  assert.ok(tunnel)
  let before = -1
  let quietTurns = 0
  await until(() => {
    const now = tunnel.unread + tunnel.stream.queuedBytes + tunnel.stream.sendWindow + tunnel.seen.length
    quietTurns = now === before ? quietTurns + 1 : 0
    before = now
    return quietTurns > 300
  })
  return tunnel
}

test('clients that go with an answer half read leave the kept tunnel behind with all of its window', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: sendAsked }] })
  for (let i = 0; i < 3; i++) {
    const leaving = await mesh.tunnel()
    leaving.isReading = false
    await leaving.get(`/${WINDOW - 10_000}`)
    // Most of this one waits in front of the client, and none of it in front of the waypoint.
    leaving.write(`GET /100000 HTTP/1.1\r\nhost: api\r\n\r\n`, 'GET')
    await until(() => mesh.records.length === i * 2 + 1 && leaving.received > WINDOW - 5000)
    await until(() => mesh.pod.tunnels[0]?.requests.length === i * 2 + 2)
    await until(() => mesh.pod.tunnels[0]?.stream.queuedBytes === 0, `answer ${i} to be out`)
    // Once this one is open, what the pod had sent before has come to the waypoint too.
    await mesh.tunnel()
    leaving.channel.reset(INTERNAL_ERROR)
    await until(() => mesh.counters.activeExchanges === 0)
  }
  const next = await mesh.tunnel()
  assert.equal((await next.get(`/${WINDOW}`)).body.length, WINDOW)
  assert.equal(mesh.pod.tunnels.length, 1)
})
