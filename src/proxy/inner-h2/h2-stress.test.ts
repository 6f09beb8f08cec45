import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { attachH2 } from '../../../test/support/http/h2-socket.ts'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import type { InnerClient } from '../../../test/support/mesh/inner-client.ts'
import { Mesh, VIP, identityOf, podAddress, until } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../../test/support/mesh/pod.ts'
import { RelayPod } from '../../../test/support/mesh/relay-pod.ts'
import { backendOf } from '../../../test/support/models.ts'
import { seededRandom } from '../../../test/support/random.ts'
import type { SeededRandom } from '../../../test/support/random.ts'
import { arrivals, createSoon, turn } from '../../../test/support/turns.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import { createReply } from '../../filter/reply.ts'
import type { H2Connection } from '../../http/h2/connection.ts'
import { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } from '../../http/h2/constants.ts'
import { findField } from '../../http/h2/fields.ts'
import type { H2Stream, StreamHandler } from '../../http/h2/stream.ts'
import { anything } from '../../lib/schema.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'

/** Whatever somebody saw that nobody may see. */
type Complain = (what: string) => void

const filled = (id: string, bytes: number): string => `${id},`.repeat(bytes).slice(0, bytes)
const SIZES = [0, 3, 5000, 60_000, 300_000]

/** What an endpoint does with the streams of a connection. */
const createServing = (random: SeededRandom, complain: Complain) => {
  const { below, chance, pick } = random
  const soon = createSoon(random, 8)
  const answer = async (connection: H2Connection, stream: H2Stream, id: string): Promise<void> => {
    const body = Buffer.from(filled(id, pick(SIZES)))
    const mark = ['x-id', id]
    await soon()
    if (chance(0.1)) connection.headers(stream, [':status', '103', 'link', '</x>'], false)
    switch (below(14)) {
      case 0:
        return connection.reset(stream, pick([INTERNAL_ERROR, REFUSED_STREAM, CANCEL, NO_ERROR]))
      case 1: // Never.
        return
      case 2: // And never ends it.
        return connection.headers(
          stream,
          [':status', pick(['204', '304', '200']), ...mark, 'content-length', '0'],
          false,
        )
      case 3:
        connection.headers(stream, [':status', pick(['204', '200']), ...mark, 'content-length', '0'], false)
        return void connection.data(stream, body, 0, body.length)
      case 4:
        connection.headers(stream, [':status', '200', ...mark, 'content-length', '70000'], false)
        connection.data(stream, Buffer.from(filled(id, 9000)), 0, 9000)
        return connection.end(stream)
      case 5:
        connection.headers(stream, [':status', '200', ...mark], false)
        connection.data(stream, body, 0, body.length)
        await soon()
        return connection.reset(stream, pick([INTERNAL_ERROR, NO_ERROR]))
      case 6:
        return connection.headers(stream, [':status', pick(['503', '204', '304']), ...mark], true)
      case 7:
        connection.headers(stream, [':status', '200', ...mark], false)
        await soon()
        return connection.headers(stream, ['x-sum', pick([id, 'bad\0'])], true)
      default: {
        const length = chance(0.5) ? ['content-length', String(body.length)] : []
        connection.headers(stream, [':status', '200', ...mark, 'x-bytes', String(body.length), ...length], false)
        const step = pick([3000, 30_000, 500_000])
        for (let at = 0; at < body.length; at += step) {
          connection.data(stream, body, at, Math.min(body.length, at + step))
          if (chance(0.2)) await soon()
        }
        if (length.length === 0 && chance(0.5)) connection.headers(stream, ['x-sum', id], true)
        else connection.end(stream)
      }
    }
  }
  return (connection: H2Connection, socket: Socket, stream: H2Stream, fields: readonly string[]): StreamHandler => {
    const id = findField(fields, 'x-id') ?? ''
    let body = ''
    let unread = 0
    let sum: string | undefined
    const isReading = chance(0.9)
    const readOn = async (): Promise<void> => {
      await soon()
      connection.consume(stream, unread)
      unread = 0
    }
    if (chance(0.02)) connection.shutdown()
    if (chance(0.01)) socket.resetAndDestroy()
    const isEarly = chance(0.15)
    if (isEarly) void answer(connection, stream, id)
    const onEnd = (): void => {
      const isWhole = body === filled(id, Number(findField(fields, 'x-bytes')))
      if (!isWhole || sum !== findField(fields, 'x-sum')) complain(`an endpoint got ${id} with another body`)
      if (!isEarly) void answer(connection, stream, id)
    }
    // Without a body nothing will tell of the end.
    if (findField(fields, 'x-bytes') === '0' && findField(fields, 'x-sum') === undefined) setImmediate(onEnd)
    return {
      onHeaders: (trailers) => {
        sum = findField(trailers, 'x-trailer')
      },
      onData: (buffer, start, end) => {
        body += buffer.toString('latin1', start, end)
        if (isReading) return connection.consume(stream, end - start)
        unread += end - start
        void readOn()
      },
      onEnd: () => body.length + (sum ?? '').length > 0 && onEnd(),
      onReset: () => {},
      onDrain: () => {},
    }
  }
}

