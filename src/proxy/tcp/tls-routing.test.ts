import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as dial } from 'node:net'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { until } from '../../../test/support/mesh/mesh.ts'
import { TcpMesh } from '../../../test/support/mesh/tcp-mesh.ts'
import type { TcpSetting } from '../../../test/support/mesh/tcp-mesh.ts'
import type { TunnelStream } from '../../../test/support/mesh/tunnel-stream.ts'
import { createBackendCa } from '../../../test/support/tls/backend-ca.ts'
import { helloMessage, inRecords, realHello, serverName } from '../../../test/support/tls/hello-bytes.ts'
import { serveTcp, serveTls } from '../../../test/support/tls/tls-app.ts'
import type { ConnectionRoutes, SniRule } from '../../model/connection-route.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'

const ca = createBackendCa()
let tcp: TcpMesh
let apps = new AsyncDisposableStack()
afterEach(async () => {
  await tcp.close()
  await apps.disposeAsync()
  apps = new AsyncDisposableStack()
})

/** A TLS server with a certificate for these names that says who it is, and echoes. */
const serve = async (who: string, ...names: readonly string[]): Promise<number> => {
  const app = apps.use(
    await serveTls(ca.issue(names), tcp.at, (socket) => {
      socket.write(who)
      socket.pipe(socket)
    }),
  )
  return app.port
}

const rule = (service: string, ...hostnames: readonly string[]): SniRule => ({
  route: `TLSRoute/shop/${service}`,
  hostnames,
  backends: [
    {
      kind: 'service',
      weight: 1,
      service: { namespace: 'shop', name: service, hostname: `${service}.shop.svc.cluster.local`, port: 80 },
      endpoints: formatEndpointKey('shop', service, 80),
    },
  ],
})

const routes = (...rules: readonly SniRule[]): ConnectionRoutes => ({ kind: 'TLSRoute', rules })

/** A TLS client in the tunnel, up to what the server says first; its name is checked as any client would. */
const greet = async (stream: TunnelStream, servername?: string): Promise<{ socket: TLSSocket; who: string }> => {
  const socket = connect({
    socket: stream,
    ca: ca.pem,
    ...(servername === undefined ? { checkServerIdentity: () => undefined } : { servername }),
  })
  socket.on('error', () => {})
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return { socket, who: chunk.toString() }
}

const bye = async (socket: TLSSocket): Promise<void> => {
  socket.end()
  await once(socket, 'close')
}

