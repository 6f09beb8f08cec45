import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterEach, test } from 'node:test'
import type { FilterDefinition } from '../filter/index.ts'
import { CANCEL } from '../http/h2/constants.ts'
import { anything } from '../lib/schema.ts'
import { advanceInSteps as advance, createFakeClock } from '../../test/support/fake-clock.ts'
import { openTunnel } from '../../test/support/mesh/client-tunnel.ts'
import { Mesh, VIP, identityOf, podAddress, until } from '../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../test/support/mesh/pod.ts'
import { serviceOf } from '../../test/support/models.ts'
import { arrivals } from '../../test/support/turns.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const authorities = [
  { authority: '10.96.0.99:80', answer: 404, counter: 'unboundAuthority' },
  { authority: '10.96.0.12:81', answer: 404, counter: 'unboundAuthority' },
  { authority: 'elsewhere.example:80', answer: 404, counter: 'unboundAuthority' },
  { authority: '10.96.0.12:15008', answer: 400, counter: 'selfCall' },
  { authority: '10.96.0.12', answer: 400, counter: 'badAuthority' },
  { authority: '10.96.0.12:0', answer: 400, counter: 'badAuthority' },
  { authority: `${'a'.repeat(400)}:80`, answer: 400, counter: 'badAuthority' },
] as const
for (const { authority, answer, counter } of authorities) {
  test(`CONNECT ${authority.slice(0, 40)} is answered ${answer}`, async () => {
    mesh = await Mesh.start()
    const client = await mesh.dial()
    await assert.rejects(openTunnel(client, authority), new RegExp(`was answered ${answer}`))
    assert.equal(mesh.counters.connectRefused[counter], 1)
    assert.equal((await (await openTunnel(client, VIP)).get()).head.status, 200)
  })
}

for (const authority of ['[fd00::12]:80', '[FD00:0::12]:80', 'API.shop.svc.cluster.local.:80']) {
  test(`CONNECT ${authority} finds the Service`, async () => {
    mesh = await Mesh.start()
    const tunnel = await mesh.tunnel(authority)
    assert.equal((await tunnel.get()).head.status, 200)
  })
}

test('before there is a snapshot nothing is bound', async () => {
  mesh = await Mesh.start()
  mesh.apply(mesh.model({ services: [] }))
  await assert.rejects(mesh.tunnel(), /was answered 404/)
})

test('a Service that is unbound while its tunnel is open: 404 inside, and back when it is bound again', async () => {
  mesh = await Mesh.start()
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 200)
  mesh.apply(mesh.model({ services: [] }))
  assert.equal((await tunnel.get()).head.status, 404)
  mesh.apply(mesh.model())
  assert.equal((await tunnel.get()).head.status, 200)
  assert.deepEqual(
    mesh.records.map(({ generation, destination }) => [generation, destination.name]),
    [
      [1, 'api'],
      [2, 'api'],
      [3, 'api'],
    ],
  )
})

test('an exchange keeps its snapshot; a filter is closed when the last exchange that uses it is over', async () => {
  const closed: string[] = []
  const definition: FilterDefinition = {
    kind: 'Mark',
    stage: 'shape',
    config: anything(),
    create: (config) => ({
      onResponse: ({ response }) => response?.headers.set('x-mark', String(config)),
      close: () => void closed.push(String(config)),
    }),
  }
  const pending: PodTunnel[] = []
  mesh = await Mesh.start({ filters: [definition], pods: [{ onRequest: (pod) => void pending.push(pod) }] })
  const mark = (config: string): void =>
    mesh.apply(mesh.model({ services: [{ ...serviceOf(), filters: [{ kind: 'Mark', config, origin: 'test' }] }] }))
  const answer = (): void => {
    for (const pod of pending.splice(0)) pod.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  }
  mark('old')
  const [first, second] = [await mesh.tunnel(), await mesh.tunnel()]
  const one = first.get()
  await until(() => pending.length === 1)
  mark('new')
  const two = second.get()
  await until(() => pending.length === 2)
  await arrivals(5)
  assert.deepEqual(closed, [])
  answer()
  assert.equal((await one).head.headers.get('x-mark'), 'old')
  assert.equal((await two).head.headers.get('x-mark'), 'new')
  await mesh.record(2)
  assert.deepEqual(closed, ['old'])
  assert.deepEqual(new Set(mesh.records.map(({ generation }) => generation)), new Set([2, 3]))
})

