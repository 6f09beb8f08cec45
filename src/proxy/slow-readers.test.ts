import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../test/support/fake-clock.ts'
import type { ClientTunnel } from '../../test/support/mesh/client-tunnel.ts'
import { openTunnel } from '../../test/support/mesh/client-tunnel.ts'
import { Mesh, podAddress, until } from '../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../test/support/mesh/pod.ts'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { defaultDeadlines } from './limits/deadlines.ts'

const MIB = 1024 * 1024
const READERS = 24

let mesh: Mesh
afterEach(() => mesh.close())

const sendAnswer = (tunnel: PodTunnel): void => {
  tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 * MIB}\r\n\r\n`)
  void tunnel.download(2 * MIB)
}

/** Clients on one connection that have asked and do not read. */
const startReaders = async (): Promise<readonly ClientTunnel[]> => {
  const client = await mesh.dial()
  const tunnels = await Promise.all(Array.from({ length: READERS }, () => openTunnel(client, '10.96.0.12:80')))
  for (const tunnel of tunnels) {
    tunnel.isReading = false
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  }
  return tunnels
}

/** Each takes a little of what has come, until all have everything; others are served meanwhile. */
const readAll = async (tunnels: readonly ClientTunnel[]): Promise<number> => {
  let most = 0
  const answers = Promise.all(tunnels.map((tunnel) => tunnel.answer()))
  await until(() => {
    most = Math.max(most, mesh.counters.heldBytes)
    for (const tunnel of tunnels) {
      const bytes = Math.min(tunnel.unread, 16_384)
      tunnel.unread -= bytes
      if (bytes > 0) tunnel.channel.consume(bytes)
    }
    return tunnels.every((tunnel) => tunnel.received >= 2 * MIB)
  })
  for (const tunnel of tunnels) tunnel.readOn()
  for (const { body } of await answers) assert.equal(body.length, 2 * MIB)
  return most
}

describe('more readers than there is memory for', () => {
  it('get their answers all the same, through HBONE', async () => {
    mesh = await Mesh.start({ pods: [{ onRequest: sendAnswer }], bufferBytes: 3 * MIB })
    const tunnels = await startReaders()
    await until(() => mesh.counters.heldBytes > 3 * MIB)
    await readAll(tunnels)
    assert.ok(mesh.counters.bufferLimitReached > 0)
    assert.deepEqual([mesh.counters.heldBytes, mesh.counters.holdersShed], [0, 0])
  })

  it('get them from a plaintext endpoint, which is not read from meanwhile', async () => {
    mesh = await Mesh.start({ bufferBytes: 3 * MIB })
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 * MIB}\r\n\r\n`)
        socket.write(Buffer.alloc(2 * MIB))
      })
    })
    server.listen(8080, podAddress(9))
    await once(server, 'listening')
    mesh.apply(mesh.model({ api: [mesh.endpoint(podAddress(9), { transport: 'plain' })] }))
    const tunnels = await startReaders()
    await until(() => mesh.counters.heldBytes > 3 * MIB)
    await readAll(tunnels)
    assert.ok(mesh.counters.bufferLimitReached > 0)
    assert.deepEqual([mesh.counters.heldBytes, mesh.counters.holdersShed], [0, 0])
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  it('are ended where most is held when it is far too much, and nothing is left of them', async () => {
    mesh = await Mesh.start({ pods: [{ onRequest: sendAnswer }], bufferBytes: MIB / 4 })
    const tunnels = await startReaders()
    await until(() => mesh.counters.holdersShed > 0)
    const ends = await Promise.race(tunnels.map((tunnel) => tunnel.ended))
    assert.equal(ends, 'reset-error')
    // What comes after that may be above the limit again, and stay so, as long as it is not far too much.
    await until(() => mesh.counters.heldBytes <= 3 * (MIB / 4))
    const other = await mesh.tunnel()
    assert.equal((await other.get()).body.length, 2 * MIB)
    for (const tunnel of tunnels) tunnel.channel.abort()
    await until(() => mesh.counters.heldBytes === 0 && mesh.counters.activeExchanges === 0)
  })
})

it('an answer that nobody reads any more costs the connection that it came on nothing', async () => {
  const clock = createFakeClock()
  const bytes = 300_000
  mesh = await Mesh.start({
    clock,
    deadlines: { ...defaultDeadlines, bodyIdleMs: 2000 },
    pods: [
      {
        onRequest: (tunnel) => {
          tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
          void tunnel.download(bytes)
        },
      },
    ],
  })
  const stalled = await mesh.tunnel()
  stalled.isReading = false
  stalled.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => mesh.pod.tunnels[0]?.stream.queuedBytes === 0 && mesh.counters.heldBytes > 0)
  await advanceInSteps(clock, 5000)
  assert.equal(await stalled.ended, 'reset-error')
  assert.equal((await mesh.record(1)).details, 'response_body_idle_timeout')
  assert.equal(mesh.counters.heldBytes, 0)
  assert.equal((await (await mesh.tunnel()).get()).body.length, bytes)
  assert.equal(mesh.pod.tunnels.length, 1)
})
