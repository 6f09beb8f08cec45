import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { Mesh, until } from '../../test/support/mesh/mesh.ts'
import faultInjection from './fault-injection.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const clock = createFakeClock()
const start = async (config: unknown): Promise<void> => {
  mesh = await Mesh.start({
    clock,
    filters: [faultInjection],
    rule: { filters: [{ kind: 'FaultInjection', config, origin: 'here' }] },
    pods: [{ onRequest: (tunnel) => tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello') }],
  })
}

test('a reset gives the client nothing, and the record says why', async () => {
  await start({ reset: {} })
  const tunnel = await mesh.tunnel()
  // Nobody answers it.
  void tunnel.get().catch(() => {})
  assert.equal(await tunnel.ended, 'reset-error')
  const { status, details, flags, attempts } = await mesh.record(1)
  assert.deepEqual([status, details, flags, attempts], [0, 'fault_filter_reset', 'FI', 0])
})

test('a delay holds the request and nothing else, and is in the record', async () => {
  await start({ delay: { fixed: '3s' }, when: { headers: [{ name: 'x-slow' }] } })
  const [slow, quick] = await Promise.all([mesh.tunnel(), mesh.tunnel()])
  const answer = slow.get('/', 'x-slow: 1\r\n')
  await until(() => mesh.counters.activeExchanges === 1)
  assert.equal((await quick.get()).head.status, 200)
  assert.equal(mesh.pod.requests, 1)
  clock.advance(3000)
  assert.equal((await answer).body.toString(), 'hello')
  const { flags, durationMs } = await mesh.record(2)
  assert.deepEqual([flags, durationMs], ['DI', 3000])
})
