import assert from 'node:assert/strict'
import { createServer as createTcpServer } from 'node:net'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { advanceInSteps as advance, createFakeClock } from '../../../test/support/fake-clock.ts'
import { Mesh, identityOf, podAddress, until } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../../test/support/mesh/pod.ts'
import { arrivals } from '../../../test/support/turns.ts'
import { serverTlsOptions } from '../../identity/tls.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import { H1Session } from './h1/h1-session.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** A pod that ends a tunnel when its second request comes, as one that died meanwhile. */
const endsSecond: PodOptions['onRequest'] = (tunnel) => {
  if (tunnel.requests.length > 1) tunnel.finish()
  else tunnel.write(OK)
}

for (const body of ['', 'x']) {
  test(`a kept tunnel that turns out dead costs a GET with ${body.length} bytes nothing`, async () => {
    mesh = await Mesh.start({ pods: [{ onRequest: endsSecond }] })
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get()).head.status, 200)
    assert.equal((await tunnel.request('GET', '/', `content-length: ${body.length}\r\n`, body)).head.status, 200)
    const record = await mesh.record(2)
    assert.equal(record.attempts, 2)
    assert.equal(record.flags, '-')
  })
}

for (const [method, more, body] of [
  ['POST', 'content-length: 1\r\n', 'x'],
  ['POST', 'content-length: 0\r\n', ''],
  ['DELETE', '', ''],
] as const) {
  test(`a kept tunnel that turns out dead is a 503 for ${method} with ${body.length} bytes: it may have been done`, async () => {
    mesh = await Mesh.start({ pods: [{ onRequest: endsSecond }] })
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get()).head.status, 200)
    assert.equal((await tunnel.request(method, '/', more, body)).head.status, 503)
    const record = await mesh.record(2)
    assert.equal(record.attempts, 1)
    assert.equal(record.flags, 'UC')
    assert.equal(mesh.pod.requests, 2)
  })
}

test('a GET whose kept tunnels are all dead is tried again on a new one', async () => {
  mesh = await Mesh.start({
    pods: [{ onRequest: (tunnel) => (tunnel.requests.length > 1 ? tunnel.finish() : pending.push(tunnel)) }],
  })
  const pending: PodTunnel[] = []
  const tunnels = await Promise.all(Array.from({ length: 4 }, () => mesh.tunnel()))
  const answers = tunnels.map((tunnel) => tunnel.get())
  await until(() => pending.length === 4)
  for (const tunnel of pending) tunnel.write(OK)
  await Promise.all(answers)
  const late = tunnels[0]?.get()
  await until(() => pending.length === 5)
  pending[4]?.write(OK)
  assert.equal((await late)?.head.status, 200)
  assert.equal((await mesh.record(5)).attempts, 2)
})

const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 4\r\n\r\nlate'
const SLOW = TIMED_OUT.replace('connection: close\r\n', '')
for (const { what, answers, method = 'GET', statuses, attempts } of [
  { what: 'crosses a GET', answers: [OK, TIMED_OUT], statuses: [200, 200], attempts: 2 },
  { what: 'crosses a POST', answers: [OK, TIMED_OUT], method: 'POST', statuses: [200, 408], attempts: 1 },
  { what: 'answers the first request of a tunnel', answers: [TIMED_OUT], statuses: [408, 408], attempts: 1 },
  { what: 'leaves the tunnel open', answers: [OK, SLOW], statuses: [200, 408], attempts: 1 },
]) {
  test(`a 408 that ${what} is ${attempts > 1 ? 'the end of an idle tunnel' : 'an answer'}`, async () => {
    mesh = await Mesh.start({
      pods: [{ onRequest: (tunnel) => void tunnel.write(answers[tunnel.requests.length - 1] ?? OK) }],
    })
    const tunnel = await mesh.tunnel()
    const first = await tunnel.get()
    const second = await tunnel.request(method, '/', 'content-length: 0\r\n', '')
    assert.deepEqual([first.head.status, second.head.status], statuses)
    const record = await mesh.record(2)
    assert.deepEqual([record.attempts, record.flags, mesh.counters.retries.reset], [attempts, '-', attempts - 1])
  })
}

test('an idle tunnel that the pod ends is not used again', async () => {
  mesh = await Mesh.start()
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  mesh.pod.tunnels[0]?.finish()
  await until(() => mesh.pod.tunnels[0]?.end === 'end')
  await tunnel.get()
  assert.equal((await mesh.record(2)).attempts, 1)
  assert.equal(mesh.pod.tunnels.length, 2)
})

test('an answer with connection: close is the last on its tunnel', async () => {
  mesh = await Mesh.start({
    pods: [{ onRequest: (tunnel) => void tunnel.write(OK.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')) }],
  })
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 3; i++) assert.equal((await tunnel.get()).head.headers.get('connection'), undefined)
  assert.equal(mesh.pod.tunnels.length, 3)
})

test('after GOAWAY idle tunnels are not used for new requests, and the connection ends', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock })
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  mesh.pod.connections[0]?.shutdown()
  await arrivals()
  assert.equal((await tunnel.get()).head.status, 200)
  assert.equal(mesh.pod.connections.length, 2)
  await until(() => mesh.counters.openUpstreamConnections === 1)
})