test('endpoints change while requests run: none fails, and new requests go to the new ones', async () => {
  mesh = await Mesh.start({ pods: [{}, {}] })
  const [a, b] = mesh.pods.map((pod) => mesh.endpoint(pod.options.address))
  assert.ok(a && b)
  const tunnels = await Promise.all(Array.from({ length: 6 }, () => mesh.tunnel()))
  const load = { isOver: false }
  const clients = tunnels.map(async (tunnel) => {
    while (!load.isOver) assert.equal((await tunnel.get()).head.status, 200)
  })
  for (let i = 0; i < 40; i++) {
    mesh.apply(mesh.model({ api: i % 3 === 0 ? [a] : i % 3 === 1 ? [b] : [a, b] }))
    await arrivals()
  }
  mesh.apply(mesh.model({ api: [b] }))
  load.isOver = true
  await Promise.all(clients)
  const before = mesh.pods[0]?.requests
  for (const tunnel of tunnels) await tunnel.get()
  assert.equal(mesh.pods[0]?.requests, before)
})

test('requests go to the endpoints in turn; one that cannot be reached costs no request', async () => {
  mesh = await Mesh.start({ pods: [{}, {}] })
  mesh.apply(
    mesh.model({ api: [...mesh.pods.map((pod) => mesh.endpoint(pod.options.address)), mesh.endpoint(podAddress(9))] }),
  )
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 9; i++) assert.equal((await tunnel.get()).head.status, 200)
  assert.deepEqual(
    mesh.pods
      .map((pod) => pod.requests)
      .toSorted((x, y) => x - y)
      .map((requests) => requests >= 3),
    [true, true],
  )
  assert.ok(mesh.records.some(({ attempts, flags }) => attempts === 2 && flags === '-'))
})

test('draining: two GOAWAYs, the answer under way says close, and it is over when the last tunnel is', async () => {
  const clock = createFakeClock()
  let pending: PodTunnel | undefined
  mesh = await Mesh.start({ clock, pods: [{ onRequest: (pod) => (pending = pod) }] })
  const busy = await mesh.tunnel()
  const idle = await mesh.tunnel()
  const answer = busy.get()
  await until(() => pending !== undefined)
  const [busyClient, idleClient] = mesh.clients
  let isDrained = false
  const drained = mesh.plane.drain(20_000).then(() => (isDrained = true))
  assert.equal(mesh.plane.drain(1) instanceof Promise, true)
  await until(() => busyClient?.hasRoom === false)
  await assert.rejects(mesh.tunnel(), /ECONNREFUSED/)
  await advance(clock, 2000)
  assert.equal(isDrained, false)
  assert.equal(mesh.counters.openTunnels, 2)
  pending?.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  assert.equal((await answer).head.headers.get('connection'), 'close')
  assert.equal(await busy.ended, 'end')
  busy.channel.end()
  await until(() => mesh.counters.openTunnels === 1)
  // The idle tunnel is ended at half the time; its client follows.
  await advance(clock, 10_000)
  assert.equal(await idle.ended, 'end')
  idle.channel.end()
  await until(() => mesh.counters.openConnections === 0)
  await advance(clock, 100)
  await drained
  assert.equal(idleClient?.hasRoom, false)
})

for (const [phase, ms] of [
  ['first', 200],
  ['second', 2000],
] as const) {
  test(`a handshake that ends behind the ${phase} GOAWAY is told to go as well`, async () => {
    const clock = createFakeClock()
    mesh = await Mesh.start({ clock })
    const keeper = await mesh.tunnel()
    const tcp = connectTcp(mesh.port, '127.0.0.1')
    await once(tcp, 'connect')
    await arrivals()
    const drained = mesh.plane.drain(20_000)
    await advance(clock, ms)
    const goaways: number[] = []
    const { socket } = await mesh.dialRaw({ onGoaway: (last) => goaways.push(last) }, tcp)
    await until(() => goaways.length === 1)
    assert.equal(goaways[0], phase === 'first' ? 0x7fff_ffff : 0)
    if (phase === 'second') await once(socket, 'close')
    else socket.destroy()
    keeper.channel.end()
    mesh.clients[0]?.destroy()
    await advance(clock, 1000)
    await drained
  })
}

test('draining ends at its deadline whatever is under way', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock, pods: [{ onRequest: () => {} }] })
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => mesh.pod.requests === 1)
  const drained = mesh.plane.drain(5000)
  await advance(clock, 5100)
  await until(() => mesh.counters.openConnections === 0)
  await advance(clock, 100)
  await drained
  assert.notEqual(await tunnel.ended, 'end')
  await until(() => mesh.records.length === 1)
})

