import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../test/support/fake-clock.ts'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import type { InnerClient } from '../../../test/support/mesh/inner-client.ts'
import { Mesh, VIP, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import { LONGEST_WAIT_MS } from './request-queue.ts'

let mesh: Mesh | undefined
afterEach(async () => {
  await mesh?.close()
  mesh = undefined
})

/** As many requests are under way as there may be. */
const fill = (full: Mesh): (() => void) => {
  full.counters.activeExchanges += 10
  return () => void (full.counters.activeExchanges -= 10)
}

const TUNNELS = 3
const get = 'GET /a HTTP/1.1\r\nhost: api\r\n\r\n'
const post = (bytes: number): string => `POST /a HTTP/1.1\r\nhost: api\r\ncontent-length: ${bytes}\r\n\r\n`

const openStream = (client: InnerClient, fields: readonly string[], body?: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const stream = client.h2.open(
      fields,
      { ...ignoreStream, onHeaders: resolve, onReset: (code) => reject(new Error(`reset with ${code}`)) },
      body === undefined,
    )
    if (body === undefined) return
    client.h2.text(stream, body)
    client.h2.end(stream)
  })

const h2Get = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api']
const valueOf = (fields: readonly string[], name: string): string | undefined => fields[fields.indexOf(name) + 1]

describe('a request beyond the limit', () => {
  it('is answered 503, with a record, and the next one on its tunnel is served', async () => {
    mesh = await Mesh.start({ overload: { maxRequests: 10 } })
    const tunnel = await mesh.tunnel()
    const release = fill(mesh)
    tunnel.write(get, 'GET')
    const refused = await tunnel.answer()
    assert.equal(refused.head.status, 503)
    assert.equal(refused.head.headers.getLower('retry-after'), '1')
    const { flags, details, status, path } = await mesh.record(1)
    assert.deepEqual([flags, details, status, path], ['OM', 'overload{requests}', 503, '/a'])
    assert.equal(mesh.counters.overloadRefused.requests, 1)
    release()
    tunnel.write(get, 'GET')
    assert.equal((await tunnel.answer()).head.status, 200)
  })

  it('is answered after its body if that is small, and the tunnel goes on', async () => {
    mesh = await Mesh.start({ overload: { maxRequests: 10 } })
    const tunnel = await mesh.tunnel()
    const release = fill(mesh)
    tunnel.write(post(5), 'POST')
    tunnel.write('hel')
    tunnel.write('lo')
    assert.equal((await tunnel.answer()).head.status, 503)
    release()
    tunnel.write(get, 'GET')
    assert.equal((await tunnel.answer()).head.status, 200)
  })

  it('is answered before its body if that is large, and the tunnel ends', async () => {
    mesh = await Mesh.start({ overload: { maxRequests: 10 } })
    const tunnel = await mesh.tunnel()
    const release = fill(mesh)
    tunnel.write(post(1_000_000), 'POST')
    const { head } = await tunnel.answer()
    assert.equal(head.status, 503)
    assert.equal(head.keepAlive, false)
    tunnel.channel.end()
    await tunnel.ended
    release()
  })

  it('has no answer if its client goes first', async () => {
    mesh = await Mesh.start({ overload: { maxRequests: 10 } })
    const tunnel = await mesh.tunnel()
    const release = fill(mesh)
    tunnel.write(`${post(5)}he`, 'POST')
    await until(() => mesh?.counters.overloadRefused.requests === 1)
    tunnel.channel.abort()
    const { status, details } = await mesh.record(1)
    assert.deepEqual([status, details], [0, 'overload{requests}'])
    release()
  })

  it('takes no room from others, however long its body takes', async () => {
    const full = (mesh = await Mesh.start({ overload: { maxRequests: 2 } }))
    const tunnels = [await mesh.tunnel(), await mesh.tunnel(), await mesh.tunnel()]
    const release = fill(mesh)
    for (const tunnel of tunnels) tunnel.write(`${post(5)}he`, 'POST')
    await until(() => full.counters.overloadRefused.requests === 3)
    release()
    const other = await mesh.tunnel()
    other.write(get, 'GET')
    assert.equal((await other.answer()).head.status, 200)
  })

  it('is answered by HTTP/2, and as gRPC wants it', async () => {
    mesh = await Mesh.start({ protocol: 'http2', overload: { maxRequests: 10 } })
    const client = await openInner(await mesh.dial(), VIP)
    await until(() => client.h2.hasSettings)
    const release = fill(mesh)
    assert.equal(valueOf(await openStream(client, h2Get), ':status'), '503')
    const fields = [...h2Get, 'content-type', 'application/grpc', 'te', 'trailers'].with(1, 'POST')
    const answer = await openStream(client, fields, 'xxxxx')
    assert.equal(valueOf(answer, ':status'), '200')
    assert.equal(valueOf(answer, 'grpc-status'), '14')
    assert.equal(mesh.records[1]?.grpcStatus, '14')
    release()
    assert.equal(valueOf(await openStream(client, h2Get), ':status'), '200')
  })
})

