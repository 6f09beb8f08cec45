import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, test } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'

let mesh: Mesh
let silent: Server | undefined
afterEach(async () => {
  await mesh.close()
  silent?.close()
  silent = undefined
})

for (const [idleMs, isKept] of [
  [undefined, true],
  [5000, false],
  [20_000, true],
] as const) {
  test(`a session that was idle for ten seconds is ${isKept ? 'kept' : 'closed'} where idleMs is ${idleMs ?? 'not said'}`, async () => {
    const clock = createFakeClock()
    mesh = await Mesh.start({ clock, policy: { pool: idleMs === undefined ? {} : { idleMs } } })
    const tunnel = await mesh.tunnel()
    await tunnel.get()
    await advanceInSteps(clock, 10_000)
    assert.equal(mesh.pod.tunnels[0]?.end, isKept ? 'open' : 'end')
    assert.equal((await tunnel.get()).head.status, 200)
    assert.equal(mesh.pod.tunnels.length, isKept ? 1 : 2)
  })
}

for (const transport of ['plain', 'hbone'] as const) {
  test(`${transport} connections have connectMs to be made`, async () => {
    const clock = createFakeClock()
    silent = createServer((socket) => void socket.on('error', () => {}))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    mesh = await Mesh.start({ clock, upstreamPort: port })
    const tls = { hostname: 'a', subjectAltNames: [], ca: 'System' } as const
    const endpoint = mesh.endpoint('127.0.0.1', { transport, port })
    const model = mesh.model({ api: [endpoint], policy: { pool: { connectMs: 700 } } })
    const endpoints = model.endpoints.map((set) => (transport === 'plain' ? { ...set, tls } : set))
    mesh.apply({ ...model, endpoints })
    const answer = (await mesh.tunnel()).get()
    await until(() => mesh.counters.upstreamConnectionsTotal + mesh.counters.activeExchanges > 0)
    await advanceInSteps(clock, 600)
    assert.equal(mesh.records.length, 0)
    await advanceInSteps(clock, 600)
    assert.equal((await answer).head.status, 503)
    assert.match((await mesh.record(1)).upstreamFailure, transport === 'plain' ? /timed out/ : /700 ms/)
  })
}
