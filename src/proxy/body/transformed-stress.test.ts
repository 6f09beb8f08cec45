import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { ruleOf, type BodyFilter } from '../../../test/support/filters/body-filters.ts'
import { Mesh } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../../test/support/mesh/pod.ts'
import { runStressClients } from '../../../test/support/stress/stress-clients.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { createSoon } from '../../../test/support/turns.ts'
import type { BodyMode, BodyTransform, Filter } from '../../filter/index.ts'
import { createReply } from '../../filter/reply.ts'
import { CANCEL, INTERNAL_ERROR } from '../../http/h2/constants.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const random = seededRandom(9)
const { below } = random
const soon = createSoon(random)

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

test('whatever filters do to bodies while clients and pods come and go, none is cut unnoticed and nothing is left over', async () => {
  const { filters, rule } = ruleOf([
    filterOf('stream', 'stream'),
    filterOf('buffer', 'stream'),
    filterOf('stream', 'buffer'),
  ])
  mesh = await Mesh.start({ filters, rule, pods: [{ onRequest: anyAnswer }, { onRequest: anyAnswer }] })
  await runStressClients(mesh, 40, {
    random,
    sizes: [0, 3, 70_000, 200_000],
    check: ({ head: { status, headers }, body }) => {
      if (status === 200) assert.equal(body.length, Number(headers.get('x-bytes')))
      else assert.ok([413, 451, 500, 502, 503].includes(status), String(status))
    },
  })
  assert.ok(mesh.records.length > 40, `${mesh.records.length} exchanges`)
  const statuses = new Set(mesh.records.map(({ status }) => status))
  for (const status of [200, 451, 500]) assert.ok(statuses.has(status), `some are answered ${status}`)
})
