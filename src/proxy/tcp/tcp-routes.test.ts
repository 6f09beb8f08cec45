import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { VIP, until } from '../../../test/support/mesh/mesh.ts'
import { TcpMesh, chatty } from '../../../test/support/mesh/tcp-mesh.ts'
import { openStream, readBytes, readRest } from '../../../test/support/mesh/tunnel-stream.ts'
import type { ConnectionRoutes } from '../../model/connection-route.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'

let tcp: TcpMesh
afterEach(() => tcp.close())

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

describe('where a connection goes', () => {
  it('1,000 connections at 90 to 10: exact', async () => {
    tcp = await TcpMesh.start('plain')
    const [one, two] = [await tcp.serve((socket) => socket.end('1')), await tcp.serve((socket) => socket.end('2'))]
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
          if ((await readRest(stream)) === '2') canary++
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
    const { port } = await tcp.serve((socket) => socket.end('1'))
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
    const { port } = await tcp.serve((socket) => socket.end('1'))
    tcp.put({ services: { api: [9, port] } })
    for (let i = 0; i < 4; i++) {
      const stream = await tcp.open()
      assert.equal(await readRest(stream), '1')
      stream.end()
    }
    await tcp.mesh.record(4)
    const again = tcp.mesh.records.filter(({ tries }) => tries.length > 0)
    assert.equal(again.length, 2)
    assert.match(again[0]?.tries[0]?.failure ?? '', /ECONNREFUSED/)
    assert.equal(again[0]?.attempts, 2)
  })

  it('three endpoints at most', async () => {
    tcp = await TcpMesh.start('plain')
    const { port } = await tcp.serve((socket) => socket.end('1'))
    tcp.put({ services: { api: [9, 10, 11, 12, port] } })
    for (let i = 0; i < 5; i++) {
      const stream = await tcp.open()
      stream.resume()
      await until(() => stream.ending !== 'open')
      stream.end()
    }
    await tcp.mesh.record(5)
    const attempts = tcp.mesh.records.map((record) => [record.attempts, record.tries.length, record.flags])
    assert.ok(attempts.every(([count, tries]) => count === Number(tries) + 1 && Number(tries) <= 2))
    assert.ok(attempts.some(([count, , flags]) => count === 3 && flags === 'UF'))
    assert.ok(attempts.some(([, , flags]) => flags === '-'))
  })

  it('nowhere, when the client is gone before there is an endpoint', async () => {
    tcp = await TcpMesh.start('plain')
    const { port, sockets } = await tcp.serve((socket) => socket.resume().on('end', () => socket.end()))
    tcp.put({ services: { api: [port] } })
    for (const leave of ['abort', 'cut'] as const) {
      const stream = await tcp.open()
      stream.channel[leave]()
    }
    await until(
      () =>
        tcp.mesh.records.length === 2 && sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded),
    )
    assert.equal(tcp.mesh.counters.openTcpConnections, 0)
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
    const [one, two] = [await tcp.serve(chatty('one')), await tcp.serve(chatty('two'))]
    const services = { api: [one.port], canary: [two.port] }
    tcp.put({ connections: tcpRoute(backend('api')), services })
    const first = await tcp.open()
    assert.equal(await readBytes(first, 8), '220 one\n')
    tcp.put({ connections: tcpRoute(backend('canary')), services: { canary: [two.port] } })
    const second = await tcp.open()
    assert.equal(await readBytes(second, 8), '220 two\n')
    first.write('still')
    assert.equal(await readBytes(first, 5), 'STILL')
    tcp.mesh.apply(tcp.mesh.model({ services: [] }))
    first.write('there')
    assert.equal(await readBytes(first, 5), 'THERE')
    first.end()
    second.end()
    assert.equal(await readRest(first), 'bye\n')
    assert.equal(await readRest(second), 'bye\n')
  })
})