test('a client that answers no PING is dropped after half a minute, with what it had open', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock, pods: [{ onRequest: () => {} }] })
  const { socket, connection } = await mesh.dialRaw()
  const ignore = { onHeaders: () => {}, onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} }
  const stream = connection.open([':method', 'CONNECT', ':authority', VIP], ignore, false)
  connection.text(stream, 'GET / HTTP/1.1\r\nhost: api\r\n\r\n')
  const live = await mesh.dial()
  await openTunnel(live, VIP)
  await until(() => mesh.pod.requests === 1)
  socket.pause()
  await advance(clock, 28_000)
  assert.equal(mesh.counters.openConnections, 2)
  await advance(clock, 5000)
  await until(() => mesh.counters.openConnections === 1)
  assert.equal(mesh.counters.openTunnels, 1)
  assert.equal((await mesh.record(1)).flags, 'DC')
})

test('a pod that answers no PING is dropped, and the next request finds a new connection', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({
    clock,
    pods: [
      {
        onRequest: (pod, { head }) => {
          if (head.target !== '/hang') pod.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        },
      },
    ],
  })
  const tunnel = await mesh.tunnel()
  const answer = tunnel.request('POST', '/hang', 'content-length: 0\r\n')
  await until(() => mesh.pod.requests === 1)
  for (const socket of mesh.pod.sockets) socket.pause()
  await advance(clock, 33_000)
  assert.equal((await answer).head.status, 503)
  assert.equal((await tunnel.get()).head.status, 200)
})

test('a new certificate is for new handshakes; open tunnels live on', async () => {
  mesh = await Mesh.start()
  const old = await mesh.tunnel()
  assert.equal((await old.get()).head.status, 200)
  await until(() => mesh.counters.openUpstreamConnections === 1)
  mesh.store.replace(await mesh.ca.issue(identityOf('renamed')))
  await assert.rejects(mesh.tunnel(), /reached .*\/sa\/renamed instead of .*\/sa\/waypoint/)
  // The idle tunnel to the pod went with the old certificate.
  await until(() => mesh.counters.openUpstreamConnections === 0)
  assert.equal((await old.get()).head.status, 200)
  assert.equal(mesh.pod.connections.length, 2)
})

test('credentials that cannot be used leave the old ones in force', async () => {
  mesh = await Mesh.start()
  mesh.store.replace({ ...mesh.store.current(), privateKeyPem: 'broken' })
  assert.ok(mesh.logs.some((line) => line.includes('new credentials cannot be used')))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 200)
  await until(() => mesh.counters.openUpstreamConnections === 1)
  mesh.store.replace(await mesh.ca.issue(identityOf('waypoint')))
  // Connections are retired from the next turn on.
  await until(() => mesh.counters.openUpstreamConnections === 0)
  assert.equal((await tunnel.get()).head.status, 200)
  assert.equal(mesh.pod.connections.length, 2)
})

test('a client that does not follow the end of its tunnel is cut off after five seconds', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock })
  const tunnel = await mesh.tunnel()
  await tunnel.get('/', 'connection: close\r\n')
  assert.equal(await tunnel.ended, 'end')
  await advance(clock, 3000)
  assert.equal(mesh.counters.openTunnels, 1)
  await advance(clock, 5000)
  await until(() => mesh.counters.openTunnels === 0)
})

test('a request whose head does not end is refused after a minute; an idle tunnel and a long answer are not', async () => {
  const clock = createFakeClock()
  mesh = await Mesh.start({ clock, pods: [{ onRequest: () => {} }] })
  const [slow, idle, waiting] = [await mesh.tunnel(), await mesh.tunnel(), await mesh.tunnel()]
  slow.write('GET / HTTP/1.1\r\nhost: a', 'GET')
  waiting.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => mesh.counters.activeExchanges === 1)
  await advance(clock, 58_000)
  assert.equal(slow.received, 0)
  await advance(clock, 5000)
  assert.equal((await slow.answer()).head.status, 408)
  assert.equal(await slow.ended, 'end')
  slow.channel.end()
  await until(() => mesh.counters.openTunnels === 2)
  assert.equal(mesh.counters.activeExchanges, 1)
  assert.equal(idle.received, 0)
})

test('a client that resets its tunnel between requests leaves nothing', async () => {
  mesh = await Mesh.start()
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  tunnel.channel.reset(CANCEL)
  await until(() => mesh.counters.openTunnels === 0)
  assert.equal(mesh.counters.openConnections, 1)
})
