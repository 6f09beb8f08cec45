import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { FilterDefinition } from '../../filter/index.ts'
import { INTERNAL_ERROR } from '../../http/h2/constants.ts'
import { anything } from '../../lib/schema.ts'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../test/support/fake-clock.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../../test/support/mesh/pod.ts'
import { serviceOf } from '../../../test/support/models.ts'
import { defaultDeadlines } from './deadlines.ts'
import type { Deadlines } from './deadlines.ts'

let mesh: Mesh
let clock: FakeClock
afterEach(() => mesh.close())

const none: Deadlines = { ...defaultDeadlines, bodyIdleMs: 0, keepAliveIdleMs: 0, streamIdleMs: 0 }
const HOUR_MS = 3_600_000
const MIB = 1 << 20

/** A waypoint with none of the idle deadlines but those given, before one pod. */
const start = async (deadlines: Partial<Deadlines>, pod: Partial<PodOptions> = {}): Promise<Mesh> => {
  clock = createFakeClock()
  mesh = await Mesh.start({ clock, deadlines: { ...none, ...deadlines }, pods: [pod] })
  return mesh
}

const pass = (ms: number): Promise<void> => advanceInSteps(clock, ms)

const podTunnel = async (count = 1): Promise<PodTunnel> => {
  await until(() => mesh.pod.tunnels.length >= count, `pod tunnel ${count}`)
  const tunnel = mesh.pod.tunnels[count - 1]
  assert.ok(tunnel)
  return tunnel
}

const get = (tunnel: ClientTunnel): void => void tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')

const assertRecord = async (
  count: number,
  expected: { readonly status: number; readonly flags: string; readonly details: string },
): Promise<void> => {
  const { status, flags, details } = await mesh.record(count)
  assert.deepEqual({ status, flags, details }, expected)
}

const silent: Partial<PodOptions> = { onRequest: () => {} }
const begins: Partial<PodOptions> = {
  onRequest: (pod) => void pod.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n'),
}

