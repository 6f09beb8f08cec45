import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { ruleOf, type BodyFilter } from '../../../test/support/filters/body-filters.ts'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { Mesh, VIP, until } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../../test/support/mesh/pod.ts'
import { seededRandom } from '../../../test/support/random.ts'
import type { BodyMode, BodyTransform, Filter } from '../../filter/index.ts'
import { createReply } from '../../filter/reply.ts'
import { CANCEL, INTERNAL_ERROR } from '../../http/h2/constants.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const { below } = seededRandom(9)
const soon = (): Promise<void> =>
  new Promise((resolve) => {
    let turns = below(6)
    const step = (): unknown => (turns-- <= 0 ? resolve() : setImmediate(step))
    step()
  })

/** Doubles a body, at once or after waiting; now and then it throws, rejects or replies instead. */
const anyTransform = (): BodyTransform => {
  const isSlow = below(3) === 0
  const failsAt = below(5) === 0 ? below(4) : -1
  let call = 0
  return (bytes) => {
    if (call++ !== failsAt) {
      const doubled = Buffer.concat([bytes, bytes])
      return isSlow ? soon().then(() => doubled) : doubled
    }
    if (below(2) === 0)
      return soon().then(() => (below(2) === 0 ? createReply(451) : Promise.reject(new Error('rejected'))))
    if (below(2) === 0) return createReply(451)
    throw new Error('thrown')
  }
}

const filterOf = (request: BodyMode, response: BodyMode): BodyFilter => {
  const filter: Filter = {
    transformRequest: () => (below(3) === 0 ? undefined : anyTransform()),
    // The head tells how often the body was doubled.
    transformResponse: (exchange) => {
      const headers = exchange.response?.headers
      if (below(3) === 0 || headers?.has('x-bytes') !== true) return undefined
      headers.set('x-bytes', String(2 * Number(headers.get('x-bytes'))))
      return anyTransform()
    },
    onResponseTrailers: () => (below(3) === 0 ? soon() : undefined),
  }
  return [{ request, response, limitBytes: 1_000_000 }, filter]
}

const anyAnswer: PodOptions['onRequest'] = (tunnel) => {
  const bytes = [0, 1, 1000, 70_000, 200_000][below(5)] ?? 0
  const run = async (): Promise<void> => {
    await soon()
    if (below(10) === 0) return tunnel.reset(INTERNAL_ERROR)
    tunnel.write(`HTTP/1.1 200 OK\r\nx-bytes: ${bytes}\r\ncontent-length: ${bytes}\r\n\r\n`)
    if (below(10) === 0) return tunnel.reset(CANCEL)
    await tunnel.download(bytes)
  }
  void run()
}

const client = async (tunnel: ClientTunnel): Promise<void> => {
  const state = { isGone: false }
  const ended = tunnel.ended.then((): undefined => {
    state.isGone = true
    return undefined
  })
  while (!state.isGone && below(8) > 0) {
    tunnel.isReading = below(3) > 0
    const bytes = [0, 3, 70_000, 200_000][below(4)] ?? 0
    tunnel.write(`POST /x HTTP/1.1\r\nhost: api\r\ncontent-length: ${bytes}\r\n\r\n`, 'POST')
    await Promise.race([tunnel.upload(bytes), ended])
    if (below(8) === 0) return tunnel.channel.reset(CANCEL)
    await soon()
    if (!tunnel.isReading) tunnel.readOn()
    const answer = await Promise.race([tunnel.answer(), ended])
    if (answer === undefined) break
    const { status, headers } = answer.head
    if (status === 200) assert.equal(answer.body.length, Number(headers.get('x-bytes')))
    else assert.ok([413, 451, 500, 502, 503].includes(status), String(status))
  }
  // Else the waypoint, which has ended its direction, would wait for ours for seconds.
  tunnel.channel.end()
}

test('whatever filters do to bodies while clients and pods come and go, none is cut unnoticed and nothing is left over', async () => {
  const { filters, rule } = ruleOf([
    filterOf('stream', 'stream'),
    filterOf('buffer', 'stream'),
    filterOf('stream', 'buffer'),
  ])
  mesh = await Mesh.start({ filters, rule, pods: [{ onRequest: anyAnswer }, { onRequest: anyAnswer }] })
  const connections = [await mesh.dial(), await mesh.dial(), await mesh.dial()]
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const connection = connections[index % connections.length]
      assert.ok(connection)
      await client(await openTunnel(connection, VIP))
    }),
  )
  for (const connection of connections) connection.retire()
  await until(() => mesh.counters.openTunnels === 0, 'every tunnel to end')
  assert.ok(mesh.records.length > 40, `${mesh.records.length} exchanges`)
  const statuses = new Set(mesh.records.map(({ status }) => status))
  for (const status of [200, 451, 500]) assert.ok(statuses.has(status), `some are answered ${status}`)
})
