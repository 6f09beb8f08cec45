/** Connections that are old enough: their clients move on, and nothing that is under way is lost. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import { Mesh, VIP, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import { defaultDeadlines, type Deadlines } from '../limits/deadlines.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const start = async (deadlines: Partial<Deadlines>) => {
  const clock = createFakeClock(Date.now())
  mesh = await Mesh.start({ clock, deadlines: { ...defaultDeadlines, ...deadlines } })
  return clock
}

test('a client is asked to move on at its age, which differs by a tenth either way', async () => {
  const clock = await start({ connectionAgeMs: 60_000 })
  const client = await mesh.dial()
  const tunnel = await openTunnel(client, VIP)
  await advanceInSteps(clock, 53_000)
  assert.equal(client.hasRoom, true)
  assert.equal((await tunnel.get()).head.headers.get('connection'), undefined)
  // The first GOAWAY at 66 s at the latest, and the final one two ticks behind it.
  await advanceInSteps(clock, 18_000)
  await until(() => !client.hasRoom, 'a GOAWAY')
  assert.equal(mesh.counters.openTunnels, 1, 'a tunnel that is there stays')
  assert.equal((await tunnel.get()).head.headers.get('connection'), 'close')
  assert.equal(await tunnel.ended, 'end')
  tunnel.channel.end()
  await until(() => mesh.counters.openConnections === 0)
  assert.equal(mesh.counters.connectionsRetired.aged, 1)
  assert.deepEqual(mesh.logs, [])
})

test('HTTP/2 inside is told as well, and what is under way ends in peace', async () => {
  const clock = await start({ connectionAgeMs: 10_000 })
  const client = await mesh.dial()
  const inner = await openInner(client, VIP)
  await until(() => inner.h2.hasSettings)
  await advanceInSteps(clock, 8000)
  assert.equal(inner.h2.isOpen, true)
  await advanceInSteps(clock, 11_000)
  await until(() => !inner.h2.isOpen, 'a GOAWAY inside')
  inner.end()
  await until(() => mesh.counters.openConnections === 0)
})

test('nothing is cut, unless a time is set for that', async () => {
  const clock = await start({ connectionAgeMs: 10_000, agedConnectionMs: 60_000 })
  const client = await mesh.dial()
  const tunnel = await openTunnel(client, VIP)
  await advanceInSteps(clock, 60_000)
  assert.equal(mesh.counters.openTunnels, 1)
  await advanceInSteps(clock, 20_000)
  assert.notEqual(await tunnel.ended, 'end')
  assert.equal(mesh.counters.deadlines.agedConnection, 1)
})

test('0 is for ever', async () => {
  const clock = await start({ connectionAgeMs: 0 })
  const client = await mesh.dial()
  await openTunnel(client, VIP)
  await advanceInSteps(clock, 120_000)
  assert.equal(client.hasRoom, true)
})

test('a certificate that runs out on one that is old already is the worse reason', async () => {
  const clock = await start({ connectionAgeMs: 10_000, expiredPeerMs: 30_000 })
  const credentials = await mesh.ca.issue(identityOf('client'), { ttlMs: 60_000 })
  const tunnel = await openTunnel(await mesh.dial({ credentials }), VIP)
  await advanceInSteps(clock, 80_000)
  assert.equal(mesh.counters.openTunnels, 1)
  await advanceInSteps(clock, 15_000)
  assert.notEqual(await tunnel.ended, 'end')
  assert.equal(mesh.counters.deadlines.expiredPeer, 1)
  assert.equal(mesh.counters.connectionsRetired.aged, 1)
})
