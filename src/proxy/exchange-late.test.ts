import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { FilterDefinition } from '../filter/index.ts'
import { anything } from '../lib/schema.ts'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import type { FakeClock } from '../../test/support/fake-clock.ts'
import { Mesh, until } from '../../test/support/mesh/mesh.ts'
import { arrivals } from '../../test/support/turns.ts'

let mesh: Mesh
afterEach(() => mesh.close())

/** Marks what passes it; never lets `/stuck` go on, nor the response to `/held` and `/silent-held`. */
const marker: FilterDefinition = {
  kind: 'Marker',
  stage: 'shape',
  config: anything(),
  create: () => ({
    onRequest: ({ request }) => (request.path === '/stuck' ? new Promise<void>(() => {}) : undefined),
    onResponse: ({ request, response }) => {
      response?.headers.set('x-passed', String(response.status))
      return request.path.endsWith('held') ? new Promise<void>(() => {}) : undefined
    },
  }),
}

const start = async (clock: FakeClock): Promise<void> => {
  mesh = await Mesh.start({
    clock,
    filters: [marker],
    rule: { filters: [{ kind: 'Marker', config: {}, origin: 'here' }], timeouts: { requestMs: 500 } },
    pods: [
      {
        onRequest: (tunnel, { head }) => {
          if (head.target === '/held') tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
        },
      },
    ],
  })
}
const cases: readonly (readonly [path: string, passed: string | undefined, what: string])[] = [
  ['/silent', '504', 'passes the filters, as any answer of ours: a page of another origin can read it'],
  ['/stuck', undefined, 'passes no filter when one of them is what took so long'],
  ['/held', undefined, 'takes the place of a response that a filter holds'],
]
for (const [path, passed, what] of cases) {
  test(`the answer to a request whose time is up ${what}`, async () => {
    const clock = createFakeClock()
    await start(clock)
    const tunnel = await mesh.tunnel()
    const answer = tunnel.get(path)
    await until(() => mesh.counters.activeExchanges === 1)
    if (path !== '/stuck') await until(() => mesh.pod.requests === 1)
    await arrivals()
    clock.advance(500)
    const { head } = await answer
    assert.deepEqual([head.status, head.headers.get('x-passed')], [504, passed])
    const { flags, details } = await mesh.record(1)
    assert.deepEqual([flags, details], ['UT', 'request_timeout'])
  })
}

test('the answer to a request whose time is up waits a second for a filter, and no longer', async () => {
  const clock = createFakeClock()
  await start(clock)
  const answer = (await mesh.tunnel()).get('/silent-held')
  await until(() => mesh.pod.requests === 1)
  clock.advance(500)
  await arrivals()
  clock.advance(999)
  await arrivals()
  assert.equal(mesh.records.length, 0)
  clock.advance(1)
  const { head } = await answer
  assert.deepEqual([head.status, head.headers.get('x-passed')], [504, undefined])
  const { flags, details } = await mesh.record(1)
  assert.deepEqual([flags, details], ['UT', 'request_timeout'])
})