it('a tunnel beyond the limit is refused with 503', async () => {
  mesh = await Mesh.start({ overload: { maxTunnels: 4 } })
  const tunnels = [await mesh.tunnel(), await mesh.tunnel(), await mesh.tunnel()]
  await assert.rejects(mesh.tunnel(), /503/)
  assert.equal(mesh.counters.overloadRefused.source, 1)
  const other = await openInner(await mesh.dial({ identity: identityOf('other') }), VIP)
  assert.equal(mesh.counters.openTunnels, 4)
  other.reset(true)
  for (const { channel } of tunnels) channel.abort()
})

describe('requests that wait for their turn', () => {
  const isSomebodyWaiting = (): boolean => [...(mesh?.plane.clients.all() ?? [])].some(({ queue }) => queue.length > 0)

  /** Each look at it takes a while: as if all that is done took time. */
  const createBusyClock = (): FakeClock => {
    const clock = createFakeClock()
    let looks = 0
    return { ...clock, monotonicMs: () => clock.monotonicMs() + looks++ * 0.02 }
  }

  /** On several tunnels at once: one of them alone does not get so far in a turn. */
  const flood = async (waiting: Mesh, count: number) => {
    const opening = Array.from({ length: TUNNELS }, async () => openInner(await waiting.dial(), VIP))
    const clients = await Promise.all(opening)
    await until(() => clients.every(({ h2 }) => h2.hasSettings))
    const answers = clients.flatMap((client) =>
      Array.from({ length: count / TUNNELS }, () => openStream(client, h2Get)),
    )
    const statuses = Promise.all(answers.map(async (answer) => valueOf(await answer, ':status')))
    return { clients, statuses }
  }

  it('are all served when it is a burst', async () => {
    mesh = await Mesh.start({ protocol: 'http2', clock: createFakeClock() })
    const { statuses } = await flood(mesh, 900)
    assert.deepEqual([...new Set(await statuses)], ['200'])
    assert.equal(mesh.counters.overloadRefused.eventLoop, 0)
  })

  it('are refused when it takes too long, and those that come then are served', async () => {
    const clock = createBusyClock()
    mesh = await Mesh.start({ protocol: 'http2', clock })
    const { clients, statuses } = await flood(mesh, 900)
    await until(isSomebodyWaiting)
    clock.advance(LONGEST_WAIT_MS + 1)
    const all = await statuses
    const refused = all.filter((status) => status === '503').length
    assert.ok(refused > 0, 'some are refused')
    assert.equal(all.filter((status) => status === '200').length, 900 - refused)
    assert.equal(mesh.counters.overloadRefused.eventLoop, refused)
    assert.equal(mesh.records.filter(({ flags }) => flags === 'OM').length, refused)
    clock.advance(LONGEST_WAIT_MS)
    const [client] = clients
    assert.ok(client)
    assert.equal(valueOf(await openStream(client, h2Get), ':status'), '200')
  })

  it('are answered in order when they had to wait for a refusal, and what follows on their tunnel, too', async () => {
    const clock = createBusyClock()
    mesh = await Mesh.start({ clock })
    // Answered here, so that more of them are read in one turn than there is room for.
    mesh.apply(mesh.model({ api: [] }))
    const opening = Array.from({ length: 5 }, async () => mesh?.tunnel())
    const tunnels = (await Promise.all(opening)).filter((tunnel) => tunnel !== undefined)
    const paths = tunnels.map((_, t) => Array.from({ length: 400 }, (_none, i) => `/${t}/${i}`))
    for (const [t, tunnel] of tunnels.entries()) {
      const asked = paths[t] ?? []
      for (const _ of asked) tunnel.write('', 'GET')
      tunnel.write(asked.map((path) => `GET ${path} HTTP/1.1\r\nhost: api\r\n\r\n`).join(''))
    }
    await until(isSomebodyWaiting)
    clock.advance(LONGEST_WAIT_MS + 1)
    for (const tunnel of tunnels) for (let i = 0; i < 400; i++) await tunnel.answer()
    const told = mesh.records.map(({ path }) => path)
    for (const [t, asked] of paths.entries()) {
      assert.deepEqual(
        told.filter((path) => path.startsWith(`/${t}/`)),
        asked,
      )
    }
    const refused = mesh.records.filter(({ flags }) => flags === 'OM').length
    assert.ok(refused > 0 && refused < mesh.records.length, `${refused}`)
    assert.deepEqual([mesh.counters.overloadRefused.eventLoop, mesh.counters.heldBytes], [refused, 0])
  })

  it('are forgotten with their client', async () => {
    mesh = await Mesh.start({ protocol: 'http2', clock: createFakeClock() })
    const { clients, statuses } = await flood(mesh, 900)
    statuses.catch(() => {})
    await until(isSomebodyWaiting)
    for (const client of clients) client.reset(false)
    await until(() => mesh?.counters.openTunnels === 0 && mesh.counters.activeExchanges === 0)
  })

  it('have their bodies kept', async () => {
    mesh = await Mesh.start({ protocol: 'http2', clock: createFakeClock() })
    const { clients, statuses } = await flood(mesh, 600)
    const [client] = clients
    assert.ok(client)
    const fields = [...h2Get, 'content-length', '5'].with(1, 'POST')
    assert.equal(valueOf(await openStream(client, fields, 'hello'), ':status'), '200')
    await statuses
    const record = mesh.records.find(({ method }) => method === 'POST')
    assert.ok((record?.requestBytes ?? 0) > 5)
  })
})