/** What must hold while the waypoint serves must hold while it drains. */
for (const isDraining of [false, true]) {
  const during = isDraining ? ' (while draining)' : ''
  const mayDrain = async (): Promise<void> => {
    if (!isDraining) return
    void mesh.plane.drain(100 * HOUR_MS)
    await pass(2000)
  }

  describe(`the time that is given${during}`, () => {
    it('to a head: 408, and the tunnel ends', async () => {
      await start({ requestHeadMs: 5000 })
      const tunnel = await mesh.tunnel()
      tunnel.write('GET / HTTP/1.1\r\nhost: a', 'GET')
      await until(() => mesh.counters.openTunnels === 1)
      await mayDrain()
      await pass(7000)
      assert.equal((await tunnel.answer()).head.status, 408)
      assert.equal(await tunnel.ended, 'end')
      assert.equal(mesh.counters.deadlines.requestHead, 1)
      const { status, flags, details, method, path, durationMs } = await mesh.record(1)
      assert.deepEqual([status, flags, details, method, path], [408, 'SI', 'request_header_timeout', 'GET', '/'])
      assert.ok(durationMs >= 5000, `${durationMs} ms`)
    })

    it('to an endpoint to begin its answer: 504 UT, its tunnel is reset', async () => {
      await start({ responseHeadMs: 5000 }, silent)
      const tunnel = await mesh.tunnel()
      get(tunnel)
      const pod = await podTunnel()
      await until(() => mesh.pod.requests === 1)
      await mayDrain()
      await pass(7000)
      const { head } = await tunnel.answer()
      assert.equal(head.status, 504)
      assert.equal(head.headers.get('connection'), isDraining ? 'close' : undefined)
      await assertRecord(1, { status: 504, flags: 'UT', details: 'upstream_response_timeout' })
      assert.match(mesh.records[0]?.upstreamFailure ?? '', /no response head of 127\..*:8080 within 5000 ms/)
      await until(() => pod.end === INTERNAL_ERROR)
      assert.equal(mesh.counters.deadlines.responseHead, 1)
    })

    it('to an endpoint to say whether it switches to what was asked for: it is not the client who is late', async () => {
      await start({ responseHeadMs: 5000, bodyIdleMs: 2000 }, silent)
      const tunnel = await mesh.tunnel()
      tunnel.write('GET / HTTP/1.1\r\nhost: api\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 'GET')
      await until(() => mesh.pod.requests === 1)
      await mayDrain()
      await pass(7000)
      assert.equal((await tunnel.answer()).head.status, 504)
      await assertRecord(1, { status: 504, flags: 'UT', details: 'upstream_response_timeout' })
    })

    it('to a client to send more of its body: 408, the endpoint sees a broken request', async () => {
      await start({ bodyIdleMs: 5000 })
      const tunnel = await mesh.tunnel()
      tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhalf', 'POST')
      const pod = await podTunnel()
      await until(() => pod.seen.endsWith('half'))
      await mayDrain()
      await pass(7000)
      const { head } = await tunnel.answer()
      assert.equal(head.status, 408)
      assert.equal(head.headers.get('connection'), 'close')
      assert.equal(await tunnel.ended, 'end')
      await assertRecord(1, { status: 408, flags: 'SI', details: 'request_body_idle_timeout' })
      await until(() => pod.end === INTERNAL_ERROR)
      assert.equal(mesh.counters.deadlines.bodyIdle, 1)
    })

    it('to a client to send more of its body while the answer has begun: both tunnels break', async () => {
      await start(
        { bodyIdleMs: 5000 },
        { onHead: (pod) => void pod.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nh') },
      )
      const tunnel = await mesh.tunnel()
      tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhalf', 'POST')
      await until(() => tunnel.partial.bytes === 1)
      await mayDrain()
      await pass(7000)
      assert.equal(await tunnel.ended, 'reset-error')
      await assertRecord(1, { status: 200, flags: 'SI', details: 'request_body_idle_timeout' })
      const pod = await podTunnel()
      await until(() => pod.end === INTERNAL_ERROR)
    })

    it('to a client to read more of its answer, though it answers PING: both tunnels break', async () => {
      await start(
        { bodyIdleMs: 5000 },
        {
          onRequest: (pod) => {
            pod.write(`HTTP/1.1 200 OK\r\ncontent-length: ${8 * MIB}\r\n\r\n`)
            void pod.download(8 * MIB)
          },
        },
      )
      const tunnel = await mesh.tunnel()
      tunnel.isReading = false
      get(tunnel)
      const pod = await podTunnel()
      await until(() => pod.stream.queuedBytes > 0 && pod.stream.sendWindow === 0)
      await mayDrain()
      await pass(7000)
      assert.equal(await tunnel.ended, 'reset-error')
      await assertRecord(1, { status: 200, flags: 'SI', details: 'response_body_idle_timeout' })
      await until(() => pod.end === INTERNAL_ERROR)
      assert.equal(mesh.counters.deadlines.bodyIdle, 1)
      if (!isDraining) assert.equal(mesh.counters.openConnections, 1)
    })

    it('to a client between two requests: the tunnel ends as after the last one', async () => {
      await start({ keepAliveIdleMs: 5000 })
      const tunnel = await mesh.tunnel()
      await tunnel.get()
      if (!isDraining) {
        await pass(4000)
        await tunnel.get()
        await pass(4000)
        assert.equal(mesh.counters.openTunnels, 1)
      } else void mesh.plane.drain(100 * HOUR_MS)
      await pass(7000)
      assert.equal(await tunnel.ended, 'end')
      tunnel.channel.end()
      await until(() => mesh.counters.openTunnels === 0)
      assert.equal(mesh.counters.deadlines.keepAliveIdle, 1)
    })

    it('to a request to move at all: 504 SI', async () => {
      await start({ streamIdleMs: 5000 }, silent)
      const tunnel = await mesh.tunnel()
      get(tunnel)
      await until(() => mesh.pod.requests === 1)
      await mayDrain()
      await pass(7000)
      assert.equal((await tunnel.answer()).head.status, 504)
      await assertRecord(1, { status: 504, flags: 'SI', details: 'stream_idle_timeout' })
      const pod = await podTunnel()
      await until(() => pod.end === INTERNAL_ERROR)
      assert.equal(mesh.counters.deadlines.streamIdle, 1)
    })

    it('to an answer to move at all: both tunnels break', async () => {
      await start({ streamIdleMs: 5000 }, begins)
      const tunnel = await mesh.tunnel()
      get(tunnel)
      await until(() => tunnel.partial.bytes === 2)
      await mayDrain()
      await pass(7000)
      assert.equal(await tunnel.ended, 'reset-error')
      await assertRecord(1, { status: 200, flags: 'SI', details: 'stream_idle_timeout' })
      const pod = await podTunnel()
      await until(() => pod.end === INTERNAL_ERROR)
    })

    it('to an endpoint to answer CONNECT: 503 UF', async () => {
      await start({ connectMs: 5000 }, { onConnect: () => undefined })
      const tunnel = await mesh.tunnel()
      get(tunnel)
      await podTunnel()
      await mayDrain()
      await pass(5500)
      assert.equal((await tunnel.answer()).head.status, 503)
      await assertRecord(1, { status: 503, flags: 'UF', details: 'upstream_connect_failure' })
      assert.match(mesh.records[0]?.upstreamFailure ?? '', /was not answered within 5000 ms/)
      assert.equal(mesh.counters.deadlines.connect, 1)
    })
  })
}

describe('nobody is blamed', () => {
  it('for an answer that takes its time, unless it is asked for', async () => {
    await start({ bodyIdleMs: 5000 }, silent)
    const tunnel = await mesh.tunnel()
    get(tunnel)
    const pod = await podTunnel()
    await until(() => mesh.pod.requests === 1)
    await pass(20_000)
    pod.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    assert.equal((await tunnel.answer()).body.toString(), 'ok')
  })

  it('for an answer that is silent between its parts (server-sent events)', async () => {
    await start({ bodyIdleMs: 5000, responseHeadMs: 5000 }, begins)
    const tunnel = await mesh.tunnel()
    get(tunnel)
    const pod = await podTunnel()
    for (let i = 1; i <= 4; i++) {
      await until(() => tunnel.partial.bytes === 2 * i)
      await pass(8000)
      pod.write('2\r\nhi\r\n')
    }
    pod.write('0\r\n\r\n')
    assert.equal((await tunnel.answer()).body.length, 10)
  })

  it('for a body that the endpoint does not take: the client is not let send', async () => {
    await start({ bodyIdleMs: 5000 }, { onHead: (pod) => void (pod.isReading = false) })
    const tunnel = await mesh.tunnel()
    tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${4 * MIB}\r\n\r\n`, 'POST')
    const upload = tunnel.upload(4 * MIB)
    const pod = await podTunnel()
    await until(() => pod.unread > 0)
    await pass(20_000)
    assert.equal(tunnel.received, 0)
    pod.readOn()
    await upload
    assert.equal((await tunnel.answer()).head.status, 200)
  })

  it('for a body that comes slowly, nor for an answer that is read slowly', async () => {
    await start(
      { bodyIdleMs: 5000, streamIdleMs: 5000 },
      {
        onRequest: (pod) => {
          pod.write(`HTTP/1.1 200 OK\r\ncontent-length: ${MIB}\r\n\r\n`)
          void pod.download(MIB)
        },
      },
    )
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 5\r\n\r\n', 'POST')
    for (let i = 0; i < 5; i++) {
      await pass(3000)
      tunnel.isReading = false
      tunnel.write('x')
    }
    for (let i = 0; i < 5; i++) {
      await pass(3000)
      // More than half of a window: less is not worth an update to the client's own HTTP/2.
      const bytes = Math.min(tunnel.unread, 140_000)
      tunnel.unread -= bytes
      tunnel.channel.consume(bytes)
    }
    tunnel.readOn()
    assert.equal((await tunnel.answer()).body.length, MIB)
    assert.equal((await mesh.record(1)).flags, '-')
  })

  it('for a body that waits for 100-continue, and then the client is', async () => {
    await start({ bodyIdleMs: 5000 })
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n', 'POST')
    const pod = await podTunnel()
    await until(() => pod.seen.endsWith('\r\n\r\n'))
    await pass(20_000)
    assert.equal(tunnel.received, 0)
    pod.write('HTTP/1.1 100 Continue\r\n\r\n')
    await pass(8000)
    assert.equal((await tunnel.answer()).head.status, 408)
  })

  it('for the time that the body took when the answer is waited for', async () => {
    await start({ responseHeadMs: 5000 }, silent)
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 2\r\n\r\nx', 'POST')
    await podTunnel()
    await pass(8000)
    tunnel.write('y')
    await until(() => mesh.pod.requests === 1)
    await pass(4000)
    assert.equal(tunnel.received, 0)
    await pass(3000)
    assert.equal((await tunnel.answer()).head.status, 504)
  })

  it('without deadlines, and a connection may take as long as it takes', async () => {
    const zero = Object.fromEntries(Object.keys(defaultDeadlines).map((name) => [name, 0]))
    await start(zero, { onConnect: () => undefined })
    const [tunnel, idle, slow] = [await mesh.tunnel(), await mesh.tunnel(), await mesh.tunnel()]
    get(tunnel)
    slow.write('GET / HT', 'GET')
    const pod = await podTunnel()
    await pass(100_000)
    pod.connection.headers(pod.stream, [':status', '200'], false)
    assert.equal((await tunnel.answer()).head.status, 200)
    slow.write('TP/1.1\r\nhost: api\r\n\r\n')
    assert.equal((await slow.answer()).head.status, 200)
    assert.equal((await idle.get()).head.status, 200)
  })
})

it('an endpoint that takes the connection and says nothing: 503 UF', async () => {
  const server = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  clock = createFakeClock()
  mesh = await Mesh.start({ clock, deadlines: { ...none, connectMs: 3000 }, upstreamPort: address.port, pods: [] })
  mesh.apply(mesh.model({ api: [mesh.endpoint('127.0.0.1')] }))
  const tunnel = await mesh.tunnel()
  get(tunnel)
  await until(() => mesh.counters.activeExchanges === 1)
  await pass(3500)
  assert.equal((await tunnel.answer()).head.status, 503)
  assert.match(mesh.records[0]?.upstreamFailure ?? '', /timed out after 3000 ms/)
  assert.equal(mesh.counters.deadlines.connect, 1)
  server.close()
})

describe('a filter whose promise never settles', () => {
  const settle: (() => void)[] = []
  const stuck = (hook: 'onRequest' | 'onResponse'): FilterDefinition => ({
    kind: 'Stuck',
    stage: 'shape',
    config: anything(),
    create: () => ({ [hook]: () => new Promise<void>((resolve) => settle.push(resolve)) }),
  })

  for (const hook of ['onRequest', 'onResponse'] as const) {
    it(`in ${hook}: 504, its name in the record, and what it says later is not heard`, async () => {
      clock = createFakeClock()
      mesh = await Mesh.start({ clock, deadlines: { ...none, streamIdleMs: 5000 }, filters: [stuck(hook)] })
      mesh.apply(
        mesh.model({ services: [{ ...serviceOf(), filters: [{ kind: 'Stuck', config: {}, origin: 'test' }] }] }),
      )
      const tunnel = await mesh.tunnel()
      get(tunnel)
      await until(() => settle.length === 1)
      await pass(7000)
      assert.equal((await tunnel.answer()).head.status, 504)
      await assertRecord(1, { status: 504, flags: 'SI', details: 'filter_timeout{Stuck}' })
      assert.equal(mesh.counters.filterErrors, 1)
      assert.ok(mesh.logs.some((line) => line.includes('a filter did not answer in time') && line.includes('Stuck')))
      const { requests } = mesh.pod
      settle.pop()?.()
      await pass(1000)
      assert.equal(mesh.pod.requests, requests)
      assert.equal(mesh.records.length, 1)
    })
  }
})