test('after GOAWAY a request under way is finished', async () => {
  let pending: PodTunnel | undefined
  mesh = await Mesh.start({ pods: [{ onRequest: (tunnel) => (pending = tunnel) }] })
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  await until(() => pending !== undefined)
  mesh.pod.connections[0]?.shutdown()
  await arrivals()
  pending?.write(OK)
  assert.equal((await answer).head.status, 200)
  await until(() => mesh.counters.openUpstreamConnections === 0)
})

test('a CONNECT that comes behind the GOAWAY was not processed: it goes to a new connection', async () => {
  let isAnswering = false
  mesh = await Mesh.start({ pods: [{ onConnect: () => (isAnswering ? 200 : undefined) }] })
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  await until(() => mesh.pod.tunnels.length === 1)
  isAnswering = true
  for (const socket of mesh.pod.sockets) socket.destroy()
  assert.equal((await answer).head.status, 200)
  assert.equal((await mesh.record(1)).attempts, 1)
})

test('a pod that allows few tunnels gets more connections, and nobody waits for a tunnel to end', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: () => {}, h2: { settings: { maxConcurrentStreams: 2 } } }] })
  const tunnels = await Promise.all(Array.from({ length: 9 }, () => mesh.tunnel()))
  const answers = tunnels.map((tunnel) => tunnel.get())
  await until(() => mesh.pod.requests === 9)
  assert.ok(mesh.pod.connections.length <= 6, `${mesh.pod.connections.length} connections`)
  for (const tunnel of mesh.pod.tunnels) tunnel.write(OK)
  for (const answer of await Promise.all(answers)) assert.equal(answer.head.status, 200)
})

test('a pod that allows no tunnel at all is a 503, not a flood of connections', async () => {
  mesh = await Mesh.start({ pods: [{ h2: { settings: { maxConcurrentStreams: 0 } } }] })
  const tunnel = await mesh.tunnel()
  for (let i = 1; i <= 4; i++) {
    assert.equal((await tunnel.get()).head.status, 503)
    assert.ok(mesh.pod.connections.length <= i)
  }
  await until(() => mesh.counters.openUpstreamConnections === 0)
})

test('a hundred tunnels fit on one connection, and the next one opens another', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: () => {}, h2: { settings: { maxConcurrentStreams: 500 } } }] })
  const tunnels = await Promise.all(Array.from({ length: 101 }, () => mesh.tunnel()))
  const answers = tunnels.map((tunnel) => tunnel.get())
  await until(() => mesh.pod.requests === 101)
  assert.equal(mesh.pod.connections.length, 2)
  for (const tunnel of mesh.pod.tunnels) tunnel.write(OK)
  await Promise.all(answers)
})

test('a CONNECT without an answer is given up after ten seconds', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock, pods: [{ onConnect: () => undefined }] })
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  await until(() => mesh.pod.tunnels.length === 1)
  await advance(clock, 10_500)
  assert.equal((await answer).head.status, 503)
  const record = await mesh.record(1)
  assert.match(record.upstreamFailure, /was not answered within 10000 ms/)
  await until(() => mesh.pod.tunnels[0]?.end === 8)
})

/** A port that takes connections and says nothing. */
const silent = async (address: string, port: number): Promise<Disposable> => {
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  return {
    [Symbol.dispose]: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

test('a handshake without an answer is given up after ten seconds; the request goes to another endpoint', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock })
  using _ = await silent(podAddress(5), mesh.hbonePort)
  mesh.apply(mesh.model({ api: [mesh.endpoint(podAddress(5)), mesh.endpoint(mesh.pod.options.address)] }))
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  await arrivals()
  await advance(clock, 10_500)
  assert.equal((await answer).head.status, 200)
  const record = await mesh.record(1)
  assert.equal(record.attempts, 2)
  assert.match(record.tries[0]?.failure ?? '', /timed out after 10000 ms: a NetworkPolicy may block the port/)
  assert.equal(record.endpoint?.address, mesh.pod.options.address)
})

test('a peer that sends no SETTINGS is given up after ten seconds, connection and all', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock })
  const sockets: TLSSocket[] = []
  const mute = createTlsServer(serverTlsOptions(await mesh.ca.issue(identityOf('api'))), (socket) => {
    socket.on('error', () => {})
    socket.resume()
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => mute.listen(mesh.hbonePort, podAddress(6), resolve))
  using _ = {
    [Symbol.dispose]: () => {
      mute.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  mesh.apply(mesh.model({ api: [mesh.endpoint(podAddress(6))] }))
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  await until(() => mesh.counters.openUpstreamConnections === 1)
  await advance(clock, 10_500)
  assert.equal((await answer).head.status, 503)
  assert.match((await mesh.record(1)).upstreamFailure, /within 10000 ms/)
  await until(() => mesh.counters.openUpstreamConnections === 0)
})

test('idle tunnels are ended after half a minute, the connection after five more', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock })
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  await advance(clock, 25_000)
  assert.equal(mesh.pod.tunnels[0]?.end, 'open')
  await advance(clock, 8000)
  assert.equal(mesh.pod.tunnels[0]?.end, 'end')
  assert.equal(mesh.counters.openUpstreamConnections, 1)
  await advance(clock, 305_000)
  await until(() => mesh.counters.openUpstreamConnections === 0)
})

