import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { CANCEL, INTERNAL_ERROR } from '../http/h2/constants.ts'
import { Mesh } from '../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../test/support/mesh/pod.ts'
import { runStressClients } from '../../test/support/stress/stress-clients.ts'
import { seededRandom } from '../../test/support/random.ts'
import { createSoon } from '../../test/support/turns.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const random = seededRandom(20_250_115)
const { below } = random
const soon = createSoon(random)

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

test('whatever clients and pods do to each other, no answer is cut unnoticed and nothing is left over', async () => {
  mesh = await Mesh.start({ pods: [{ onRequest: anything }, { onRequest: anything }] })
  await runStressClients(mesh, 90, {
    random,
    sizes: [0, 3, 70_000, 400_000],
    check: ({ head, body }) => {
      const expected = head.headers.get('x-bytes')
      if (expected !== undefined) assert.equal(body.length, Number(expected))
      else assert.ok([502, 503].includes(head.status), String(head.status))
    },
  })
  assert.equal(mesh.counters.activeExchanges, 0)
  assert.ok(mesh.records.length > 100, `${mesh.records.length} exchanges`)
  const faults = mesh.logs.filter((line) => line.includes('"level":"error"'))
  assert.deepEqual(faults, [])
  for (const record of mesh.records) assert.ok(record.status > 0 || record.flags === 'DC', JSON.stringify(record))
})