/** Pods with HTTP/1.1, to which nobody can speak HTTP/2, and which grant what they are asked to switch to. */
const createPod = (random: SeededRandom): Partial<PodOptions> => {
  const { chance, pick } = random
  const soon = createSoon(random, 8)
  const answer = async (tunnel: PodTunnel, id: string, method: string, upgrade: string | undefined): Promise<void> => {
    await soon()
    if (upgrade !== undefined && chance(0.8)) {
      tunnel.write(`HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: ${upgrade}\r\nx-id: ${id}\r\n\r\n`)
      tunnel.write(filled(id, pick(SIZES)))
      await soon()
      return chance(0.3) ? tunnel.finish() : chance(0.3) ? tunnel.reset(INTERNAL_ERROR) : undefined
    }
    if (chance(0.1)) return tunnel.reset(pick([INTERNAL_ERROR, REFUSED_STREAM]))
    if (chance(0.05)) return void tunnel.write('HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n')
    const body = filled(id, pick(SIZES))
    const length = chance(0.5) ? `content-length: ${body.length}\r\n` : 'transfer-encoding: chunked\r\n'
    tunnel.write(`HTTP/1.1 200 X\r\nx-id: ${id}\r\nx-bytes: ${body.length}\r\n${length}\r\n`)
    if (method === 'HEAD') return
    if (length.startsWith('c')) return void tunnel.write(body)
    tunnel.write(`${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\nx-sum: ${id}\r\n\r\n`)
  }
  return {
    onRequest: (tunnel, { head }) => void answer(tunnel, head.headers.get('x-id') ?? '', head.method, head.upgrade),
  }
}

