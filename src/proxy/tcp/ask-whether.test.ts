import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { until, type MeshOptions } from '../../../test/support/mesh/mesh.ts'
import { TcpMesh, chatty } from '../../../test/support/mesh/tcp-mesh.ts'
import { readBytes } from '../../../test/support/mesh/tunnel-stream.ts'
import { realHello } from '../../../test/support/tls/hello-bytes.ts'
import { later } from '../../../test/support/turns.ts'
import type { Filter, FilterDefinition, Tunnel } from '../../filter/index.ts'
import { createReply } from '../../filter/reply.ts'
import { anything } from '../../lib/schema.ts'

let tcp: TcpMesh
afterEach(() => tcp.close())

/** TCP through a Service with these filters, in this order. */
const start = async (filters: readonly Filter[], options: MeshOptions = {}) => {
  const definitions = filters.map((filter, index): FilterDefinition => ({
    kind: `F${index}`,
    stage: 'admit',
    config: anything(),
    create: () => filter,
  }))
  tcp = await TcpMesh.start('plain', { ...options, filters: definitions })
  const { port, sockets } = await tcp.serve(chatty('one'))
  const specs = definitions.map(({ kind }) => ({ kind, config: {}, origin: kind }))
  tcp.put({ services: { api: [port] }, filters: specs })
  return { sockets, specs, port }
}

const refuse = (reason: string) => createReply(403, { reason, body: 'not for you' })

describe('filters that are asked about a connection', () => {
  it('see who calls what, and let it be carried, at once or after waiting', async () => {
    const seen: Tunnel[] = []
    await start([{ onTunnel: (tunnel) => void seen.push(tunnel) }, { onTunnel: () => later(undefined) }, {}])
    assert.equal(await readBytes(await tcp.open(), 8), '220 one\n')
    const [tunnel] = seen
    assert.deepEqual(
      [tunnel?.source.serviceAccount, tunnel?.destination.name, tunnel?.sni, seen.length],
      ['client', 'api', undefined, 1],
    )
  })

  it('see the server that TLS asks for, on a port of which nobody knows what it speaks', async () => {
    const seen: (string | undefined)[] = []
    const { port, specs } = await start([{ onTunnel: ({ sni }) => void seen.push(sni) }])
    tcp.put({ protocol: 'unknown', services: { api: [port] }, filters: specs })
    const stream = await tcp.open()
    stream.write(await realHello({ servername: 'db.shop' }))
    await until(() => seen.length === 1)
    assert.deepEqual(seen, ['db.shop'])
    stream.channel.abort()
  })

  for (const [when, refusal] of [
    ['at once', () => refuse('not_ours')],
    ['after waiting', () => later(refuse('not_ours'))],
  ] as const) {
    it(`refuse it ${when}, and nobody is dialled; the record says why`, async () => {
      let isLaterAsked = false
      const { sockets } = await start([{ onTunnel: refusal }, { onTunnel: () => void (isLaterAsked = true) }])
      const stream = await tcp.open()
      await until(() => stream.ending !== 'open')
      const { details, termination, attempts } = await tcp.mesh.record(1)
      assert.deepEqual([stream.ending, details, termination, attempts], ['reset-error', 'not_ours', 'not for you', 0])
      assert.deepEqual([sockets.length, isLaterAsked], [0, false])
      assert.match(tcp.mesh.logs.join(''), /refused: not_ours: not for you/)
    })
  }

  for (const [how, hook] of [
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ] as const) {
    it(`refuse it when one of them ${how}`, async () => {
      await start([{ onTunnel: hook }])
      const stream = await tcp.open()
      await until(() => stream.ending !== 'open')
      assert.deepEqual([(await tcp.mesh.record(1)).details, tcp.mesh.counters.errorsCaught], ['filter_failed', 1])
    })
  }

  it('refuse it when one of them says nothing in time', async () => {
    const clock = createFakeClock()
    await start([{ onTunnel: () => new Promise(() => {}) }], { clock })
    const stream = await tcp.open()
    await until(() => tcp.mesh.counters.openTcpConnections === 1)
    clock.advance(9999)
    assert.equal(stream.ending, 'open')
    clock.advance(1)
    await until(() => stream.ending !== 'open')
    assert.equal((await tcp.mesh.record(1)).details, 'filter_timeout{F0}')
  })

  it('are not closed while they are asked, nor heard when the client is gone', async () => {
    let settle = (): void => {}
    let isClosed = false
    const waiting: Filter = {
      onTunnel: () => new Promise((resolve) => (settle = () => resolve(refuse('late')))),
      close: () => void (isClosed = true),
    }
    const { port } = await start([waiting])
    const stream = await tcp.open()
    await until(() => tcp.mesh.counters.openTcpConnections === 1)
    tcp.put({ services: { api: [port] } })
    await later(0)
    assert.equal(isClosed, false)
    stream.channel.abort()
    assert.equal((await tcp.mesh.record(1)).flags, 'DC')
    assert.equal(isClosed, true)
    settle()
    await later(0)
    assert.equal(tcp.mesh.records.length, 1)
  })
})
