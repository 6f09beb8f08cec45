import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { CANCEL, INTERNAL_ERROR } from '../http/h2/constants.ts'
import { openTunnel } from '../../test/support/mesh/client-tunnel.ts'
import type { ClientTunnel } from '../../test/support/mesh/client-tunnel.ts'
import { Mesh, VIP, until } from '../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../test/support/mesh/pod.ts'
import { seededRandom } from '../../test/support/random.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const { below } = seededRandom(20_250_115)
const soon = (): Promise<void> =>
  new Promise((resolve) => {
    let turns = below(6)
    const step = (): unknown => (turns-- <= 0 ? resolve() : setImmediate(step))
    step()
  })

/** One of everything that a pod may do, good and bad; good answers name their length in the body's first bytes. */
const anything: PodOptions['onRequest'] = (tunnel) => {
  const bytes = [0, 1, 1000, 70_000, 600_000][below(5)] ?? 0
  const run = async (): Promise<void> => {
    await soon()
    switch (below(10)) {
      case 0:
        return tunnel.reset(INTERNAL_ERROR)
      case 1:
        return tunnel.finish()
      case 2:
        tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort')
        await soon()
        return tunnel.reset(CANCEL)
      case 3:
        tunnel.write('nonsense\r\n\r\n')
        return
      case 4:
        return untilClose(tunnel, bytes)
      default:
        tunnel.write(`HTTP/1.1 200 OK\r\nx-bytes: ${bytes}\r\ncontent-length: ${bytes}\r\n\r\n`)
        await tunnel.download(bytes)
    }
  }
  void run()
}

const untilClose = async (tunnel: PodTunnel, bytes: number): Promise<void> => {
  tunnel.write(`HTTP/1.1 200 OK\r\nx-bytes: ${bytes}\r\n\r\n`)
  await tunnel.download(bytes)
  tunnel.finish()
}

const send = async (tunnel: ClientTunnel): Promise<void> => {
  const bytes = [0, 3, 70_000, 400_000][below(4)] ?? 0
  tunnel.write(`POST /x HTTP/1.1\r\nhost: api\r\ncontent-length: ${bytes}\r\n\r\n`, 'POST')
  const isGone = tunnel.ended.then(() => true)
  await Promise.race([tunnel.upload(bytes), isGone])
}

/** A client that sends, reads slowly, pipelines or goes away; whatever it gets whole must be whole. */
const client = async (tunnel: ClientTunnel): Promise<void> => {
  const state = { isGone: false }
  const ended = tunnel.ended.then((): undefined => {
    state.isGone = true
    return undefined
  })
  while (!state.isGone && below(8) > 0) {
    tunnel.isReading = below(3) > 0
    await send(tunnel)
    if (below(8) === 0) return tunnel.channel.reset(CANCEL)
    await soon()
    if (!tunnel.isReading) tunnel.readOn()
    const answer = await Promise.race([tunnel.answer(), ended])
    if (answer === undefined) break
    const expected = answer.head.headers.get('x-bytes')
    if (expected !== undefined) assert.equal(answer.body.length, Number(expected))
    else assert.ok([502, 503].includes(answer.head.status), String(answer.head.status))
  }
  if (!state.isGone) tunnel.channel.end()
}

test('whatever clients and pods do to each other, no answer is cut unnoticed and nothing is left over', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: anything }, { onRequest: anything }] })
  const connections = [await mesh.dial(), await mesh.dial(), await mesh.dial()]
  await Promise.all(
    Array.from({ length: 90 }, async (_, index) => {
      const connection = connections[index % connections.length]
      assert.ok(connection)
      await client(await openTunnel(connection, VIP))
    }),
  )
  for (const connection of connections) connection.retire()
  await until(() => mesh.counters.openTunnels === 0, 'every tunnel to end')
  assert.equal(mesh.counters.activeExchanges, 0)
  assert.ok(mesh.records.length > 100, `${mesh.records.length} exchanges`)
  const faults = mesh.logs.filter((line) => line.includes('"level":"error"'))
  assert.deepEqual(faults, [])
  for (const record of mesh.records) assert.ok(record.status > 0 || record.flags === 'DC', JSON.stringify(record))
})