/** What clients do. */
const createClients = (random: SeededRandom, complain: Complain) => {
  const { below, chance, pick } = random
  const soon = createSoon(random, 8)
  let requests = 0

  /** Sends one request and waits until nothing more can come of it. */
  const exchange = async (tunnel: InnerClient): Promise<void> => {
    const { h2 } = tunnel
    if (tunnel.isOver || h2.freeStreams === 0) return
    const id = `r${++requests}`
    const method = pick(['GET', 'HEAD', 'POST', 'PUT', 'POST', 'CONNECT'])
    const bytes = /^P|^C/.test(method) ? pick(SIZES) : 0
    const sum = method.startsWith('P') && chance(0.3) ? id : undefined
    const more = [
      ...(method === 'CONNECT' ? [':protocol', pick(['websocket', 'websocket', 'h2c', 'x'])] : []),
      ...['x-id', id, 'x-bytes', String(bytes)],
      ...(sum === undefined ? [] : ['x-sum', sum]),
      ...(chance(0.4) && method !== 'CONNECT' ? ['content-length', String(bytes)] : []),
    ]
    const fields = [':method', method, ':scheme', 'http', ':authority', 'api', ':path', '/', ...more]
    const over = Promise.withResolvers<void>()
    let isReading = chance(0.85)
    let unread = 0
    let got = ''
    let head: readonly string[] | undefined
    const readOn = (): void => {
      isReading = true
      h2.consume(stream, unread)
      unread = 0
    }
    const check = (isWhole: boolean): void => {
      over.resolve()
      const from = head === undefined ? undefined : findField(head, 'x-id')
      if (from === undefined || head === undefined) return
      const length = findField(head, 'x-bytes')
      // What pods say to what they do not understand, though they have agreed to switch to it.
      const body = method === 'CONNECT' ? got.replace(/HTTP\/1\.1 4.*$/s, '') : got
      if (from !== id || body !== filled(id, body.length)) return complain(`${id} got the answer to ${from}`)
      if (isWhole && length !== undefined && method !== 'HEAD' && got.length !== Number(length)) {
        complain(`${id} got ${got.length} of ${length} bytes as if they were all`)
      }
    }
    const handler: StreamHandler = {
      onHeaders: (next) => {
        if (head === undefined || head[1]?.startsWith('1') === true) head = next
        else if (findField(next, 'x-sum') !== id) complain(`${id} got trailers of another`)
      },
      onData: (buffer, start, end) => {
        got += buffer.toString('latin1', start, end)
        if (isReading) h2.consume(stream, end - start)
        else unread += end - start
      },
      onEnd: () => check(true),
      onReset: () => check(false),
      onDrain: () => {},
    }
    const stream = h2.open(fields, handler, bytes === 0 && sum === undefined && method !== 'CONNECT')
    const giveUp = (): void => {
      h2.reset(stream, pick([CANCEL, INTERNAL_ERROR, NO_ERROR]))
      check(false)
    }
    const body = Buffer.from(filled(id, bytes))
    const step = pick([2000, 20_000, 500_000])
    for (let at = 0; at < bytes; at += step) {
      h2.data(stream, body, at, Math.min(bytes, at + step))
      if (chance(0.2)) await soon()
      if (chance(0.02)) return giveUp()
    }
    if (sum !== undefined) h2.headers(stream, ['x-trailer', sum], true)
    else if (bytes > 0 || method === 'CONNECT') h2.end(stream)
    if (chance(0.1)) {
      await soon()
      return giveUp()
    }
    if (!isReading && chance(0.5)) void soon().then(readOn)
    return over.promise
  }

  return async (tunnel: InnerClient): Promise<void> => {
    const one = async (): Promise<void> => {
      await soon()
      for (let left = 4; left > 0; left--) {
        await exchange(tunnel)
        if (chance(0.01)) tunnel.reset(chance(0.5))
      }
    }
    await Promise.all(Array.from({ length: 1 + below(10) }, one))
    if (tunnel.failure !== '') complain(`a client gave up: ${tunnel.failure}`)
    if (tunnel.isOver) return
    if (chance(0.3)) tunnel.h2.shutdown()
    if (chance(0.3)) tunnel.reset(chance(0.5))
    else tunnel.end()
  }
}

/** Waits, answers and throws as it likes. */
const createMoody = (random: SeededRandom): FilterDefinition => {
  const { chance } = random
  const soon = createSoon(random, 8)
  const mood = () => {
    if (chance(0.01)) throw new Error('moody')
    if (chance(0.02)) return createReply(403, { reason: 'moody', body: 'no' })
    if (chance(0.01)) return new Promise<void>(() => {})
    return chance(0.1) ? soon() : undefined
  }
  return { kind: 'Moody', stage: 'shape', config: anything(), create: () => ({ onRequest: mood, onResponse: mood }) }
}

let mesh: Mesh
afterEach(() => mesh.close())

