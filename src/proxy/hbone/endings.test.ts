import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { attachH2 } from '../../../test/support/http/h2-socket.ts'
import { Mesh, VIP, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import { arrivals } from '../../../test/support/turns.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import { clientTlsOptions } from '../../identity/tls.ts'

const ANNOUNCED = 0x7fff_ffff

test('ticks that come while connections are still being ended do not end them twice', async (t) => {
  const clock = createFakeClock(Date.now())
  const mesh = await Mesh.start({ clock })
  const credentials = await mesh.ca.issue(identityOf('client'), { ttlMs: 60_000 })
  const socket = connect({ ...clientTlsOptions(credentials), host: '127.0.0.1', port: mesh.port })
  t.after(() => {
    socket.destroy()
    return mesh.close()
  })
  await once(socket, 'secureConnect')
  const last: number[] = []
  const client = attachH2(socket, { onGoaway: (stream) => last.push(stream) }, { role: 'client' })
  await until(() => client.hasSettings)
  client.open([':method', 'CONNECT', ':authority', VIP], ignoreStream, false)
  await until(() => mesh.counters.openTunnels === 1)
  await advanceInSteps(clock, 58_000)
  // Five ticks in one turn of the loop, as when it was held up.
  clock.advance(5000)
  await until(() => last.length > 0)
  await arrivals()
  assert.deepEqual(last, [ANNOUNCED], 'tunnels that are on their way still have a second')
  await advanceInSteps(clock, 3000)
  await until(() => last.length === 2)
  assert.notEqual(last[1], ANNOUNCED)
})
