import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mesh, identityOf, until } from '../../../test/support/mesh/mesh.ts'

test('connections of before a rotation are replaced, and the one that was made meanwhile stays', async (t) => {
  const mesh = await Mesh.start()
  t.after(() => mesh.close())
  const { counters, store } = mesh
  const tunnel = await mesh.tunnel()
  const isServed = async (): Promise<void> => assert.equal((await tunnel.get()).head.status, 200)
  await isServed()
  assert.equal(counters.upstreamConnectionsTotal, 1)
  const next = [await mesh.ca.issue(identityOf('waypoint')), await mesh.ca.issue(identityOf('waypoint'))]
  // The second takes over before the first one has been gone through.
  for (const credentials of next) store.replace(credentials)
  assert.equal(counters.openUpstreamConnections, 1, 'nothing happens in the turn of a rotation')
  await until(() => counters.openUpstreamConnections === 0, 'the connection to be gone')
  await isServed()
  await isServed()
  assert.equal(counters.upstreamConnectionsTotal, 2)
  assert.equal(counters.openUpstreamConnections, 1)
})

test('a request in the turn of a rotation is served, whichever connection it finds', async (t) => {
  const mesh = await Mesh.start()
  t.after(() => mesh.close())
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 20; i++) {
    const credentials = await mesh.ca.issue(identityOf('waypoint'))
    const answer = tunnel.get()
    mesh.store.replace(credentials)
    assert.equal((await answer).head.status, 200)
  }
  assert.ok(mesh.counters.upstreamConnectionsTotal <= 21)
})
