import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { until } from '../../../test/support/mesh/mesh.ts'
import { TcpMesh, chatty } from '../../../test/support/mesh/tcp-mesh.ts'
import { readBytes, readRest } from '../../../test/support/mesh/tunnel-stream.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'

let tcp: TcpMesh
afterEach(() => tcp.close())

const echo = (socket: Socket): void => void socket.pipe(socket)

for (const transport of ['plain', 'hbone'] as const) {
  describe(`TCP over ${transport}`, () => {
    it('a server that speaks first, a client that ends first', async () => {
      tcp = await TcpMesh.start(transport)
      const { port } = await tcp.serve(chatty('one'))
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      assert.equal(await readBytes(stream, 8), '220 one\n')
      stream.write('quit')
      assert.equal(await readBytes(stream, 4), 'QUIT')
      stream.end()
      assert.equal(await readRest(stream), 'bye\n')
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
      const { port } = await tcp.serve(echo)
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      stream.end('x'.repeat(100_000))
      assert.equal((await readRest(stream)).length, 100_000)
      assert.equal(stream.ending, 'end')
    })

    it('a server that ends first: the client goes on', async () => {
      tcp = await TcpMesh.start(transport)
      let seen = ''
      const { port } = await tcp.serve((socket) => {
        socket.end('done')
        socket.on('data', (chunk) => (seen += chunk.toString()))
      })
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      assert.equal(await readRest(stream), 'done')
      stream.end('and one more thing')
      await until(() => seen === 'and one more thing')
      assert.equal((await tcp.mesh.record(1)).flags, '-')
    })

    it('a server that resets: the client sees an error', async () => {
      tcp = await TcpMesh.start(transport)
      const { port } = await tcp.serve((socket) => {
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
      const { port, sockets } = await tcp.serve((socket) => {
        socket.write('hello')
        socket.on('error', ({ message }) => (error = message))
      })
      tcp.put({ services: { api: [port] } })
      const stream = await tcp.open()
      await readBytes(stream, 5)
      stream.channel.abort()
      await until(() => sockets[0]?.destroyed === true)
      assert.match(error, /ECONNRESET/)
      assert.equal((await tcp.mesh.record(1)).flags, 'DC')
    })

    it('a client that cancels, which reads as an end: the server has everything, and its end', async () => {
      tcp = await TcpMesh.start(transport)
      let seen = 0
      let isEnded = false
      const { port } = await tcp.serve((socket) => {
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
      const { port } = await tcp.serve(echo)
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

describe('a port that declares nothing', () => {
  it('lets a server speak first after five seconds', async () => {
    const clock = createFakeClock()
    tcp = await TcpMesh.start('plain', { clock })
    const { port } = await tcp.serve(chatty('mysql'))
    tcp.put({ protocol: 'unknown', services: { api: [port] } })
    const stream = await tcp.open()
    await advanceInSteps(clock, 4500)
    assert.equal(stream.received, 0)
    await advanceInSteps(clock, 500)
    assert.equal(await readBytes(stream, 10), '220 mysql\n')
    stream.end('quit')
    assert.equal(await readRest(stream), 'QUITbye\n')
    assert.equal(tcp.mesh.counters.deadlines.protocolDetection, 1)
  })

  for (const isTokenWanted of [true, false]) {
    it(`carries HTTP that begins late only where nothing is done for requests (${isTokenWanted})`, async () => {
      const clock = createFakeClock()
      tcp = await TcpMesh.start('plain', { clock })
      const { port } = await tcp.serve(echo)
      tcp.put({ protocol: 'unknown', services: { api: [port] }, isTokenWanted })
      const stream = await tcp.open()
      await advanceInSteps(clock, 5500)
      for (const byte of 'GET / HTTP/1.1\r\nx-user: root\r\n\r\n') stream.write(byte)
      if (!isTokenWanted) return assert.match(await readBytes(stream, 6), /^GET \/ /)
      await until(() => stream.ending === 'reset-error')
      const { flags, details } = await tcp.mesh.record(1)
      assert.deepEqual([flags, details], ['DPE', 'http_after_protocol_detection'])
    })
  }

  it('carries what is not HTTP at once, whatever it is cut into', async () => {
    tcp = await TcpMesh.start('plain')
    const { port } = await tcp.serve(echo)
    tcp.put({ protocol: 'unknown', services: { api: [port] } })
    const stream = await tcp.open()
    for (const byte of 'SET key value\r\n') stream.write(byte)
    assert.equal(await readBytes(stream, 15), 'SET key value\r\n')
    stream.end()
    assert.equal(await readRest(stream), '')
  })
})

describe('a connection on which nothing moves', () => {
  it('is reset after its time, on both sides, and only then', async () => {
    const clock = createFakeClock()
    tcp = await TcpMesh.start('plain', { clock, deadlines: { ...defaultDeadlines, tcpIdleMs: 60_000 } })
    const { port, sockets } = await tcp.serve(echo)
    tcp.put({ services: { api: [port] } })
    const stream = await tcp.open()
    for (let i = 0; i < 3; i++) {
      stream.write('x')
      await readBytes(stream, 1)
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

describe('limits of the Service port', () => {
  for (const transport of ['plain', 'hbone'] as const) {
    it(`refuse connections over ${transport} until others are over`, async () => {
      tcp = await TcpMesh.start(transport)
      const { port, sockets } = await tcp.serve(echo)
      tcp.put({ services: { api: [port] }, policy: { limits: { maxConnections: 2 } } })
      const open = async (): Promise<Awaited<ReturnType<typeof tcp.open>>> => {
        const stream = await tcp.open()
        stream.write('a')
        return stream
      }
      const first = await open()
      assert.equal(await readBytes(first, 1), 'a')
      assert.equal(await readBytes(await open(), 1), 'a')
      const third = await open()
      await until(() => third.ending === 'reset-error')
      const { flags, details, attempts } = await tcp.mesh.record(1)
      assert.deepEqual([flags, details, attempts], ['UO', 'upstream_overflow{connections}', 0])
      assert.equal(tcp.mesh.counters.upstreamOverflow.connections, 1)
      first.end()
      await tcp.mesh.record(2)
      assert.equal(await readBytes(await open(), 1), 'a')
      assert.equal(sockets.length, 3)
    })
  }

  it('count nothing that could not be connected', async () => {
    tcp = await TcpMesh.start('plain')
    const { port } = await tcp.serve(echo)
    const put = (at: number): void => tcp.put({ services: { api: [at] }, policy: { limits: { maxConnections: 1 } } })
    put(1)
    for (let i = 1; i <= 2; i++) {
      const stream = await tcp.open()
      await until(() => stream.ending === 'reset-error')
      assert.equal((await tcp.mesh.record(i)).flags, 'UF')
    }
    put(port)
    const stream = await tcp.open()
    stream.write('a')
    assert.equal(await readBytes(stream, 1), 'a')
  })
})

describe('draining', () => {
  it('leaves connections alone until its deadline, and then cuts them', async () => {
    const clock = createFakeClock()
    tcp = await TcpMesh.start('plain', { clock })
    const { port, sockets } = await tcp.serve(echo)
    tcp.put({ services: { api: [port] } })
    const stream = await tcp.open()
    stream.write('a')
    await readBytes(stream, 1)
    const drained = tcp.mesh.plane.drain(20_000)
    await advanceInSteps(clock, 19_000)
    stream.write('b')
    assert.equal(await readBytes(stream, 1), 'b')
    await advanceInSteps(clock, 1500)
    await until(() => tcp.mesh.counters.openConnections === 0)
    await advanceInSteps(clock, 100)
    await drained
    await until(() => stream.ending === 'reset-error' && sockets[0]?.destroyed === true)
    assert.equal(tcp.mesh.counters.openTcpConnections, 0)
  })
})