for (const seed of [1, 2, 3, 4]) {
  test(`HTTP/2 in and out in any mix leaves nothing behind and confuses no two requests (${seed})`, async () => {
    await using leftover = new AsyncDisposableStack()
    const complaints: string[] = []
    const complain = (what: string): void => void complaints.push(what)
    const random = seededRandom(seed)
    const { below, chance } = random
    const serving = createServing(random, complain)
    const clock = createFakeClock()
    const { service, endpoints } = backendOf('shadow')
    mesh = await Mesh.start({
      clock,
      protocol: 'http2',
      pods: [createPod(random)],
      filters: [createMoody(random)],
      deadlines: { ...defaultDeadlines, bodyIdleMs: 300, streamIdleMs: 3000, upgradeIdleMs: 1000, upgradeMaxMs: 2000 },
      ...(seed % 2 === 0 ? { bufferBytes: 400_000 } : {}),
      rule: {
        filters: [{ kind: 'Moody', config: {}, origin: 'test' }],
        timeouts: { requestMs: 1500, backendRequestMs: 700 },
        mirrors: [{ service, endpoints, numerator: 1, denominator: 4, origin: 'test' }],
        ...(seed === 1 ? {} : { retry: { codes: [503], attempts: 2, backoffMs: seed === 2 ? 0 : 20 } }),
      },
    })
    const connections = new Set<H2Connection>()
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      const connection = attachH2(
        socket,
        { onStream: (stream, fields) => serving(connection, socket, stream, fields) },
        { role: 'server' },
      )
      connections.add(connection)
      socket.on('close', () => {
        sockets.delete(socket)
        connections.delete(connection)
      })
    })
    server.listen(0, '0.0.0.0')
    await once(server, 'listening')
    leftover.defer(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const relay = leftover.use(new RelayPod(await mesh.ca.issue(identityOf('api')), podAddress(60)))
    await relay.listen(mesh.hbonePort)
    const all = [
      mesh.endpoint('127.0.0.1', { port, transport: 'plain' }),
      mesh.endpoint(relay.address, { port }),
      mesh.endpoint(mesh.pod.options.address),
    ]
    const put = (count: number): void =>
      mesh.apply(
        mesh.model({
          endpoints: [
            { key: formatEndpointKey('shop', 'api', 80), endpoints: all.slice(0, count), protocol: 'http' },
            { key: formatEndpointKey('shop', 'shadow', 80), endpoints: all.slice(0, 1), protocol: 'http2' },
          ],
        }),
      )
    put(3)
    const timers = clock.pending()
    const dialled = await mesh.dial()
    const client = createClients(random, complain)
    const run = { isOver: false }
    const time = async (): Promise<void> => {
      for (; !run.isOver; await turn()) {
        clock.advance(below(6))
        if (chance(0.01)) put(1 + below(3))
      }
    }
    const clients = Array.from({ length: 30 }, async () => client(await openInner(dialled, VIP)))
    const passing = time()
    await Promise.all(clients)
    dialled.retire()
    await until(() => mesh.counters.activeExchanges === 0, 'the exchanges to end')
    await until(() => mesh.counters.openTunnels === 0, 'the tunnels to end')
    await until(() => mesh.counters.openMirrors === 0, 'the copies to end')
    run.isOver = true
    await passing
    assert.equal(mesh.counters.heldBytes, 0, 'bytes that nobody takes')
    const pass = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1000)
        await arrivals(4)
      }
    }
    // An answer that was not wanted is read for five seconds.
    await pass(10)
    // Whatever the clock says, sockets need the time of the machine.
    await until(() => [...connections].every(({ openStreams }) => openStreams === 0), 'streams that nobody uses to end')
    // Idle connections go after half a minute, those that were closed politely five seconds later.
    await pass(50)
    const kept = mesh.pods.flatMap((pod) => pod.connections).map(({ openStreams }) => openStreams)
    assert.equal(Math.max(0, ...kept), 0, 'tunnels that nobody uses')
    assert.equal(sockets.size, 0, 'connections that nobody uses')
    assert.equal(clock.pending(), timers, 'timers')
    assert.deepEqual(complaints, [])
    assert.equal(new Set(mesh.records).size, mesh.records.length)
    for (const { status, flags, attempts, tries } of mesh.records) {
      assert.ok(status > 0 || flags === 'DC', flags)
      assert.ok(attempts <= 4 && tries.length <= attempts, `${attempts} tries`)
    }
    const errors = mesh.logs.filter((line) => line.includes('"level":"error"') && !/moody/i.test(line))
    assert.deepEqual(errors, [])
  })
}
