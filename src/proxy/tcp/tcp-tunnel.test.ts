import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { VIP, podAddress, until } from '../../../test/support/mesh/mesh.ts'
import { TcpMesh } from '../../../test/support/mesh/tcp-mesh.ts'
import { openStream } from '../../../test/support/mesh/tunnel-stream.ts'
import type { TunnelStream } from '../../../test/support/mesh/tunnel-stream.ts'
import type { ConnectionRoutes } from '../../model/connection-route.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'

let tcp: TcpMesh
let closing = new AsyncDisposableStack()
afterEach(async () => {
  await tcp.close()
  await closing.disposeAsync()
  closing = new AsyncDisposableStack()
})

/** An application that leaves its sockets half open for its owner to say. */
const serve = async (onSocket: (socket: Socket) => void, port = 0): Promise<{ port: number; sockets: Socket[] }> => {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(port, podAddress(60))
  await once(server, 'listening')
  closing.defer(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

/** Greets, answers each line, and ends when its client does. */
const chatty = (name: string) => (socket: Socket) => {
  socket.write(`220 ${name}\n`)
  socket.on('data', (chunk) => socket.write(chunk.toString('latin1').toUpperCase()))
  socket.on('end', () => socket.end('bye\n'))
}

const echo = (socket: Socket): void => void socket.pipe(socket)

/** Waits for so many bytes of the stream. */
const read = async (stream: TunnelStream, bytes: number): Promise<string> => {
  let seen = ''
  while (seen.length < bytes) {
    const chunk: unknown = stream.read()
    if (Buffer.isBuffer(chunk)) seen += chunk.toString('latin1')
    else await once(stream, 'readable')
  }
  return seen
}

/** Everything up to the end; the other direction stays as it is. */
const rest = async (stream: TunnelStream): Promise<string> => {
  let seen = ''
  stream.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')))
  await once(stream, 'end')
  return seen
}

const backend = (name: string, weight = 1) =>
  ({
    kind: 'service',
    weight,
    service: { namespace: 'shop', name, hostname: `${name}.shop.svc.cluster.local`, port: 80 },
    endpoints: formatEndpointKey('shop', name, 80),
  }) as const
type RouteBackends = Extract<ConnectionRoutes, { kind: 'TCPRoute' }>['rule']['backends']
const tcpRoute = (...backends: RouteBackends): ConnectionRoutes => ({
  kind: 'TCPRoute',
  rule: { route: 'TCPRoute/shop/api', backends },
})

for (const transport of ['plain', 'hbone'] as const) {
  describe(`TCP over ${transport}`, () => {
    it('a server that speaks first, a client that ends first', async () => {
      tcp = await TcpMesh.start(transport)
      const { port } = await serve(chatty('one'))
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      assert.equal(await read(stream, 8), '220 one\n')
      stream.write('quit')
      assert.equal(await read(stream, 4), 'QUIT')
      stream.end()
      assert.equal(await rest(stream), 'bye\n')
      assert.equal(stream.ending, 'end')
      const record = await tcp.mesh.record(1)
      const { protocol, flags, details, requestBytes, responseBytes, status, httpVersion, attempts, route } = record
      assert.deepEqual(
        { protocol, flags, details, requestBytes, responseBytes, status, httpVersion, attempts, route },
        {
          protocol: 'tcp',
          flags: '-',
          details: 'via_upstream',
          requestBytes: 4,
          responseBytes: 16,
          status: 0,
          httpVersion: '',
          attempts: 1,
          route: undefined,
        },
      )
      assert.equal(record.endpoint?.port, port)
      assert.equal(record.backend?.name, 'api')
    })

    it('a client that says all before there is an endpoint', async () => {
      tcp = await TcpMesh.start(transport)
      const { port } = await serve(echo)
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      stream.end('x'.repeat(100_000))
      assert.equal((await rest(stream)).length, 100_000)
      assert.equal(stream.ending, 'end')
    })

    it('a server that ends first: the client goes on', async () => {
      tcp = await TcpMesh.start(transport)
      let seen = ''
      const { port } = await serve((socket) => {
        socket.end('done')
        socket.on('data', (chunk) => (seen += chunk.toString()))
      })
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      assert.equal(await rest(stream), 'done')
      stream.end('and one more thing')
      await until(() => seen === 'and one more thing')
      assert.equal((await tcp.mesh.record(1)).flags, '-')
    })

    it('a server that resets: the client sees an error', async () => {
      tcp = await TcpMesh.start(transport)
      const { port } = await serve((socket) => {
        socket.once('data', () => socket.resetAndDestroy())
      })
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      stream.write('x')
      await until(() => stream.ending !== 'open')
      assert.equal(stream.ending, 'reset-error')
      const { flags, details } = await tcp.mesh.record(1)
      assert.deepEqual([flags, details], ['UC', 'upstream_remote_disconnect'])
    })

    it('a client that resets with an error: the server sees one', async () => {
      tcp = await TcpMesh.start(transport)
      let error = ''
      const { port, sockets } = await serve((socket) => {
        socket.write('hello')
        socket.on('error', ({ message }) => (error = message))
      })
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      await read(stream, 5)
      stream.channel.abort()
      await until(() => sockets[0]?.destroyed === true)
      assert.match(error, /ECONNRESET/)
      assert.equal((await tcp.mesh.record(1)).flags, 'DC')
    })

    it('a client that cancels, which reads as an end: the server has everything, and its end', async () => {
      tcp = await TcpMesh.start(transport)
      let seen = 0
      let isEnded = false
      const { port } = await serve((socket) => {
        socket.on('data', (chunk) => (seen += chunk.length))
        socket.on('end', () => {
          isEnded = true
          socket.end()
        })
      })
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      stream.write(Buffer.alloc(50_000))
      await until(() => seen === 50_000)
      stream.channel.cut()
      await until(() => isEnded)
      const { flags, requestBytes } = await tcp.mesh.record(1)
      assert.deepEqual([flags, requestBytes], ['-', 50_000])
    })

    it('20 MB each way with a reader that is slow: digests agree, and memory stays bounded', async () => {
      tcp = await TcpMesh.start(transport)
      const { port } = await serve(echo)
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      const [sent, got] = [createHash('sha256'), createHash('sha256')]
      const pieces = 320
      let most = 0
      const writing = (async () => {
        for (let i = 0; i < pieces; i++) {
          const piece = Buffer.alloc(65_536, i)
          sent.update(piece)
          if (!stream.write(piece)) await once(stream, 'drain')
        }
        stream.end()
      })()
      for await (const chunk of stream) {
        got.update(chunk as Buffer)
        most = Math.max(most, tcp.mesh.counters.heldBytes)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await writing
      assert.equal(stream.received, pieces * 65_536)
      assert.equal(got.digest('hex'), sent.digest('hex'))
      assert.ok(most <= 600_000, `${most} bytes were held`)
    })
  })
}

describe('where a connection goes', () => {
  it('1,000 connections at 90 to 10: exact', async () => {
    tcp = await TcpMesh.start('plain')
    const [one, two] = [await serve((socket) => socket.end('1')), await serve((socket) => socket.end('2'))]
    tcp.put({
      connections: tcpRoute(backend('api', 90), backend('canary', 10)),
      services: { api: [one.port], canary: [two.port] },
    })
    const client = await tcp.mesh.dial()
    let canary = 0
    for (let round = 0; round < 20; round++) {
      const streams = await Promise.all(Array.from({ length: 50 }, () => openStream(client, VIP)))
      await Promise.all(
        streams.map(async (stream) => {
          if ((await rest(stream)) === '2') canary++
          stream.end()
        }),
      )
    }
    assert.equal(canary, 100)
    const { route, rule, backend: chosen } = await tcp.mesh.record(1000)
    assert.deepEqual([route, rule, chosen?.port], ['TCPRoute/shop/api', '0', 80])
  })

  it('the share of a backend that is none is reset', async () => {
    tcp = await TcpMesh.start('plain')
    const { port } = await serve((socket) => socket.end('1'))
    const invalid = { kind: 'invalid', weight: 1, reason: 'it does not exist', ref: 'Service shop/gone:80' } as const
    tcp.put({ connections: tcpRoute(backend('api', 1), invalid), services: { api: [port] } })
    const endings: string[] = []
    for (let i = 0; i < 10; i++) {
      const stream = await tcp.open()
      stream.resume()
      await until(() => stream.ending !== 'open')
      stream.end()
      endings.push(stream.ending)
    }
    assert.equal(endings.filter((ending) => ending === 'end').length, 5)
    assert.equal(endings.filter((ending) => ending === 'reset-error').length, 5)
    const refused = tcp.mesh.records.filter(({ flags }) => flags === 'NC')
    assert.equal(refused.length, 5)
    assert.equal(refused[0]?.termination, 'backend Service shop/gone:80: it does not exist')
    assert.ok(tcp.mesh.logs.some((line) => line.includes('Service shop/gone:80')))
  })

  it('another endpoint where one takes no connection', async () => {
    tcp = await TcpMesh.start('plain')
    const { port } = await serve((socket) => socket.end('1'))
    tcp.put({ services: { api: [9, port] } })
    for (let i = 0; i < 4; i++) {
      const stream = await tcp.open()
      assert.equal(await rest(stream), '1')
      stream.end()
    }
    await tcp.mesh.record(4)
    const again = tcp.mesh.records.filter(({ tries }) => tries.length > 0)
    assert.equal(again.length, 2)
    assert.match(again[0]?.tries[0]?.failure ?? '', /ECONNREFUSED/)
    assert.equal(again[0]?.attempts, 2)
  })

  it('nowhere: a reset, and why in the record', async () => {
    tcp = await TcpMesh.start('plain')
    for (const [services, flags] of [
      [{ api: [] }, 'UH'],
      [{ api: [9, 9] }, 'UF'],
    ] as const) {
      tcp.put({ services })
      const stream = await tcp.open()
      await until(() => stream.ending !== 'open')
      assert.equal(stream.ending, 'reset-error')
      assert.equal(tcp.mesh.records.at(-1)?.flags, flags)
    }
    assert.match(tcp.mesh.records.at(-1)?.upstreamFailure ?? '', /ECONNREFUSED/)
  })

  it('it stays where it is when routes change, and new ones follow the new route', async () => {
    tcp = await TcpMesh.start('plain')
    const [one, two] = [await serve(chatty('one')), await serve(chatty('two'))]
    const services = { api: [one.port], canary: [two.port] }
    tcp.put({ connections: tcpRoute(backend('api')), services })
    const first = await tcp.open()
    assert.equal(await read(first, 8), '220 one\n')
    tcp.put({ connections: tcpRoute(backend('canary')), services: { canary: [two.port] } })
    const second = await tcp.open()
    assert.equal(await read(second, 8), '220 two\n')
    first.write('still')
    assert.equal(await read(first, 5), 'STILL')
    tcp.mesh.apply(tcp.mesh.model({ services: [] }))
    first.write('there')
    assert.equal(await read(first, 5), 'THERE')
    first.end()
    second.end()
    assert.equal(await rest(first), 'bye\n')
    assert.equal(await rest(second), 'bye\n')
  })
})

describe('a port that declares nothing', () => {
  it('lets a server speak first after five seconds', async () => {
    const clock = createFakeClock()
    tcp = await TcpMesh.start('plain', { clock })
    const { port } = await serve(chatty('mysql'))
    tcp.put({ protocol: 'unknown', services: { api: [port] } })
    const stream = await tcp.open()
    await advanceInSteps(clock, 4500)
    assert.equal(stream.received, 0)
    await advanceInSteps(clock, 500)
    assert.equal(await read(stream, 10), '220 mysql\n')
    stream.end('quit')
    assert.equal(await rest(stream), 'QUITbye\n')
    assert.equal(tcp.mesh.counters.deadlines.protocolDetection, 1)
  })

  it('carries what is not HTTP at once, whatever it is cut into', async () => {
    tcp = await TcpMesh.start('plain')
    const { port } = await serve(echo)
    tcp.put({ protocol: 'unknown', services: { api: [port] } })
    const stream = await tcp.open()
    for (const byte of 'SET key value\r\n') stream.write(byte)
    assert.equal(await read(stream, 15), 'SET key value\r\n')
    stream.end()
    assert.equal(await rest(stream), '')
  })
})

describe('a connection on which nothing moves', () => {
  it('is reset after its time, on both sides, and only then', async () => {
    const clock = createFakeClock()
    tcp = await TcpMesh.start('plain', { clock, deadlines: { ...defaultDeadlines, tcpIdleMs: 60_000 } })
    const { port, sockets } = await serve(echo)
    tcp.put({ services: { api: [port] } })
    const stream = await tcp.open()
    for (let i = 0; i < 3; i++) {
      stream.write('x')
      await read(stream, 1)
      await advanceInSteps(clock, 50_000)
    }
    assert.equal(stream.ending, 'open')
    await advanceInSteps(clock, 12_000)
    await until(() => stream.ending === 'reset-error' && sockets[0]?.destroyed === true)
    const { flags, details } = await tcp.mesh.record(1)
    assert.deepEqual([flags, details], ['SI', 'tcp_idle_timeout'])
    assert.equal(tcp.mesh.counters.deadlines.tcpIdle, 1)
  })
})

describe('draining', () => {
  it('leaves connections alone until its deadline, and then cuts them', async () => {
    const clock = createFakeClock()
    tcp = await TcpMesh.start('plain', { clock })
    const { port, sockets } = await serve(echo)
    tcp.put({ services: { api: [port] } })
    const stream = await tcp.open()
    stream.write('a')
    await read(stream, 1)
    const drained = tcp.mesh.plane.drain(20_000)
    await advanceInSteps(clock, 19_000)
    stream.write('b')
    assert.equal(await read(stream, 1), 'b')
    await advanceInSteps(clock, 1500)
    await drained
    await until(() => stream.ending === 'reset-error' && sockets[0]?.destroyed === true)
    assert.equal(tcp.mesh.counters.openTcpConnections, 0)
  })
})