test('a bug that one idle tunnel meets when it is looked at keeps no other one from its end', async (t) => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock })
  const tunnels = [await mesh.tunnel(), await mesh.tunnel()]
  await Promise.all(tunnels.map((tunnel) => tunnel.get()))
  const faulty = new Set<H1Session>()
  t.mock.method(H1Session.prototype, 'isExpired', function (this: H1Session) {
    if (faulty.size === 0) faulty.add(this)
    if (faulty.has(this)) throw new Error('a bug')
    return true
  })
  await advance(clock, 3000)
  assert.equal(mesh.pod.tunnels.filter(({ end }) => end === 'end').length, 1)
  assert.ok(mesh.counters.errorsCaught > 0)
})

test('a pod that does not follow the end of an idle tunnel is cut off five seconds later', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock })
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  const [pod] = mesh.pod.tunnels
  assert.ok(pod)
  pod.isStubborn = true
  await advance(clock, 33_000)
  assert.equal(pod.end, 'end')
  assert.equal(pod.stream.isReset, false)
  await advance(clock, 7000)
  await until(() => pod.end === 0)
})

test('ports of one workload share its connection; another workload at the address gets its own', async () => {
  mesh = await Mesh.start()
  const { address } = mesh.pod.options
  const use = async (...endpoints: readonly ReturnType<Mesh['endpoint']>[]): Promise<void> => {
    mesh.apply(mesh.model({ endpoints: [{ key: formatEndpointKey('shop', 'api', 80), endpoints }] }))
    const tunnel = await mesh.tunnel()
    for (const _ of endpoints) await tunnel.get()
  }
  await use(mesh.endpoint(address, { port: 1 }), mesh.endpoint(address, { port: 2 }))
  assert.deepEqual(mesh.pod.tunnels.map(({ authority }) => authority).toSorted(), [`${address}:1`, `${address}:2`])
  assert.equal(mesh.pod.connections.length, 1)
  await use(mesh.endpoint(address, { port: 1, workload: { uid: 'a new pod' } }))
  assert.equal(mesh.pod.connections.length, 2)
})

test('a tunnel whose client went while it was opened is kept for the next one', async () => {
  let isAnswering = false
  const waiting: PodTunnel[] = []
  mesh = await Mesh.start({ pods: [{ onConnect: () => (isAnswering ? 200 : undefined) }] })
  const impatient = await mesh.tunnel()
  impatient.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => mesh.pod.tunnels.length === 1)
  waiting.push(...mesh.pod.tunnels)
  mesh.clients[0]?.destroy()
  await until(() => mesh.counters.activeExchanges === 0)
  for (const { connection, stream } of waiting) connection.headers(stream, [':status', '200'], false)
  isAnswering = true
  await arrivals()
  assert.equal((await (await mesh.tunnel()).get()).head.status, 200)
  assert.equal(mesh.pod.tunnels.length, 1)
})

const hasIpv6 = Object.values(networkInterfaces()).some(
  (list) => list?.some(({ address }) => address === '::1') === true,
)

test('an IPv6 endpoint is dialled, and named in brackets', { skip: !hasIpv6 }, async () => {
  mesh = await Mesh.start({ pods: [{ address: '::1' }] })
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 200)
  assert.equal(mesh.pod.tunnels[0]?.authority, '[::1]:8080')
})

for (const transport of ['hbone', 'plain'] as const) {
  test(`what loses its ${transport} connection when the process ends asks for no other one`, async () => {
    let dials = 0
    const server = createTcpServer((socket) => {
      dials++
      socket.on('error', () => {})
    })
    mesh = await Mesh.start({ pods: [{ onRequest: () => {} }] })
    await new Promise<void>((resolve) => server.listen(8080, podAddress(7), resolve))
    using _ = { [Symbol.dispose]: () => void server.close() }
    if (transport === 'plain') {
      mesh.apply(
        mesh.model({
          api: [
            mesh.endpoint(podAddress(7), { transport: 'plain' }),
            mesh.endpoint(podAddress(7), { transport: 'plain', port: 8081 }),
          ],
        }),
      )
    }
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => mesh.counters.openUpstreamConnections === 1)
    await until(() => (transport === 'plain' ? dials : mesh.pod.requests) === 1)
    const before = mesh.counters.upstreamConnectionsTotal
    mesh.plane.close()
    await until(() => mesh.records.length === 1)
    await arrivals()
    assert.equal(mesh.counters.upstreamConnectionsTotal, before)
    assert.equal(mesh.counters.openUpstreamConnections, 0)
  })
}