describe('TLSRoutes', () => {
  const start = async (setting: Omit<TcpSetting, 'services' | 'connections'> = {}): Promise<void> => {
    tcp = await TcpMesh.start('plain')
    tcp.put({
      protocol: 'tls',
      ...setting,
      connections: routes(rule('a', 'a.example'), rule('b', '*.b.example')),
      services: { a: [await serve('A', 'a.example')], b: [await serve('B', 'x.b.example', 'y.x.b.example')] },
    })
  }

  it('choose the server by name, and the client sees its certificate', async () => {
    await start()
    for (const [name, who] of [
      ['a.example', 'A'],
      ['x.b.example', 'B'],
      ['y.x.b.example', 'B'],
    ] as const) {
      const { socket, who: answered } = await greet(await tcp.open(), name)
      assert.equal(answered, who)
      socket.write('hello')
      assert.equal(String((await once(socket, 'data'))[0]), 'hello')
      await bye(socket)
    }
    await tcp.mesh.record(3)
    assert.deepEqual(
      tcp.mesh.records.map(({ sni, route, flags }) => [sni, route, flags]),
      [
        ['a.example', 'TLSRoute/shop/a', '-'],
        ['x.b.example', 'TLSRoute/shop/b', '-'],
        ['y.x.b.example', 'TLSRoute/shop/b', '-'],
      ],
    )
  })

  for (const protocol of ['unknown', 'tcp', 'http'] as const) {
    it(`do so whatever the port declares (${protocol})`, async () => {
      await start({ protocol })
      const { socket, who } = await greet(await tcp.open(), 'a.example')
      assert.equal(who, 'A')
      await bye(socket)
    })
  }

  it('do not wrap TLS in TLS, whatever policy the backend has', async () => {
    await start({ tls: ca.tls('a.example') })
    const { socket, who } = await greet(await tcp.open(), 'a.example')
    assert.equal(who, 'A')
    await bye(socket)
  })

  const hello = (name?: string): Buffer => inRecords(helloMessage(name === undefined ? [] : [serverName(name)]))
  const refusals: readonly (readonly [string, Buffer, string, string])[] = [
    ['a name that no route has', hello('c.example'), 'NR', 'route_not_found'],
    ['the domain of a wildcard', hello('b.example'), 'NR', 'route_not_found'],
    ['no name', hello(), 'NR', 'route_not_found'],
    ['what is no TLS', Buffer.from('GET / HTTP/1.1\r\n'), 'NR', 'route_not_found'],
    ['a broken ClientHello', Buffer.from('1603010005020000010000', 'hex'), 'DPE', 'tls_client_hello_invalid'],
  ]
  for (const [name, bytes, flags, details] of refusals) {
    it(`refuse ${name}, with a reset`, async () => {
      await start()
      const stream = await tcp.open()
      stream.write(bytes)
      await until(() => stream.ending !== 'open')
      assert.equal(stream.ending, 'reset-error')
      const record = await tcp.mesh.record(1)
      assert.deepEqual([record.flags, record.details], [flags, details])
      assert.notEqual(record.termination ?? '', '')
      assert.equal(record.attempts, 0)
    })
  }

  it('refuse a client that never says which server it wants: counted, and in the log', async () => {
    const clock = createFakeClock()
    tcp = await TcpMesh.start('plain', { clock })
    tcp.put({ protocol: 'tls', connections: routes(rule('a', 'a.example')), services: { a: [9] } })
    const streams = [await tcp.open(), await tcp.open()]
    streams[1]?.write((await realHello({ servername: 'a.example' })).subarray(0, -1))
    await advanceInSteps(clock, 9000)
    assert.deepEqual(
      streams.map(({ ending }) => ending),
      ['open', 'open'],
    )
    await advanceInSteps(clock, 3000)
    await until(() => streams.every(({ ending }) => ending === 'reset-error'))
    assert.equal(tcp.mesh.counters.deadlines.clientHello, 2)
    await tcp.mesh.record(2)
    assert.equal(tcp.mesh.records[1]?.details, 'tls_client_hello_timeout')
    assert.equal(tcp.mesh.logs.filter((line) => line.includes('tls_client_hello_timeout')).length, 2)
  })

  it('take a ClientHello in DATA frames of one byte, and what follows it as it came', async () => {
    tcp = await TcpMesh.start('plain')
    let seen = ''
    const app = apps.use(
      await serveTcp(tcp.at, (socket) => socket.on('data', (chunk) => (seen += chunk.toString('hex')))),
    )
    tcp.put({ protocol: 'tls', connections: routes(rule('a', 'a.example')), services: { a: [app.port] } })
    const bytes = Buffer.concat([await realHello({ servername: 'a.example' }), Buffer.from('early data')])
    const stream = await tcp.open()
    for (const byte of bytes) {
      stream.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => seen.length === 2 * bytes.length)
    assert.equal(seen, bytes.toString('hex'))
    stream.channel.abort()
  })
})

describe('TLS on a port without TLSRoutes', () => {
  for (const protocol of ['tls', 'unknown', 'tcp'] as const) {
    it(`goes to the Service's own endpoints as it is (${protocol})`, async () => {
      tcp = await TcpMesh.start('plain')
      tcp.put({ protocol, services: { api: [await serve('mine', 'api.example')] } })
      const { socket, who } = await greet(await tcp.open(), 'api.example')
      assert.equal(who, 'mine')
      await bye(socket)
      const { route, backend } = await tcp.mesh.record(1)
      assert.deepEqual([route, backend?.name], [undefined, 'api'])
    })
  }

  it('from a client that knows no TLS: the waypoint adds what the policy wants', async () => {
    tcp = await TcpMesh.start('plain')
    tcp.put({ protocol: 'tcp', services: { api: [await serve('mine', 'api.example')] }, tls: ca.tls('api.example') })
    const stream = await tcp.open()
    assert.equal(String((await once(stream, 'data'))[0]), 'mine')
    stream.end()
    await until(() => stream.ending === 'end')
  })
})

describe('PostgreSQL, whose client asks for TLS before it begins with it', () => {
  const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex')
  for (const protocol of ['tcp', 'unknown'] as const) {
    it(`gets its answer and its handshake (${protocol})`, async () => {
      tcp = await TcpMesh.start('plain')
      const inner = await serve('pg', 'pg.example')
      const app = apps.use(
        await serveTcp(tcp.at, (socket) =>
          socket.once('data', (request: Buffer) => {
            assert.deepEqual(request, SSL_REQUEST)
            socket.write('S')
            const tls = dial(inner, tcp.at.address)
            tls.on('error', () => {})
            socket.pipe(tls).pipe(socket)
          }),
        ),
      )
      tcp.put({ protocol, services: { api: [app.port] } })
      const stream = await tcp.open()
      stream.write(SSL_REQUEST)
      assert.equal(String((await once(stream, 'data'))[0]), 'S')
      stream.pause()
      stream.removeAllListeners('data')
      const { socket, who } = await greet(stream, 'pg.example')
      assert.equal(who, 'pg')
      await bye(socket)
    })
  }
})
